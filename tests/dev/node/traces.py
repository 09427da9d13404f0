"""What a node could leave on the machine, seen before and after."""

import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from dev.node.layout import Layout

_SETTINGS = ("kernel/panic", "kernel/panic_on_oops", "vm/overcommit_memory", "vm/panic_on_oom")
_PLACES = ("/run", "/run/netns", "/tmp/hostpath_pv", "/var/lib", "/var/log")  # noqa: S108  # to be looked at


def traces(layout: Layout) -> Mapping[str, object]:
    """Everything of the machine that a kubelet, containerd and their plugins change elsewhere."""
    return {
        "mounts": Path("/proc/self/mounts").read_text(),
        "interfaces": _names("ip", "-brief", "link"),
        "network namespaces": _names("ip", "netns", "list"),
        "routes": _printed("ip", "route"),
        "firewall": _printed("iptables", "-S") + _printed("iptables", "-t", "nat", "-S"),
        "settings": [Path("/proc/sys", name).read_text() for name in _SETTINGS],
        "places": {place: sorted(map(str, Path(place).glob("*"))) for place in _PLACES},
        "control groups": sorted(map(str, Path("/sys/fs/cgroup").glob(f"**/{layout.cgroup}"))),
    }


def processes_of(layout: Layout) -> Mapping[int, str]:
    """All processes of the node, those of its pods too: their number and what they are."""
    return dict(_descendants(int(layout.pid.read_text())))


def _descendants(process: int) -> Iterator[tuple[int, str]]:
    yield process, Path(f"/proc/{process}/comm").read_text().strip()
    for thread in Path(f"/proc/{process}/task").iterdir():
        for child in (thread / "children").read_text().split():
            yield from _descendants(int(child))


def _names(*command: str) -> list[str]:
    return [line.split()[0] for line in _printed(*command).splitlines()]


def _printed(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
