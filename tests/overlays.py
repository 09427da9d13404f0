"""What `deploy/` becomes by kustomize, as it is and in overlays of somebody's own."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.sources import REPOSITORY

DEPLOY = REPOSITORY / "deploy"


def kustomized(folder: Path) -> str:
    """What kubectl makes of a folder; skips the test where there is none."""
    if not (kubectl := shutil.which("kubectl")):
        pytest.skip("kustomize is part of kubectl, and there is no kubectl on PATH")
    done = subprocess.run(
        [kubectl, "kustomize", folder], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def rendered(component: str, folder: Path, **mine: object) -> str:
    """An overlay with this component, on one that is a person's own.

    Args:
        component: a folder of `deploy/`.
        folder: where the two overlays are written.
        mine: what the person's own kustomization holds beside `deploy/`.
    """
    used = [os.path.relpath(DEPLOY / component, folder / component)]
    for name, content in (
        ("mine", {"resources": [os.path.relpath(DEPLOY, folder / "mine")], **mine}),
        (component, {"resources": ["../mine"], "components": used}),
    ):
        (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / name / "kustomization.yaml").write_text(yaml.safe_dump(content))
    return kustomized(folder / component)
