"""The HTML report at the end of a run: there, or said why not, and never the verdict's business."""

import json
from pathlib import Path

import pytest

from acceptance.lab.environments import CACHE
from acceptance.report.cover.binding import shown
from acceptance.report.html import ensure_allure
from acceptance.report.record import read
from tests.plugin.project import Run, run, write
from tests.scripts import script
from tests.story import TAGS

_FEATURE = (
    "Feature: Tiny\n\n"
    "  @AC1\n  Scenario: Green\n    Given all is well\n\n"
    "  @AC2\n  Scenario: Red\n    Given all is well\n    Then it breaks\n"
)
_UNFIT = "Feature: Tiny\n\n  @AC1\n  Scenario: Unfit\n    Given it is unfit\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    write(tmp_path, plugins=("html_report",), tiny=_FEATURE)
    return tmp_path


def _run(project: Path, cache: Path, *arguments: str, **variables: str) -> Run:
    return run(project, *arguments, ACCEPTANCE_CACHE=str(cache), **variables)


@pytest.fixture
def fake_cache(tmp_path: Path) -> Path:
    """A cache that looks like Allure, installed; there is nothing behind it."""
    ensure_allure(CACHE, lambda _line: None)
    (installation,) = (path for path in CACHE.glob("allure-*") if path.is_dir())
    (tmp_path / "cache").mkdir()
    folder = tmp_path / "cache" / installation.name
    script(folder / "node_modules/allure/cli.js", "")
    for mark in installation.iterdir():
        if mark.is_file():
            (folder / mark.name).write_bytes(mark.read_bytes())
    return tmp_path / "cache"


def test_each_run_makes_the_report_and_remembers_the_earlier_ones(project: Path) -> None:
    ensure_allure(CACHE, lambda _line: None)

    for _again in range(2):
        done = _run(project, CACHE)

    assert done.code == 1, done.out
    assert "making the report" in done.out
    assert "NOT ACCEPTED" in done.out.split("making the report")[0], "the verdict comes first"
    assert f"report: {(done.reports / 'acceptance.html').as_uri()}" in done.out
    runs = [json.loads(line) for line in (done.reports / "history.jsonl").read_text().splitlines()]
    assert [len(each["testResults"]) for each in runs] == [2, 2]


def test_a_whole_run_after_a_partial_one_is_shown_as_whole(tmp_path: Path) -> None:
    ensure_allure(CACHE, lambda _line: None)
    whole = _FEATURE.replace("@AC2", " ".join(f"@{tag}" for tag in TAGS))
    write(tmp_path, plugins=("record", "html_report"), tiny=whole)

    partial = _run(tmp_path, CACHE, "-k", "green")
    assert "A partial report." in (partial.reports / "acceptance.html").read_text()
    assert not (partial.reports / "history.jsonl").exists()

    done = _run(tmp_path, CACHE)
    assert "A partial report." not in (done.reports / "acceptance.html").read_text()
    assert len((done.reports / "history.jsonl").read_text().splitlines()) == 1


def test_the_page_shows_the_record_beside_it(tmp_path: Path) -> None:
    ensure_allure(CACHE, lambda _line: None)
    whole = _FEATURE.replace("@AC2", " ".join(f"@{tag}" for tag in TAGS))
    write(tmp_path, plugins=("record", "html_report"), tiny=whole)

    for arguments, name in (((), "signoff.json"), (("-k", "green"), "signoff-partial.json")):
        done = _run(tmp_path, CACHE, *arguments)
        _, digest = read((done.reports / name).read_text())
        assert shown(done.reports / "acceptance.html") == digest


def test_without_allure_it_says_how_to_get_it(project: Path, tmp_path: Path) -> None:
    done = _run(project, tmp_path / "nothing")

    assert done.code == 1
    assert "`make report` installs it" in done.out
    assert not (done.reports / "acceptance.html").exists()


def test_a_report_that_fails_is_said_and_changes_no_verdict(
    project: Path, fake_cache: Path
) -> None:
    done = _run(project, fake_cache)

    assert done.code == 1
    assert "The report could not be made." in done.out
    assert "the verdict stands" in done.out
    assert not (done.reports / "acceptance.html").exists()
    assert len(done.results) == 2


@pytest.mark.parametrize("arguments", [("--alluredir=there",), ("--collect-only",)])
def test_a_run_that_published_nothing_makes_none(project: Path, arguments: tuple[str, ...]) -> None:
    done = _run(project, CACHE, *arguments)

    assert "making the report" not in done.out
    assert not (done.reports / "acceptance.html").exists()


def test_a_run_that_was_not_fit_to_judge_leaves_the_earlier_report(project: Path) -> None:
    (project / "tiny.feature").write_text(_UNFIT)
    (project / "reports").mkdir()
    (project / "reports/acceptance.html").write_text("the earlier one")

    done = _run(project, CACHE)

    assert done.code == 99
    assert (done.reports / "acceptance.html").read_text() == "the earlier one"
