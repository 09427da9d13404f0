"""`python -m dev.node.inside HOME ...`: the first process of the node.

`dev.node.node` starts it in new network, mount and process namespaces. When it ends, however it
ends, the kernel ends every other process of the node, and takes its mounts and interfaces away:
nothing of a node can be left behind but files. SIGHUP starts the components that have ended.
"""

import argparse
import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from acceptance.relay import relay
from acceptance.waiting import eventually
from dev.node import cgroups
from dev.node.addresses import API_PORT, NODE, PODS, QUEUE
from dev.node.components import Component, components
from dev.node.layout import Layout
from dev.node.programs import Programs

_PRIVATE = ("/run", "/tmp", "/var/lib", "/var/log")  # noqa: S108  # to be hidden, not used
"""Where the components write at fixed paths; what the machine has there is not theirs to see."""
_TUNED = (
    *("kernel/panic", "kernel/panic_on_oops", "kernel/keys/root_maxkeys"),
    *("kernel/keys/root_maxbytes", "vm/overcommit_memory", "vm/panic_on_oom"),
)
"""Settings of the machine that a kubelet sets (1.34: pkg/kubelet/cm, setupKernelTunables)."""
_START_TIMEOUT = 60.0
"""Seconds until a component is ready; on two busy cores the API server takes ten."""
_LOG_LINES = 10


def main() -> None:
    """Make the node and stay until killed."""
    parser = argparse.ArgumentParser(prog="python -m dev.node.inside", description=__doc__)
    parser.add_argument("home", type=Path)
    for program in ("kubernetes", "companions"):
        parser.add_argument(f"--{program}", type=Path, required=True)
    parser.add_argument("--listener", type=int, required=True, help="descriptor of a socket")
    options = parser.parse_args()
    layout = Layout(home=options.home)
    programs = Programs(kubernetes=options.kubernetes, companions=options.companions)
    # /proc is still the machine's, and so is this number: it is what `down` will end.
    layout.pid.write_text(Path("/proc/self").readlink().name)
    _mount(layout, programs)
    _make_network()
    cgroups.make(layout.cgroup)
    parts = [_Part(component, layout) for component in components(layout, programs)]
    _revive(parts)
    asyncio.run(_stay(socket.socket(fileno=options.listener), parts))


def _mount(layout: Layout, programs: Programs) -> None:
    """Give the components places of their own where they would write into the machine's."""
    private = {place: layout.private / place.strip("/").replace("/", "-") for place in _PRIVATE}
    for folder in private.values():
        folder.mkdir(parents=True)
    needed = (layout.home, programs.kubernetes.parent, programs.companions.parent)
    _bind([*private.items(), *((folder, folder) for folder in needed)])
    _run("mount", "-t", "proc", "proc", "/proc")
    for setting in _TUNED:
        real, copy = Path("/proc/sys", setting), layout.private / "sys" / setting
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(real, copy)
        _run("mount", "--bind", str(copy), str(real))
    _run("mount", "--make-rshared", "/")  # pods see what is mounted for them later


def _bind(folders: Sequence[tuple[str | Path, Path]]) -> None:
    """Let each folder be seen in its place, also if one of them hides another.

    A descriptor leads to its folder even when no path does any more.
    """
    descriptors = [(place, os.open(folder, os.O_PATH)) for place, folder in folders]
    for place, descriptor in descriptors:
        Path(place).mkdir(parents=True, exist_ok=True)
        _run(
            *("mount", "--no-canonicalize", "--bind", f"/proc/self/fd/{descriptor}", str(place)),
            descriptors=(descriptor,),
        )
        os.close(descriptor)


def _make_network() -> None:
    """An interface that leads nowhere, with the node's address and the default route over it.

    What a pod sends first waits for the one who knows the NetworkPolicies; without him it passes.
    His own rules are written for nftables, which cannot let a packet wait on every kernel.
    """
    _run("ip", "link", "set", "lo", "up")
    _run("ip", "link", "add", "node", "type", "bridge")  # not every kernel has the type "dummy"
    _run("ip", "address", "add", f"{NODE}/24", "dev", "node")
    _run("ip", "link", "set", "node", "up")
    _run("ip", "route", "add", "default", "dev", "node")
    _run(
        *("iptables", "-t", "mangle", "-A", "POSTROUTING", "-s", PODS),
        *("-m", "conntrack", "--ctstate", "NEW"),
        *("-m", "owner", "!", "--uid-owner", "0"),  # a kubelet's probe may always pass
        *("-j", "NFQUEUE", "--queue-num", str(QUEUE), "--queue-bypass"),
    )


class _Part:
    """A component, and its process."""

    def __init__(self, component: Component, layout: Layout) -> None:
        self._component = component
        self._log = layout.logs / f"{component.name}.log"
        self._process: subprocess.Popen[bytes] | None = None

    def ensure(self) -> None:
        """Start it, unless it runs, and return once it is ready; the node ends if it is not."""
        if self._process and self._process.poll() is None:
            return
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._component.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        try:
            eventually(
                self._check_ready, what=self._component.name, timeout=_START_TIMEOUT, interval=0.05
            )
        except (AssertionError, ChildProcessError) as error:
            lines = self._log.read_text(errors="replace").splitlines()[-_LOG_LINES:]
            sys.exit("\n".join([f"{self._component.name}: {error}", *lines]))

    def _check_ready(self) -> None:
        assert self._process
        if self._process.poll() is not None:
            raise ChildProcessError(f"it ended with status {self._process.returncode}")
        self._component.ready()


async def _stay(listener: socket.socket, parts: Iterable[_Part]) -> None:
    """Lead from the machine's network, where the socket was made, to the API server."""
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGHUP, _revive, parts)
    loop.add_signal_handler(signal.SIGCHLD, _reap)
    await relay(listener, "127.0.0.1", API_PORT)


def _reap() -> None:
    """Take note of what has ended: of processes without a parent too, as every first one must."""
    with suppress(ChildProcessError):  # there is none left
        while os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG):
            pass


def _revive(parts: Iterable[_Part]) -> None:
    for part in parts:
        part.ensure()


def _run(*command: str, descriptors: tuple[int, ...] = ()) -> None:
    subprocess.run(command, check=True, pass_fds=descriptors)


if __name__ == "__main__":
    main()
