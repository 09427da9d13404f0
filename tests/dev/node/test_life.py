"""The life of a node: however it begins and ends, nothing is left of it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from acceptance.errors import SetupError
from acceptance.lab.environments import CACHE
from acceptance.waiting import eventually
from dev.node.layout import Layout
from dev.node.node import up
from dev.node.process import end, lives
from dev.node.programs import Programs, ensure_programs
from tests.dev.node.conftest import NEEDS_A_NODE
from tests.dev.node.small import core, small_images, small_up
from tests.dev.node.traces import processes_of, traces
from tests.scripts import script

ROOT = Path(__file__).parents[3]

pytestmark = NEEDS_A_NODE


def _bring_up(layout: Layout) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "tests.dev.node.small", layout.home], cwd=ROOT)


def _check_gone(numbers: dict[int, str]) -> None:
    left = {number: name for number, name in numbers.items() if Path(f"/proc/{number}").exists()}
    assert left == {}


def test_a_second_node_makes_no_image_again(node: Layout) -> None:
    end(node, print)
    said = list[str]()

    small_up(node, said.append)

    assert [line for line in said if line.startswith("images: ")] == [
        f"images: reused, {node.images}"
    ]


def test_nothing_is_left_after_the_end_but_its_images(no_node: Layout) -> None:
    before = traces(no_node)
    small_up(no_node)
    during, numbers = traces(no_node), processes_of(no_node)

    end(no_node, print)

    assert traces(no_node) == before
    _check_gone(dict(numbers))
    assert {"kubernetes", "companions", "coredns"} - set(numbers.values()) == set(), "all seen"
    assert {name for name in before if before[name] != during[name]} == {"control groups"}
    assert sorted(path.name for path in no_node.home.iterdir()) == [
        *("authority", "containerd", "imported.json", "lock", "turn")
    ]


def test_whoever_is_killed_while_bringing_it_up_leaves_what_down_removes(
    no_node: Layout,
) -> None:
    before = traces(no_node)
    with _bring_up(no_node) as process:
        eventually(lambda: _check_exists(no_node.pid), what="the first process", interval=0.01)
        process.kill()
    assert lives(no_node)
    numbers = processes_of(no_node)

    end(no_node, print)

    assert traces(no_node) == before
    _check_gone(dict(numbers))
    assert not no_node.run.exists()


def _check_dead(layout: Layout) -> None:
    assert not lives(layout), "it lives"


def _check_exists(file: Path) -> None:
    assert file.exists(), "not yet"


def test_two_that_bring_it_up_at_once_get_the_same_node(no_node: Layout) -> None:
    with _bring_up(no_node) as one, _bring_up(no_node) as other:
        assert (one.wait(), other.wait()) == (0, 0)

    with core(no_node) as api:
        assert len(api.list_node().items) == 1
    assert no_node.log.read_text() == ""


def test_a_node_that_was_killed_is_gone_and_the_next_begins_anew(node: Layout) -> None:
    with core(node) as api:
        api.create_namespace({"metadata": {"name": "of-the-first"}})
    numbers = processes_of(node)

    os.kill(int(node.pid.read_text()), signal.SIGKILL)

    eventually(lambda: _check_dead(node), what="the node to be gone")
    _check_gone(dict(numbers))
    small_up(node, print)
    with core(node) as api:
        names = {each.metadata.name for each in api.list_namespace().items}
    assert "of-the-first" not in names
    assert "kube-system" in names


def test_a_component_that_does_not_start_says_why_and_leaves_nothing(
    no_node: Layout, tmp_path: Path
) -> None:
    programs = ensure_programs(cache=CACHE, say=print)
    broken = Programs(
        kubernetes=script(tmp_path / "kubernetes", "echo no such flag; exit 3"),
        companions=programs.companions,
    )

    with pytest.raises(SetupError) as told:
        up(no_node, broken, small_images(no_node, programs), print)

    assert "found     it has ended" in str(told.value)
    assert "kube-apiserver: it ended with status 3\nno such flag" in str(told.value)
    assert not lives(no_node)
