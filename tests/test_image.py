"""The image of the suite, made step by step in an empty folder: no engine is asked.

Its packages and its Allure are those that are installed already, from the same lock files. What
only an engine shows, that the base image is the one named and that `make image` ends well, is
shown by the job `image` of the continuous integration.
"""

import json
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

from acceptance.lab.environments import CACHE
from acceptance.report.html import allure, ensure_allure
from acceptance.report.record import Suite
from acceptance.report.suite import suite
from tests.dockerfile import context, stages
from tests.linked import pip
from tests.plugin.project import write
from tests.sources import REPOSITORY
from tests.story import TAGS

_FEATURE = f"""
{" ".join(f"@{tag}" for tag in TAGS)}
Feature: Everything

  Scenario: It is so
    Given all is well
    When it is tried
    Then it holds
"""
_COMMIT = "0123456789abcdef0123456789abcdef01234567"
_STAGES = stages()


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder that the image holds, made by the steps of its build."""
    folder = tmp_path_factory.mktemp("image") / "suite"
    commands = folder.with_name("bin")
    commands.mkdir()
    for name in ("python", "python3", "python3.11", "python3.12"):  # there is only one
        (commands / name).symlink_to(Path(sys.executable).resolve())
    environ = {
        "PATH": f"{commands}:/usr/bin:/bin",
        "HOME": str(Path.home()),
        "COMMIT": _COMMIT,
        "PYTHONPATH": str(Path(pip.__file__).parent),
        "OWN_PACKAGES": sysconfig.get_path("purelib"),
    }
    ensure_allure(CACHE, lambda _line: None)
    own = allure(CACHE).folder
    shutil.copytree(own, folder / "environments" / own.name, copy_function=pip.link)
    for word, text in _STAGES["build"].instructions:
        if word == "COPY":
            assert text == ". ."
            for file in context():
                (folder / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(REPOSITORY / file, folder / file)
        elif word == "RUN":
            done = subprocess.run(
                ["/bin/sh", "-c", text],
                cwd=folder,
                env=environ,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, f"{text}\n{done.stdout}{done.stderr}"
    yield folder
    shutil.rmtree(folder)


def _run(image: Path, home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Its entry point, with the environment that the image sets."""
    final = _STAGES["image"]
    (entrypoint,) = final.all("ENTRYPOINT")
    environ = {
        name: value.replace("/suite", str(image)) for name, value in final.environment.items()
    }
    return subprocess.run(
        [*json.loads(entrypoint), *arguments],
        cwd=image,
        env={**environ, "HOME": str(home), "PATH": "/usr/bin:/bin", "PYTHONPATH": str(image)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def _files(image: Path) -> set[tuple[str, int]]:
    return {
        (str(path.relative_to(image)), path.lstat().st_mtime_ns)
        for path in image.rglob("*")
        if path.relative_to(image).parts[0] != "reports"
    }


def test_every_scenario_is_in_the_image(image: Path, tmp_path: Path) -> None:
    here = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    there = _run(image, tmp_path, "--collect-only", "-q")
    assert there.returncode == 0
    assert there.stdout.partition("\n\n")[0] == here.stdout.partition("\n\n")[0]


def test_a_run_writes_its_reports_and_nothing_else(image: Path, tmp_path: Path) -> None:
    """So the image's files can be read-only; the report is made by the Allure that is in it."""
    write(tmp_path, plugins=("record", "html_report"), green=_FEATURE)
    before = _files(image)

    run = _run(image, tmp_path, f"--rootdir={tmp_path}", str(tmp_path))

    assert run.returncode == 0, run.stdout + run.stderr
    assert _files(image) == before
    assert (tmp_path / "reports/acceptance.html").exists()
    assert (tmp_path / "reports/signoff.json").exists()


def test_a_record_names_the_commit_that_the_image_was_made_from(image: Path) -> None:
    assert suite(image) == Suite(version="0.1.0", commit=_COMMIT, clean=True)
    (image / "COMMIT").write_text("\n", encoding="utf-8")
    assert suite(image) == Suite(version="0.1.0", commit="", clean=None)


def test_the_default_is_the_cluster_that_it_runs_in(image: Path, tmp_path: Path) -> None:
    (default,) = _STAGES["image"].all("CMD")
    run = _run(image, tmp_path, *json.loads(default))
    assert "no such setting" not in run.stdout
    assert run.returncode == 99


def test_nothing_that_is_not_needed_is_in_the_image(image: Path) -> None:
    assert {".git", ".github", "deploy", "docs", "tests"} & {
        path.name for path in image.iterdir()
    } == set()


def test_the_base_is_pinned_and_the_user_is_a_number_that_is_not_root() -> None:
    assert re.fullmatch(
        r"python:3\.12\.\d+-slim-bookworm@sha256:[0-9a-f]{64}", _STAGES["base"].base
    )
    assert {_STAGES["build"].base, _STAGES["image"].base} == {"base"}
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", _STAGES["image"].all("USER")[0])
