"""The control group below which the node's pods run: its own, so that it can be removed."""

import os
from contextlib import suppress
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
_NEEDED = {"cpu", "cpuset", "hugetlb", "io", "memory", "pids"}
"""Controllers that a kubelet hands on (1.34: pkg/kubelet/cm/cgroup_v2_manager_linux.go)."""


def make(name: str, *, root: Path = ROOT) -> None:
    """Make the group in every hierarchy of the machine."""
    for hierarchy in _hierarchies(root):
        (hierarchy / name).mkdir(exist_ok=True)
    if _is_unified(root):
        offered = set((root / "cgroup.controllers").read_text().split())
        wanted = " ".join(f"+{each}" for each in sorted(offered & _NEEDED))
        (root / "cgroup.subtree_control").write_text(wanted)


def remove(name: str, *, root: Path = ROOT) -> None:
    """Remove the group and those below it; they must be empty."""
    for hierarchy in _hierarchies(root):
        for folder, _folders, _files in os.walk(hierarchy / name, topdown=False):
            with suppress(FileNotFoundError):  # two names can lead to one hierarchy
                Path(folder).rmdir()


def _hierarchies(root: Path) -> list[Path]:
    """One in version 2 of control groups, one a controller in version 1."""
    if _is_unified(root):
        return [root]
    return [each for each in root.iterdir() if (each / "cgroup.procs").exists()]


def _is_unified(root: Path) -> bool:
    return (root / "cgroup.controllers").exists()
