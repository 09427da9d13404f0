"""Programs that tests call, compiled once from the Go module proxy, where they are not on PATH."""

import shutil
from pathlib import Path

import pytest

from acceptance.errors import SetupError
from acceptance.installation import Installation, Installer
from acceptance.lab.environments import CACHE
from tests.clusters import KUBECONFIG


def go_program(package: str, version: str) -> Path:
    """The program of a package; skips the test where it is neither there nor to be compiled.

    Compiling takes some minutes, which only `make test-cluster` spends; it is there from then on.
    """
    name = package.rpartition("/")[2]
    if found := shutil.which(name):
        return Path(found)
    folder = CACHE / f"{name}-{version}"
    installation = Installation(name=name, folder=folder, recipe=f"{package}@{version}", entry=name)
    if not installation.is_complete():
        if not KUBECONFIG:
            pytest.skip(f"no {name} on PATH: make test-cluster compiles {package}@{version}")
        if not shutil.which("go"):
            pytest.skip(f"no {name} on PATH, and no Go that compiles it")

    def build(installer: Installer) -> None:
        installer.run(
            "fetching its modules and compiling, some minutes",
            [
                *("env", f"GOBIN={folder}", "CGO_ENABLED=0", "go", "install"),
                *("-ldflags", "-s -w", f"{package}@{version}"),
            ],
        )

    try:
        installation.ensure(build, print)
    except SetupError as error:
        pytest.skip(f"{name} could not be compiled: {error}")
    return folder / name
