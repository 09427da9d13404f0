"""`python -m dev.node`, where no node is up."""

import fcntl
import sys
from pathlib import Path

import pytest

from dev.node.__main__ import main
from dev.node.layout import Layout
from dev.node.process import lives

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux, as a node does")


def test_it_tells_where_the_kubeconfig_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--cache", str(tmp_path), "kubeconfig"]) == 0

    assert capsys.readouterr().out == f"{tmp_path / 'node' / 'run' / 'kubeconfig'}\n"


def test_down_removes_what_a_node_left_that_is_gone(tmp_path: Path) -> None:
    layout = Layout(home=tmp_path / "node")
    layout.logs.mkdir(parents=True)
    layout.pid.write_text("1")  # somebody else's by now: only who keeps the lock is ended
    layout.images.mkdir()

    assert main(["--cache", str(tmp_path), "down"]) == 0

    assert sorted(path.name for path in layout.home.iterdir()) == ["containerd", "lock"]


@pytest.mark.parametrize("command", [["away", "kubelet"], ["back"]])
def test_a_component_of_no_node_cannot_be_taken_away(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    assert main(["--cache", str(tmp_path), *command]) == 99

    assert "fix       run 'make node-up'" in capsys.readouterr().out


def test_up_says_what_the_machine_lacks_before_anything_is_built(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    assert main(["--cache", str(tmp_path), "up"]) == 99

    assert capsys.readouterr().out.startswith("This machine cannot be a Kubernetes node.")
    assert list(tmp_path.iterdir()) == []


def test_whoever_keeps_the_lock_is_the_node(tmp_path: Path) -> None:
    layout = Layout(home=tmp_path)
    assert not lives(layout)
    with layout.lock.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert lives(layout)
    assert not lives(layout)
