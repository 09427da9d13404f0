"""The target `kind`, with all that is real but kind and Docker themselves."""

import json
import stat
import tarfile
from contextlib import ExitStack
from pathlib import Path

import pytest

from acceptance.errors import SetupError
from acceptance.lab.cluster import kind
from acceptance.lab.cluster.archive import Image
from acceptance.lab.cluster.layers import Contents, Layer
from acceptance.masking import Redactor
from acceptance.plugin.settings import Settings
from acceptance.plugin.targets import TARGETS
from acceptance.target import Target
from dev.kill_matrix.judge import STORY, judge
from tests.clusters import KUBECONFIG, needs_a_cluster

PLAYER = """#!/bin/sh
echo "$@" >> {log}
case "$1 $2" in
  version*) echo "kind {version} go1.26 linux/amd64" ;;
  "get clusters") test -e {there} && echo acceptance ;;
  "create cluster") touch {there}; cp {kubeconfig} {copy} ;;
  "export kubeconfig") cp {kubeconfig} {copy} ;;
  "load image-archive") cp "$3" {archive} ;;
  "delete cluster") rm {there} ;;
esac
exit 0
"""
"""Plays kind: its cluster is the one that is at hand."""


@pytest.fixture
def played(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the player's log, and small images in the place of the large ones."""
    commands = tmp_path / "bin"
    commands.mkdir()
    text = PLAYER.format(
        log=tmp_path / "log",
        version=kind.VERSION,
        there=tmp_path / "there",
        kubeconfig=KUBECONFIG or "/dev/null",
        copy=tmp_path / "kind" / "kubeconfig",
        archive=tmp_path / "archive.tar",
    )
    for name in ("kind", "docker"):
        (commands / name).write_text(text)
        (commands / name).chmod(stat.S_IRWXU)
    monkeypatch.setenv("PATH", f"{commands}:/usr/bin:/bin")
    layer = Layer(recipe="small", contents=lambda: Contents(texts={"/hello": "world"}))
    image = Image(name="docker.io/lab/small:1", layers=(layer,))
    monkeypatch.setattr(kind, "story_images", lambda *_of: (image,))
    return tmp_path


def _target(played: Path, closing: ExitStack, *, keep: bool = False) -> Target:
    settings = Settings(target="kind", keep=keep, cache=str(played))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kind, "held_by", lambda *_of, **_how: {})
        return TARGETS["kind"](settings, STORY, print, Redactor(), closing)


def _log(played: Path) -> list[str]:
    return [" ".join(line.split()[:2]) for line in (played / "log").read_text().splitlines()]


@needs_a_cluster
def test_the_story_is_put_on_a_new_cluster_judged_and_the_cluster_deleted(played: Path) -> None:
    with ExitStack() as closing:
        target = _target(played, closing)
        judgement = judge(target, STORY)
        verdicts = {title: ending.verdict for title, ending in judgement.endings.items()}
        assert {title for title, verdict in verdicts.items() if not verdict.accepted} == set()
        assert len(verdicts) > 40
        assert target.name == "kind"

    assert _log(played)[-4:] == [
        "get clusters",
        "create cluster",
        "load image-archive",
        "delete cluster",
    ]
    with tarfile.open(played / "archive.tar") as archive:
        file = archive.extractfile("manifest.json")
        assert file
        assert json.loads(file.read())[0]["RepoTags"] == ["docker.io/lab/small:1"]
    assert not list((played / "kind").glob("*.tar"))


@needs_a_cluster
def test_a_cluster_that_is_there_is_used_and_left(played: Path) -> None:
    (played / "there").touch()
    with ExitStack() as closing:
        _target(played, closing)

    assert "create cluster" not in _log(played)
    assert "delete cluster" not in _log(played)


@pytest.mark.parametrize("keep", [False, True])
def test_what_was_created_is_deleted_unless_it_is_to_be_kept(played: Path, *, keep: bool) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kind, "held_by", lambda *_of, **_how: {})
        with kind.kind_cluster(cache=played, keep=keep, say=print) as kubeconfig:
            assert (played / "there").exists()
            assert kubeconfig == played / "kind" / "kubeconfig"

    assert (played / "there").exists() is keep


def test_without_docker_it_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with (
        pytest.raises(SetupError, match="expected  docker"),
        kind.kind_cluster(cache=tmp_path, keep=False, say=print),
    ):
        pass


def test_what_kind_says_when_it_fails_is_told(played: Path) -> None:
    (played / "bin" / "kind").write_text(
        f"#!/bin/sh\ntest $1 = version && echo {kind.VERSION} && exit\n"
        "echo 'ERROR: failed to connect to the docker API' >&2\nexit 1\n"
    )

    with (
        pytest.raises(SetupError, match="failed to connect to the docker API"),
        kind.kind_cluster(cache=played, keep=False, say=print),
    ):
        pass
