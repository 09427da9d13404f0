"""Taking a component away from a node that is up, and giving it back."""

import os
import signal
from pathlib import Path

from domain.errors import SetupError
from domain.message import explain
from lab.node.layout import Layout

COMPONENTS = (
    *("etcd", "containerd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"),
    *("kubelet", "kube-proxy"),
)


def take_away(layout: Layout, component: str) -> None:
    """End a component at once, without asking; nobody starts it again but `give_back`.

    Raises:
        SetupError: no node is up, or this component of it does not run.
    """
    for child in _children(layout):
        if component in _command(child):
            os.kill(child, signal.SIGKILL)
            return
    raise SetupError(_missing(layout, f"no {component}"))


def give_back(layout: Layout) -> None:
    """Let the node start all components that have ended; does not wait until they serve.

    Raises:
        SetupError: no node is up.
    """
    os.kill(_first(layout), signal.SIGHUP)


def _first(layout: Layout) -> int:
    try:
        return int(layout.pid.read_text())
    except FileNotFoundError as error:
        raise SetupError(_missing(layout, "none")) from error


def _children(layout: Layout) -> list[int]:
    first = _first(layout)
    return [int(each) for each in Path(f"/proc/{first}/task/{first}/children").read_text().split()]


def _command(process: int) -> tuple[str, ...]:
    """Name of the program, and its first argument."""
    words = Path(f"/proc/{process}/cmdline").read_bytes().decode().split("\0")
    return tuple(Path(word).name for word in words[:2])


def _missing(layout: Layout, found: str) -> str:
    return explain(
        "The Kubernetes node is not as it must be for this.",
        expected="a node that is up, with all its components",
        found=found,
        where=str(layout.home),
        fix="run 'make node-up', or 'python -m lab.node back' if a component was taken away",
    )
