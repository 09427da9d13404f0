"""The node's first process, seen from outside: starting it, ending it, and what it leaves.

It keeps a lock for as long as it lives. `unshare`, which waits for it, keeps the lock too, and the
kernel lets a first process be gone only after all others of its namespace: where nobody keeps the
lock, nothing of the node runs.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from acceptance import files
from acceptance.errors import SetupError
from acceptance.message import explain
from acceptance.waiting import Progress, eventually
from dev.node import cgroups
from dev.node.certificates import write_keys
from dev.node.configuration import write_configuration
from dev.node.layout import Layout
from dev.node.programs import Programs

_REPOSITORY = Path(__file__).parents[2]


def start(layout: Layout, programs: Programs) -> bool:
    """Start it, in place of what an earlier one left; False if one lives already."""
    layout.home.mkdir(parents=True, exist_ok=True)
    with layout.lock.open("ab") as lock:
        if not files.lock(lock.fileno()):
            return False
        _clean(layout)
        layout.logs.mkdir(parents=True)
        write_configuration(layout)
        _spawn(layout, programs, lock.fileno())
        return True


def lives(layout: Layout) -> bool:
    """Whether there is one."""
    if not layout.lock.exists():
        return False
    with layout.lock.open("ab") as lock:
        return not files.lock(lock.fileno())


def end(layout: Layout, say: Progress) -> None:
    """End it if it lives, and remove what it left but for its images.

    Raises:
        SetupError: it does not end.
    """
    layout.home.mkdir(parents=True, exist_ok=True)
    with layout.lock.open("ab") as lock:

        def check_gone() -> None:
            assert files.lock(lock.fileno()), "it still keeps its lock"

        if not files.lock(lock.fileno()):
            try:
                first = eventually(lambda: _number(layout), what="the node's number", say=say)
                with suppress(ProcessLookupError):
                    os.kill(first, signal.SIGKILL)
                eventually(check_gone, what="the node to end", say=say)
            except AssertionError as error:
                raise SetupError(_not_ended(layout)) from error
        _clean(layout)


def _spawn(layout: Layout, programs: Programs, lock: int) -> None:
    """Let it begin, in namespaces of its own, with the lock and a socket of this machine."""
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        layout.log.open("ab") as log,
    ):
        port = listener.getsockname()[1]
        write_keys(layout.keys, kubeconfig=layout.kubeconfig, outside_port=port)
        subprocess.run(
            [
                *("setsid", "--fork"),
                *("unshare", "--net", "--mount", "--pid", "--fork", "--kill-child"),
                *(sys.executable, "-m", "dev.node.inside", layout.home),
                *("--kubernetes", programs.kubernetes, "--companions", programs.companions),
                *("--listener", str(listener.fileno())),
            ],
            cwd=_REPOSITORY,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(lock, listener.fileno()),
            check=True,
        )


def _number(layout: Layout) -> int:
    number = layout.pid.read_text() if layout.pid.exists() else ""
    assert number, "it has just been started, and did not write it down yet"
    return int(number)


def _clean(layout: Layout) -> None:
    if layout.run.exists():
        shutil.rmtree(layout.run)
    cgroups.remove(layout.cgroup)


def _not_ended(layout: Layout) -> str:
    return explain(
        "The Kubernetes node does not end.",
        expected="nobody who keeps its lock, once its first process was killed",
        found="somebody does, who may just be bringing it up",
        where=str(layout.lock),
        fix="wait until that run has ended, or end it; then try again",
    )
