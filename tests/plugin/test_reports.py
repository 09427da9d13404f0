"""Where reports go, and that none is lost."""

from pathlib import Path

import pytest

from tests.plugin.project import Run, run, write

_GREEN = "Feature: Tiny\n\n  @AC1\n  Scenario: Green\n    Given all is well\n"
_UNFIT = "Feature: Tiny\n\n  @AC1\n  Scenario: Unfit\n    Given it is unfit\n"


@pytest.fixture
def earlier(tmp_path: Path) -> Run:
    write(tmp_path, tiny=_GREEN)
    return run(tmp_path)


def _files(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_plain_run_leaves_both_reports_and_nothing_else(earlier: Run) -> None:
    assert sorted(path.name for path in earlier.reports.iterdir()) == [
        "allure-results",
        "junit.xml",
    ]
    assert list(earlier.results) == ["Green"]
    assert "reports are in reports/" in earlier.out


def test_a_new_run_replaces_the_earlier_one(earlier: Run, tmp_path: Path) -> None:
    (tmp_path / "tiny.feature").write_text(_GREEN.replace("Green", "Greener"))
    assert list(run(tmp_path).results) == ["Greener"]
    assert "Greener" not in earlier.out


@pytest.mark.parametrize(
    ("feature", "options", "code"),
    [
        (_GREEN, ("--no-such-option",), 4),
        (_GREEN, ("no/such/place",), 4),
        (_GREEN.replace("@AC1", "@typo"), (), 2),
        (_GREEN, ("-m", "slow"), 5),
        (_UNFIT, (), 99),
    ],
    ids=["unknown option", "unknown path", "misspelt tag", "nothing selected", "unfit"],
)
def test_a_run_that_judged_nothing_loses_nothing(
    earlier: Run, tmp_path: Path, feature: str, options: tuple[str, ...], code: int
) -> None:
    before = _files(earlier.reports)
    (tmp_path / "tiny.feature").write_text(feature)
    done = run(tmp_path, *options)
    assert done.code == code, done.out
    assert _files(earlier.reports) == before


def test_explicit_places_are_written_in_place(earlier: Run, tmp_path: Path) -> None:
    before = _files(earlier.reports)
    run(tmp_path, "--alluredir=here", "--junit-xml=there.xml")
    assert len(list((tmp_path / "here").glob("*-result.json"))) == 1
    assert (tmp_path / "here" / "categories.json").exists()
    assert (tmp_path / "there.xml").exists()
    assert _files(earlier.reports) == before


def test_reports_that_cannot_be_written_are_a_setup_problem(tmp_path: Path) -> None:
    write(tmp_path, tiny=_GREEN)
    (tmp_path / "reports").write_text("in the way")
    done = run(tmp_path)
    assert done.code == 99
    assert "The reports cannot be written." in done.out
    assert "INTERNALERROR" not in done.out


def test_a_disk_that_fills_up_keeps_the_verdicts_and_the_earlier_report(
    earlier: Run, tmp_path: Path
) -> None:
    before = _files(earlier.reports)
    with (tmp_path / "conftest.py").open("a") as conftest:
        conftest.write(
            "from allure_commons.logger import AllureFileLogger\n"
            "def _full(self, item):\n"
            "    raise OSError(28, 'No space left on device')\n"
            "AllureFileLogger._report_item = _full\n"
        )
    done = run(tmp_path)
    assert done.code == 99
    assert "No space left on device" in done.out
    assert "PARTIAL RUN on embedded: all 1 selected passed" in done.out
    assert _files(earlier.reports) == before
