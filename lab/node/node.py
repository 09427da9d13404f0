"""The node's life: up, and down again without a trace."""

import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from domain.errors import SetupError
from domain.message import explain
from domain.waiting import Say, eventually
from lab.environments import ensure_all
from lab.node import machine
from lab.node.certificates import write_keys
from lab.node.components import write_configuration
from lab.node.images import Sources, images
from lab.node.layout import Layout
from lab.node.objects import Objects
from lab.node.programs import COMPANIONS, ensure, kubernetes
from lab.node.store import ensure_imported
from lab.providers.authority import keep_authority

_REPOSITORY = Path(__file__).parents[2]
_CGROUPS = Path("/sys/fs/cgroup")
_PODS = "kubepods"
"""The control group below which a kubelet keeps those of its pods."""
_END_TIMEOUT = 30.0
"""Seconds; the kernel needs a fraction of one."""
_LOG_LINES = 15


def up(layout: Layout, say: Say) -> None:
    """Leave a node up that is ready for pods; one that is up already lacks nothing afterwards.

    Raises:
        SetupError: this machine cannot be a node, or something of it does not start.
    """
    machine.check()
    layout.home.mkdir(parents=True, exist_ok=True)
    environments = ensure_all(cache=layout.cache, say=say)
    program = ensure(kubernetes(), cache=layout.cache, say=say)
    companions = ensure(COMPANIONS, cache=layout.cache, say=say)
    keep_authority(layout.authority)
    sources = Sources(environments=environments, companions=companions, authority=layout.authority)
    with layout.lock.open("ab") as lock:
        if _take(lock.fileno()):
            _clean(layout)
            _start(layout, lock.fileno(), program=program, companions=companions)
        else:
            say("a node is up already: what it lacks is added")
    try:
        objects = Objects(layout.kubeconfig, alive=lambda: _check_alive(layout), say=say)
        objects.wait_for_api()
        ensure_imported(images(sources), layout=layout, say=say)
        objects.create()
        objects.wait_until_ready()
    except AssertionError as error:
        raise SetupError(_not_started(layout, error)) from error


def _start(layout: Layout, lock: int, *, program: Path, companions: Path) -> None:
    """Start the node's first process, in namespaces of its own; it keeps the lock."""
    layout.logs.mkdir(parents=True)
    write_configuration(layout)
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        (layout.logs / "node.log").open("ab") as log,
    ):
        write_keys(
            layout.keys,
            kubeconfig=layout.kubeconfig,
            outside_port=listener.getsockname()[1],
        )
        subprocess.run(
            [
                *("setsid", "--fork"),
                *("unshare", "--net", "--mount", "--pid", "--fork", "--kill-child"),
                *(sys.executable, "-m", "lab.node.inside", layout.cache),
                *("--kubernetes", program, "--companions", companions),
                *("--listener", str(listener.fileno())),
            ],
            cwd=_REPOSITORY,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(lock, listener.fileno()),
            check=True,
        )


def down(layout: Layout, say: Say) -> None:
    """Leave nothing of the node but what the next one can use.

    Raises:
        SetupError: it does not end.
    """
    layout.home.mkdir(parents=True, exist_ok=True)
    with layout.lock.open("ab") as lock:

        def ended() -> None:
            assert _take(lock.fileno()), "still there"

        if not _take(lock.fileno()):
            with suppress(ProcessLookupError):
                os.kill(int(layout.pid.read_text()), signal.SIGKILL)
            eventually(ended, what="the node to end", timeout=_END_TIMEOUT, say=say)
        _clean(layout)


def _take(lock: int) -> bool:
    """Whether nobody else holds the lock; then it is this process's."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _check_alive(layout: Layout) -> None:
    """Return if a node holds the lock.

    Raises:
        SetupError: it has ended.
    """
    with layout.lock.open("ab") as lock:
        if _take(lock.fileno()):
            raise SetupError(_not_started(layout, "it has ended"))


def _clean(layout: Layout) -> None:
    """Remove what a node leaves: files, and the control groups of its pods."""
    shutil.rmtree(layout.run, ignore_errors=True)
    for root in (*_CGROUPS.glob(f"*/{_PODS}"), _CGROUPS / _PODS):
        for folder, _folders, _files in os.walk(root, topdown=False):
            with suppress(OSError):  # somebody else's pods run in it
                Path(folder).rmdir()


def _not_started(layout: Layout, found: object) -> str:
    message = explain(
        "The Kubernetes node is not ready.",
        expected="a node that is ready for pods",
        found=str(found),
        where=str(layout.logs),
        fix="read the logs; then 'make node-down', and once more 'make node-up'",
    )
    log = layout.logs / "node.log"
    lines = log.read_text(errors="replace").splitlines()[-_LOG_LINES:] if log.exists() else []
    return "\n".join([message, *lines])
