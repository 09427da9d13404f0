"""A kind cluster of the lab's own: found or created, given the images, and deleted again."""

import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from acceptance.errors import SetupError
from acceptance.installation import Installation, Installer
from acceptance.lab.cluster.archive import write_archive
from acceptance.lab.cluster.base import base_of
from acceptance.lab.cluster.images import held_by, story_images
from acceptance.lab.embedded.manifests import DEFAULT, Manifests
from acceptance.lab.providers.authority import keep_authority
from acceptance.message import excerpt, explain
from acceptance.waiting import Progress, waiting_for

VERSION = "v0.33.0"
"""Of kind; it names the image of its nodes, with the digest: Kubernetes 1.37.0."""
NAME = "acceptance"
"""Of the cluster."""
_MODULE = "sigs.k8s.io/kind"
_READY = "180s"
"""For the control plane, on a machine that has the node's image; the first time it is fetched."""


@contextmanager
def kind_cluster(*, cache: Path, keep: bool, say: Progress) -> Iterator[Path]:
    """The kubeconfig of a kind cluster that holds the images of the story.

    A cluster of that name which is there already is used, and left; one that is created here is
    deleted at the end.

    Args:
        cache: where things are kept between runs.
        keep: leave it, for the next run.
        say: shows progress.

    Raises:
        SetupError: there is no Docker, or kind does not do what it is asked.
    """
    kind = _Kind(_program(cache, say), say)
    kubeconfig = cache / "kind" / "kubeconfig"
    kubeconfig.parent.mkdir(parents=True, exist_ok=True)
    there = NAME in kind.run("get", "clusters").split()
    if there:
        say(f"kind: the cluster {NAME} is there, and is used")
        kind.run("export", "kubeconfig", "--name", NAME, "--kubeconfig", str(kubeconfig))
    else:
        kind.run(
            *("create", "cluster", "--name", NAME),
            *("--wait", _READY, "--kubeconfig", str(kubeconfig)),
        )
    try:
        _load(kind, cache, say)
        yield kubeconfig
    finally:
        if there or keep:
            say(f"kind: the cluster {NAME} is left, with KUBECONFIG={kubeconfig}")
        else:
            kind.run("delete", "cluster", "--name", NAME, "--kubeconfig", str(kubeconfig))


def _load(kind: "_Kind", cache: Path, say: Progress) -> None:
    """Give the cluster its images, made of the two environments as for the embedded lab."""
    held = held_by(Manifests.load(DEFAULT), cache=cache, say=say)
    authority = cache / "authority"
    keep_authority(authority)
    base = base_of(environment for _, environment in held.values())
    images = story_images(base, held, authority)
    archive = cache / "kind" / "images.tar"
    try:
        with waiting_for("the images to be written", say):
            write_archive(images, archive)
        kind.run("load", "image-archive", str(archive), "--name", NAME)
    finally:
        archive.unlink(missing_ok=True)


class _Kind:
    """The command `kind`."""

    def __init__(self, program: Path, say: Progress) -> None:
        self._program = program
        self._say = say

    def run(self, *words: str) -> str:
        """Its output.

        Raises:
            SetupError: it failed; with its last words.
        """
        with waiting_for(f"kind {' '.join(words[:2])}", self._say):
            ended = subprocess.run(
                [self._program, *words], capture_output=True, text=True, check=False
            )
        if ended.returncode:
            raise SetupError(
                explain(
                    "kind does not do what it is asked.",
                    expected=f"kind {' '.join(words)}",
                    found=excerpt(" ".join(ended.stderr.splitlines()[-3:])),
                    where=f"kind {VERSION}, cluster {NAME}",
                    fix="see that Docker runs (docker info), and try the command by hand",
                )
            )
        return ended.stdout


def _program(cache: Path, say: Progress) -> Path:
    """The command: the one on PATH where it is of this version, or built by Go."""
    if shutil.which("docker") is None:
        raise SetupError(_missing("docker", "kind runs Kubernetes in Docker"))
    found = shutil.which("kind")
    if found and VERSION in _output([found, "version"]):
        return Path(found)
    go = shutil.which("go")
    if go is None:
        raise SetupError(_missing(f"kind {VERSION}, or go to build it", found or "neither"))
    installation = Installation(
        name=f"kind {VERSION}",
        folder=cache / f"kind-{VERSION}",
        recipe=f"{_MODULE}@{VERSION}",
        entry="kind",
    )

    def build(installer: Installer) -> None:
        installer.run(
            "fetching and compiling it",
            ["env", f"GOBIN={installation.folder}", go, "install", f"{_MODULE}@{VERSION}"],
        )

    installation.ensure(build, say)
    return installation.folder / installation.entry


def _output(command: Sequence[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def _missing(expected: str, found: str) -> str:
    return explain(
        "There can be no kind cluster on this machine.",
        expected=expected,
        found=found,
        where="PATH",
        fix="install Docker and kind; on Linux without Docker: make node-up (as root), in a clone "
        "of the suite",
    )
