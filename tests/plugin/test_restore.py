"""`pytest --restore` gives back and judges nothing; what it cannot do it says."""

import os
import shlex
import subprocess
from pathlib import Path

import pytest
import yaml

from acceptance.plugin.settings import Settings
from acceptance.plugin.targets import restore_command
from tests.prepared import run_pytest
from tests.sources import REPOSITORY


def _restore(kubeconfig: Path, *arguments: str, **variables: str) -> tuple[int, str]:
    given = {"PATH": os.environ["PATH"], "KUBECONFIG": str(kubeconfig), **variables}
    return run_pytest(REPOSITORY, "--restore", *arguments, **given)


@pytest.fixture
def two(tmp_path: Path) -> Path:
    """A kubeconfig with two contexts, whose cluster is nowhere."""
    file = tmp_path / "kubeconfig"
    nowhere = {"name": "it", "cluster": {"server": "https://127.0.0.1:9"}}
    contexts = [
        {"name": name, "context": {"cluster": "it", "user": "me"}} for name in ("here", "there")
    ]
    users = [{"name": "me", "user": {"token": "planted"}}]
    file.write_text(yaml.safe_dump({"clusters": [nowhere], "contexts": contexts, "users": users}))
    return file


def test_it_wants_to_know_where(two: Path) -> None:
    code, out = _restore(two)
    assert code == 99
    assert "It is not clear which cluster to judge." in out
    assert "no tests ran" not in out


def test_a_setting_of_no_use_is_told_as_in_a_run(two: Path) -> None:
    code, out = _restore(two, "--context=here", ACCEPTANCE_GATEWAY_SERVICE="litellm")
    assert code == 99
    assert "The setting gateway_service cannot be used." in out


def test_the_command_that_gives_back_is_complete(tmp_path: Path) -> None:
    """Whoever types it a week later has other variables, and stands in another folder."""
    kubeconfig = str(tmp_path / "my clusters" / "$k")
    settings = Settings(
        kubeconfig=kubeconfig,
        contract=str(tmp_path / "story"),
        cache=str(tmp_path / "cache"),
    )
    command = restore_command(settings, "prod")
    done = subprocess.run(
        ["make", "--dry-run", "--no-print-directory", *shlex.split(command)[1:]],  # noqa: S607  # as a person types it
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    words = shlex.split(done.stdout.splitlines()[-1])
    assert words[-6:] == [
        "pytest",
        "--restore",
        "--context=prod",
        f"--contract={tmp_path / 'story'}",
        f"--cache={tmp_path / 'cache'}",
        f"--kubeconfig={kubeconfig}",
    ]
