"""Runs of pytest, forked from a process that has imported the suite: `python -m pytest`, sooner.

Imports are four fifths of a small run's time, and these tests begin some four hundred of them.
Each run is a process of its own, with the folder, variables, streams, signals and exit code that it
would have anyway. What differs is that pytest's plugins are imported already: whoever tests how
they are found starts a Python of his own.

`python -m tests.prepared DESCRIPTOR` is the process that has imported them. It runs one at a time.
"""

import gc
import os
import runpy
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from dataclasses import dataclass
from functools import cache
from io import StringIO, TextIOWrapper
from multiprocessing.connection import Connection, Pipe
from multiprocessing.reduction import recv_handle, send_handle
from pathlib import Path
from signal import SIGKILL

import pytest

from tests.sources import REPOSITORY

ENVIRONMENT = {
    "PYTHONPATH": str(REPOSITORY),
    "PYTHONDONTWRITEBYTECODE": "1",
    **{name: os.environ[name] for name in ("HOME", "XDG_CACHE_HOME") if name in os.environ},
}
"""Nothing that is set by chance, and the same cache as this run's; imports have read it."""
_LONGEST_SECONDS = 60.0


@dataclass(kw_only=True, slots=True)
class Running:
    """A run that was begun; it leads a session of its own."""

    pid: int
    parent: Connection
    """To the process that it was forked from, which tells how it ends."""
    code: int | None = None
    """The exit code, or the negative number of a signal, once it was waited for."""

    def wait(self, timeout: float = _LONGEST_SECONDS) -> int:
        """How it ended.

        Raises:
            TimeoutError: it still runs.
        """
        if self.code is None:
            if not self.parent.poll(timeout):
                raise TimeoutError(f"the run goes on after {timeout:.0f} s")
            self.code = int(self.parent.recv())
        return self.code


@contextmanager
def begun(folder: Path, *arguments: str, out: int, err: int, **variables: str) -> Iterator[Running]:
    """Pytest in the folder; killed where nobody has waited for its end.

    Args:
        folder: where.
        arguments: pytest's.
        out: descriptor of its output.
        err: descriptor of its errors.
        variables: its environment, beside `ENVIRONMENT`.
    """
    assert variables.keys().isdisjoint(ENVIRONMENT), "imports have read these"
    _, parent = _prepared()
    parent.send((str(folder), arguments, {**ENVIRONMENT, **variables}))
    with Path(os.devnull).open("rb") as nothing:
        for descriptor in (nothing.fileno(), out, err):
            send_handle(parent, descriptor, 0)
    run = Running(pid=int(parent.recv()), parent=parent)
    try:
        yield run
    finally:
        if run.code is None:
            with suppress(ProcessLookupError):
                os.killpg(run.pid, SIGKILL)
            run.wait()


def run_pytest(folder: Path, *arguments: str, **variables: str) -> tuple[int, str]:
    """Exit code, and what it printed, of pytest in the folder."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        with begun(folder, *arguments, out=out.fileno(), err=err.fileno(), **variables) as run:
            code = run.wait()
        printed = b""
        for stream in (out, err):
            stream.seek(0)
            printed += stream.read()
    return code, printed.decode()


@cache
def _prepared() -> tuple[subprocess.Popen[bytes], Connection]:
    """The process that has imported, and the line to it: whose end is that process's end."""
    ours, theirs = Pipe()
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.prepared", str(theirs.fileno())],
            cwd=REPOSITORY,
            env=ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            pass_fds=(theirs.fileno(),),
            start_new_session=True,  # a Ctrl-C is for whoever waits for the runs
        )
    return process, ours


def _import_the_suite() -> None:
    """By pytest itself, which rewrites the assertions of its plugins; it reads no feature yet."""
    with redirect_stdout(StringIO()):
        code = pytest.main(["--version", "--version"])
    assert code == pytest.ExitCode.OK
    assert "acceptance.plugin.verdicts" in sys.modules
    gc.freeze()  # what was imported is shared by all runs


def _become(folder: str, arguments: tuple[str, ...], variables: dict[str, str]) -> None:
    """What `python -m pytest` finds when it begins."""
    os.setsid()
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(variables)
    sys.argv[:] = [pytest.__file__, *arguments]
    sys.path[0] = folder
    sys.path.insert(1, str(REPOSITORY))
    if "PYTHONUNBUFFERED" in variables and isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)


def main() -> int:
    """Import, and fork for each request; only a child returns."""
    line = Connection(int(sys.argv[1]))
    _import_the_suite()
    with suppress(EOFError, BrokenPipeError):
        while True:
            request = line.recv()
            streams = [recv_handle(line) for _ in range(3)]
            pid = os.fork()
            for descriptor, stream in enumerate(streams):
                if not pid:
                    os.dup2(stream, descriptor)
                os.close(stream)
            if not pid:
                line.close()
                _become(*request)
                runpy.run_module("pytest", run_name="__main__", alter_sys=True)
            line.send(pid)
            line.send(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
