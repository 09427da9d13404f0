"""Taking a component away from a node that is up, and giving it back."""

import os
import signal
from pathlib import Path

from acceptance.errors import SetupError
from acceptance.message import explain
from acceptance.waiting import eventually
from dev.node.layout import Layout

COMPONENTS = (
    *("etcd", "containerd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"),
    *("kubelet", "kube-proxy", "network-policies"),
)
_START_TIMEOUT = 60.0
"""Seconds; on two idle cores it takes two."""


def take_away(layout: Layout, component: str) -> None:
    """End a component without asking, and return once it is gone, until it is given back.

    Raises:
        SetupError: no node is up, or this component of it does not run.
    """
    found = next((each for each in _children(layout) if component in command(each)), None)
    if found is None:
        raise SetupError(_missing(layout, f"no {component}"))
    os.kill(found, signal.SIGKILL)
    eventually(lambda: _check_gone(found), what=f"{component} to end")


def _check_gone(process: int) -> None:
    assert not Path(f"/proc/{process}").exists(), "it is there"


def give_back(layout: Layout) -> None:
    """Start all components that have ended, and return once they run.

    Raises:
        SetupError: no node is up, or one of them does not start.
    """
    os.kill(_first(layout), signal.SIGHUP)
    try:
        eventually(lambda: _check_all_run(layout), what="all components", timeout=_START_TIMEOUT)
    except AssertionError as error:
        raise SetupError(_missing(layout, str(error))) from error


def _check_all_run(layout: Layout) -> None:
    running = {word for child in _children(layout) for word in command(child)}
    missing = [component for component in COMPONENTS if component not in running]
    assert not missing, f"no {', '.join(missing)}"


def _first(layout: Layout) -> int:
    try:
        return int(layout.pid.read_text())
    except (FileNotFoundError, ValueError) as error:
        raise SetupError(_missing(layout, "none")) from error


def _children(layout: Layout) -> list[int]:
    first = _first(layout)
    try:
        listed = Path(f"/proc/{first}/task/{first}/children").read_text()
    except FileNotFoundError as error:
        raise SetupError(_missing(layout, "one that has ended")) from error
    return [int(child) for child in listed.split()]


def command(process: int) -> tuple[str, ...]:
    """Name of the program, and its first argument; nothing if it has just ended."""
    try:
        words = Path(f"/proc/{process}/cmdline").read_text().split("\0")
    except (FileNotFoundError, ProcessLookupError):
        return ()
    return tuple(Path(word).name for word in words[:2])


def _missing(layout: Layout, found: str) -> str:
    return explain(
        "The Kubernetes node is not as it must be for this.",
        expected="a node that is up, with all its components",
        found=found,
        where=str(layout.home),
        fix="run 'make node-up', or 'python -m dev.node back' if a component was taken away",
    )
