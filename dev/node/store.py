"""The images that containerd holds: imported once, kept from one node to the next."""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

from acceptance.errors import SetupError
from acceptance.lab.cluster.archive import Image, write_archive
from acceptance.message import excerpt, explain
from acceptance.waiting import Progress, waiting_for
from dev.node.layout import Layout


def ensure_imported(images: Sequence[Image], *, layout: Layout, say: Progress) -> None:
    """Import those images that containerd does not hold as they are described.

    Raises:
        SetupError: they cannot be written or imported, for want of space for example.
    """
    held = set(_ctr(layout, "images", "list", "--quiet").split())
    known = {name: digest for name, digest in _known(layout.imported).items() if name in held}
    stale = [image for image in images if known.get(image.name) != image.digest]
    if not stale:
        say(f"images: reused, {layout.images}")
        return
    _import(stale, layout, say)
    known |= {image.name: image.digest for image in stale}
    layout.imported.write_text(json.dumps(known, indent=2), encoding="utf-8")


def _import(images: Sequence[Image], layout: Layout, say: Progress) -> None:
    archive = layout.run / "images.tar"
    say("images: making " + ", ".join(image.name.rpartition("/")[2] for image in images))
    try:
        with waiting_for(f"{len(images)} images to be written", say):
            write_archive(images, archive)
        with waiting_for(f"containerd to import {archive.stat().st_size / 1e9:.1f} GB", say):
            _ctr(layout, "images", "import", str(archive))
    except OSError as error:
        raise SetupError(
            explain(
                "The images could not be written.",
                expected="a disk with 7 GB of room, 3 of which stay in use",
                found=str(error.strerror or error),
                where=str(archive),
                fix="free some disk space and start again",
            )
        ) from error
    finally:
        archive.unlink(missing_ok=True)


def _known(file: Path) -> dict[str, str]:
    try:
        return dict(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return {}


def _ctr(layout: Layout, *words: str) -> str:
    command = ["ctr", "--address", str(layout.containerd), "--namespace", "k8s.io", *words]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        raise SetupError(
            explain(
                "containerd does not do what it is asked.",
                expected=" ".join(words),
                found=excerpt(ended.stderr),
                where=str(layout.logs / "containerd.log"),
                fix=f"if it persists, delete {layout.images}: the images are then made anew",
            )
        )
    return ended.stdout
