"""The control group of the pods, in both versions of control groups."""

from pathlib import Path

import pytest

from dev.node import cgroups


def _version_1(root: Path) -> Path:
    for controller in ("cpu", "memory"):
        (root / controller).mkdir()
        (root / controller / "cgroup.procs").touch()
    (root / "not-a-hierarchy").mkdir()
    return root


def test_version_1_has_one_in_each_hierarchy(tmp_path: Path) -> None:
    root = _version_1(tmp_path)

    cgroups.make("ours", root=root)

    assert sorted(root.glob("*/ours")) == [root / "cpu" / "ours", root / "memory" / "ours"]


def test_version_2_has_one_with_the_controllers_that_there_are(tmp_path: Path) -> None:
    (tmp_path / "cgroup.controllers").write_text("cpuset cpu io memory rdma\n")

    cgroups.make("ours", root=tmp_path)

    assert (tmp_path / "ours").is_dir()
    assert (tmp_path / "cgroup.subtree_control").read_text() == "+cpu +cpuset +io +memory"


def test_it_is_removed_with_all_below_and_nothing_beside(tmp_path: Path) -> None:
    root = _version_1(tmp_path)
    cgroups.make("ours", root=root)
    (root / "cpu" / "ours" / "pods" / "one").mkdir(parents=True)
    (root / "cpu" / "theirs").mkdir()

    cgroups.remove("ours", root=root)

    assert [*root.glob("*/ours"), *root.glob("*/theirs")] == [root / "cpu" / "theirs"]


def test_one_in_which_something_runs_is_not_passed_over(tmp_path: Path) -> None:
    root = _version_1(tmp_path)
    cgroups.make("ours", root=root)
    (root / "cpu" / "ours" / "stands-for-a-process").touch()

    with pytest.raises(OSError, match="not empty"):
        cgroups.remove("ours", root=root)
