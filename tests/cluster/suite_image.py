"""The suite's image for a node of the lab: the Dockerfile's, from what is installed here."""

import hashlib
import json

from acceptance.lab.cluster.archive import Image
from acceptance.lab.cluster.base import PATH
from acceptance.lab.cluster.layers import Contents, Layer
from acceptance.lab.environments import CACHE
from acceptance.report.html import allure
from tests.dockerfile import context, stages
from tests.sources import REPOSITORY

NAME = "docker.io/library/open-webui-litellm-acceptance:0.1.0"
"""As containerd spells the name that the CronJob gives."""


def suite_image(base: Layer) -> Image:
    """The image; its Python is the one of the base, and its packages are those of `.venv`.

    An image of the lab's has no folder to start in: its entry point goes there first.
    """
    final = stages()["image"]
    (workdir,) = stages()["base"].all("WORKDIR")
    (entrypoint,), (arguments,) = final.all("ENTRYPOINT"), final.all("CMD")
    return Image(
        name=NAME,
        layers=(base, _environments(workdir), _suite(workdir)),
        entrypoint=("sh", "-c", f'cd {workdir} && exec "$@"', "sh", *json.loads(entrypoint)),
        arguments=tuple(json.loads(arguments)),
        environment={"PATH": PATH, **final.environment},
    )


def _environments(workdir: str) -> Layer:
    """The suite's own, and Allure's."""
    reporter = allure(CACHE).folder
    lock = (REPOSITORY / "requirements.txt").read_text(encoding="utf-8")
    locators = {
        f"{workdir}/.venv": (REPOSITORY / ".venv").resolve(),
        f"{workdir}/environments/{reporter.name}": reporter,
    }
    return Layer(recipe=repr((lock, locators)), contents=lambda: Contents(folders=locators))


def _suite(workdir: str) -> Layer:
    """What the build copies, and the note of its commit, which here is none."""
    files = {f"{workdir}/{file}": REPOSITORY / file for file in context()}
    digests = [hashlib.sha256(file.read_bytes()).hexdigest() for file in files.values()]
    return Layer(
        recipe=repr((sorted(files), digests)),
        contents=lambda: Contents(files=files, texts={f"{workdir}/COMMIT": "\n"}),
    )
