"""`python -m lab.node.inside CACHE ...`: the first process of the node.

`lab.node.node` starts it in new network, mount and process namespaces. When it ends, however it
ends, the kernel ends every other process of the node, and takes its mounts and interfaces away:
nothing of a node can be left behind but files.
"""

import argparse
import asyncio
import os
import shutil
import socket
import subprocess
import threading
from pathlib import Path

from domain.waiting import eventually
from lab.node.addresses import API_PORT, NODE
from lab.node.components import Component, components
from lab.node.layout import Layout
from lab.providers.relay import relay

_PRIVATE = ("/run", "/tmp", "/var/lib", "/var/log")  # noqa: S108  # to be hidden, not used
"""Where the components write at fixed paths; what the machine has there is not theirs to see."""
_TUNED = (
    *("kernel/panic", "kernel/panic_on_oops", "kernel/keys/root_maxkeys"),
    *("kernel/keys/root_maxbytes", "vm/overcommit_memory", "vm/panic_on_oom"),
)
"""Settings of the machine that a kubelet sets (1.34: pkg/kubelet/cm, setupKernelTunables)."""
_START_TIMEOUT = 60.0
"""Seconds until a component listens; on two busy cores the API server takes ten."""


def main() -> None:
    """Make the node and stay until killed."""
    parser = argparse.ArgumentParser(prog="python -m lab.node.inside", description=__doc__)
    parser.add_argument("cache", type=Path)
    for program in ("kubernetes", "companions"):
        parser.add_argument(f"--{program}", type=Path, required=True)
    parser.add_argument("--listener", type=int, required=True, help="descriptor of a socket")
    options = parser.parse_args()
    layout = Layout(cache=options.cache)
    # /proc is still the machine's, and so is this number: it is what `down` will end.
    layout.pid.write_text(Path("/proc/self").readlink().name)
    _mount(layout)
    _make_network()
    _start_relay(options.listener)
    for component in components(
        layout, kubernetes=options.kubernetes, companions=options.companions
    ):
        _start(component, layout)
    _reap()


def _mount(layout: Layout) -> None:
    """Give the components places of their own where they would write into the machine's."""
    # The cache may lie below one of these places; a descriptor still leads to it when it is hidden.
    cache = os.open(layout.cache, os.O_PATH)
    for place in _PRIVATE:
        private = layout.private / place.strip("/").replace("/", "-")
        private.mkdir(parents=True)
        _run("mount", "--bind", str(private), place)
    layout.cache.mkdir(parents=True, exist_ok=True)
    _run(
        *("mount", "--no-canonicalize", "--bind", f"/proc/self/fd/{cache}", str(layout.cache)),
        pass_fds=(cache,),
    )
    os.close(cache)
    _run("mount", "-t", "proc", "proc", "/proc")
    for setting in _TUNED:
        real = Path("/proc/sys", setting)
        copy = layout.private / "sys" / setting
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(real, copy)
        _run("mount", "--bind", str(copy), str(real))
    _run("mount", "--make-rshared", "/")  # pods see what is mounted for them later


def _make_network() -> None:
    """An interface that leads nowhere, with the node's address and the default route over it."""
    _run("ip", "link", "set", "lo", "up")
    _run("ip", "link", "add", "node", "type", "bridge")  # not every kernel has the type "dummy"
    _run("ip", "address", "add", f"{NODE}/24", "dev", "node")
    _run("ip", "link", "set", "node", "up")
    _run("ip", "route", "add", "default", "dev", "node")


def _start_relay(descriptor: int) -> None:
    """Lead from the machine's network, where the socket was made, to the API server."""
    listener = socket.socket(fileno=descriptor)
    threading.Thread(
        target=lambda: asyncio.run(relay(listener, "127.0.0.1", API_PORT)), daemon=True
    ).start()


def _start(component: Component, layout: Layout) -> None:
    """Start a component, and return once it listens."""
    with (layout.logs / f"{component.name}.log").open("ab") as log:
        process = subprocess.Popen(
            component.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )

    def listening() -> None:
        assert process.poll() is None, f"{component.name} ended with {process.returncode}"
        where = component.listens
        family = socket.AF_UNIX if isinstance(where, Path) else socket.AF_INET
        with socket.socket(family) as probe:
            failure = probe.connect_ex(
                str(where) if isinstance(where, Path) else ("127.0.0.1", where)
            )
        assert failure == 0, f"{component.name} does not listen: {os.strerror(failure)}"

    eventually(listening, what=component.name, timeout=_START_TIMEOUT, interval=0.05)


def _reap() -> None:
    """Take note of every process that ends: those whose parent is gone are this one's to reap."""
    while True:
        os.wait()


def _run(*command: str, pass_fds: tuple[int, ...] = ()) -> None:
    subprocess.run(command, check=True, pass_fds=pass_fds)


if __name__ == "__main__":
    main()
