"""Starting programs from prepared processes, in a fraction of the time of a cold start.

See docs/decisions/prepared-processes.md for what makes it faithful.
"""

import json
import os
import re
import select
import signal
import socket
import subprocess
import threading
from collections import defaultdict
from contextlib import suppress
from pathlib import Path

from acceptance.lab.embedded.launch import LIFELINE, ColdStarter, Launch, Running
from acceptance.waiting import Progress, quiet
from dev.prepared.first_import import FirstImport, first_import

_PARENT = Path(__file__).parent / "pod" / "lab_parent.py"
_LENGTH = 8
_EVERYTHING = "*"
_READ_BELOW_PYTHON = re.compile(
    r"^(PYTHON|LD_|DYLD_|MALLOC_|SSL_|OPENSSL_|LANG|LC_|TZ|OMP_|OPENBLAS_|MKL_|FASTMCP_)|_proxy$",
    re.IGNORECASE,
)
"""Variables that the interpreter and C libraries read, or that are looked for by their prefix."""
_MOST = 3
"""Prepared processes of one program at a time; each holds 300 to 400 MB."""


class PreparedStarter:
    """Forks each program from a process that has imported already what the program imports."""

    def __init__(self, *, cache: Path, say: Progress = quiet) -> None:
        """Prepare nothing yet.

        Args:
            cache: the folder for what is built once.
            say: shows progress.
        """
        self._cache = cache
        self._say = say
        self._cold = ColdStarter()
        self._parents: dict[str, list[_Parent]] = defaultdict(list)
        self._retired: list[_Parent] = []
        self._locks: dict[str, threading.Lock] = defaultdict(threading.Lock)

    def start(self, launch: Launch) -> Running:
        """See `Starter`; from a new prepared process where none suits the pod's environment."""
        own = launch.python.parent / launch.program.command[0]
        if Path(launch.command[0]) != own:
            return self._cold.start(launch)
        first = first_import(launch.program, launch.python, cache=self._cache, say=self._say)
        first.lay(launch.environment)
        with self._locks[launch.program.name]:
            parent = self._parent_for(launch, first)
            return parent.fork(launch) if parent else self._cold.start(launch)

    def _parent_for(self, launch: Launch, first: FirstImport) -> "_Parent | None":
        parents = self._parents[launch.program.name]
        known = next((parent for parent in parents if parent.suits(launch)), None)
        if known:
            return known
        self._say(f"preparing {launch.program.name}: once for this environment")
        parent = _Parent(launch, first.modules)
        if parent.read is None:
            parent.end()
            self._say(f"{launch.program.name} cannot be prepared in this environment: cold start")
            return None
        parents.append(parent)
        while len(parents) > _MOST:
            self._retired.append(parents.pop(0))
            self._retired[-1].retire()
        return parent

    def close(self) -> None:
        """End the prepared processes; programs that were forked from them run on."""
        for parent in [*self._retired, *(each for some in self._parents.values() for each in some)]:
            parent.end()
        self._retired.clear()
        self._parents.clear()


class _Parent:
    """The lab's side of `pod/lab_parent.py`."""

    def __init__(self, launch: Launch, modules: tuple[str, ...]) -> None:
        self._launch = launch
        self._socket, theirs = socket.socketpair()
        with theirs, launch.log.open("ab") as log:
            self._process = subprocess.Popen(
                [str(launch.python), str(_PARENT), str(theirs.fileno())],
                env=dict(launch.environment),
                cwd=launch.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )
        self.read: frozenset[str] | None = self._prepare(modules)
        """Names of the variables that were read while importing; None: it ended."""

    def _prepare(self, modules: tuple[str, ...]) -> frozenset[str] | None:
        with suppress(BrokenPipeError):
            self._send(json.dumps(modules).encode())
        with self._socket.makefile("rb") as answer:
            length = answer.read(_LENGTH)
            return frozenset(json.loads(answer.read(int(length)))) if length else None

    def suits(self, launch: Launch) -> bool:
        """Whether all that it read while importing is the same for this pod."""
        mine, other = self._launch.environment, launch.environment
        different = {name for name in {*mine, *other} if mine.get(name) != other.get(name)}
        read = self.read or frozenset()
        return self._launch.python == launch.python and not (
            different & read
            or (different and _EVERYTHING in read)
            or any(_READ_BELOW_PYTHON.search(name) for name in different)
        )

    def fork(self, launch: Launch) -> Running:
        """Let a child become the pod's program."""
        stdin, lifeline = os.pipe()
        report, reported = os.pipe()
        with launch.log.open("ab") as log:
            request = {
                "command": launch.command,
                "environment": {**launch.environment, **LIFELINE},
                "folder": str(launch.folder),
            }
            self._send(json.dumps(request).encode(), stdin, log.fileno(), reported)
        os.close(stdin)
        os.close(reported)
        return _Forked(lifeline, report)

    def _send(self, body: bytes, *descriptors: int) -> None:
        socket.send_fds(self._socket, [f"{len(body):{_LENGTH}}".encode()], descriptors)
        self._socket.sendall(body)

    def retire(self) -> None:
        """Take no more requests; the children that run are watched on."""
        self._socket.close()

    def end(self) -> None:
        """End it at once."""
        self._socket.close()
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()


class _Forked:
    """A child of a prepared process, which reports its process id and, at last, its status."""

    def __init__(self, lifeline: int, report: int) -> None:
        self._lifeline: int | None = lifeline
        self._report = os.fdopen(report, "rb", buffering=0)
        self.pid = int(self._report.readline())
        self._status: int | None = None

    def status(self) -> int | None:
        self.wait(0)
        return self._status

    def wait(self, timeout: float | None) -> bool:
        if self._status is None and select.select([self._report], [], [], timeout)[0]:
            told = self._report.readline()
            self._status = int(told) if told else -signal.SIGKILL  # nobody is left to tell
            self._report.close()
        return self._status is not None

    def let_go(self) -> None:
        if self._lifeline is not None:
            os.close(self._lifeline)
            self._lifeline = None
