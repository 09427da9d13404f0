"""The report: made by the real Allure, whole, and without a way out to the network."""

import base64
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

import acceptance.report.html
from acceptance.errors import SetupError
from acceptance.lab.environments import CACHE
from acceptance.plugin.about_the_run import CATEGORIES
from acceptance.report.earlier import latest_record
from acceptance.report.html import ensure_allure, installed, main, make_report
from acceptance.report.record import written
from tests.report.records import RECORD
from tests.scripts import script


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Results of one scenario with one step."""
    folder = tmp_path / "allure-results"
    folder.mkdir()
    step = {"name": "Then it is judged", "status": "passed", "start": 1, "stop": 2}
    result = {
        "uuid": "1",
        "name": "A scenario",
        "fullName": "a#scenario",
        "status": "passed",
        "steps": [step],
        "start": 1,
        "stop": 2,
        "labels": [{"name": "epic", "value": "Chat at home"}],
    }
    (folder / "1-result.json").write_text(json.dumps(result), encoding="utf-8")
    return folder


@pytest.fixture
def fake_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache in which npm installed an Allure that only writes a page."""
    node = script(
        tmp_path / "node/bin/node",
        'case "$2" in\n'
        "  ci) mkdir -p node_modules/allure; : > node_modules/allure/cli.js ;;\n"
        "  *) mkdir allure; echo '<head>new' > allure/index.html; echo run >> history.jsonl ;;\n"
        "esac",
    )
    monkeypatch.setattr(acceptance.report.html, "node", lambda: node)
    ensure_allure(tmp_path / "cache", lambda _line: None)
    return tmp_path / "cache"


def test_the_real_allure_makes_one_file_that_loads_nothing(results: Path, tmp_path: Path) -> None:
    ensure_allure(CACHE, lambda _line: None)
    said: list[str] = []

    out = make_report(
        results,
        tmp_path / "out/acceptance.html",
        history=tmp_path / "out/history.jsonl",
        cache=CACHE,
        say=said.append,
    )

    html = out.read_text("utf-8")
    assert '"reportName":"Chat at home"' in html
    assert "googletagmanager" not in html
    assert 'src="http' not in html
    assert "Content-Security-Policy" in html
    assert sorted(path.name for path in out.parent.iterdir()) == [
        "acceptance.html",
        "history.jsonl",
    ]
    assert said == [f"report: {out.as_uri()}"]


def test_the_verdict_classes_are_the_categories(results: Path, tmp_path: Path) -> None:
    ensure_allure(CACHE, lambda _line: None)
    (results / "categories.json").write_text(json.dumps(CATEGORIES), encoding="utf-8")
    refused: dict[str, object] = {
        "uuid": "2",
        "name": "Refused",
        "fullName": "a#refused",
        "status": "skipped",
    }
    refused["statusDetails"] = {"message": "inconclusive: Groq refused"}
    (results / "2-result.json").write_text(json.dumps(refused), encoding="utf-8")
    out, history = tmp_path / "acceptance.html", tmp_path / "history.jsonl"

    make_report(results, out, history=history, cache=CACHE, say=lambda _line: None)

    assert "inconclusive: the outside world refused" in _unpacked(out)
    assert "Product errors" not in _unpacked(out)


def _unpacked(page: Path) -> str:
    """The data that Allure puts into the page as base64."""
    packed = re.findall(r'"([A-Za-z0-9+/=]{40,})"', page.read_text("utf-8"))
    return "".join(base64.b64decode(each).decode(errors="replace") for each in packed)


def test_a_report_made_again_replaces_its_line_in_the_history(
    results: Path, tmp_path: Path
) -> None:
    ensure_allure(CACHE, lambda _line: None)
    out, history = tmp_path / "acceptance.html", tmp_path / "history.jsonl"
    history.write_text('{"timestamp": 1, "testResults": {}, "uuid": "old"}\n', encoding="utf-8")

    for _again in range(2):
        make_report(results, out, history=history, cache=CACHE, say=lambda _line: None)

    assert len(history.read_text("utf-8").splitlines()) == 2


def test_the_record_is_the_cover_and_a_partial_one_is_not_remembered(
    results: Path, tmp_path: Path
) -> None:
    ensure_allure(CACHE, lambda _line: None)
    out, history = tmp_path / "acceptance.html", tmp_path / "history.jsonl"
    (tmp_path / "signoff.json").write_text(written(RECORD), encoding="utf-8")
    (tmp_path / "signoff-partial.json").write_text(
        written(replace(RECORD, partial="interrupted")), encoding="utf-8"
    )

    record = latest_record(tmp_path)
    make_report(results, out, history=history, record=record, cache=CACHE, say=lambda _line: None)

    assert "A partial report." in out.read_text("utf-8")
    assert not history.exists()


def test_a_record_that_is_none_is_told(results: Path, tmp_path: Path) -> None:
    ensure_allure(CACHE, lambda _line: None)
    record, history = tmp_path / "signoff.json", tmp_path / "history.jsonl"
    record.write_text("{}", encoding="utf-8")

    with pytest.raises(SetupError, match="a record in"):
        make_report(results, tmp_path / "a", history=history, record=record, cache=CACHE, say=print)


def test_each_report_remembers_the_earlier_ones(
    results: Path, tmp_path: Path, fake_cache: Path
) -> None:
    out, history = tmp_path / "acceptance.html", tmp_path / "history.jsonl"

    for _run in range(2):
        make_report(results, out, history=history, cache=fake_cache, say=lambda _line: None)

    assert history.read_text("utf-8") == "run\nrun\n"


def test_a_report_that_fails_leaves_the_good_one(
    results: Path, tmp_path: Path, fake_cache: Path
) -> None:
    out, history = tmp_path / "out/acceptance.html", tmp_path / "out/history.jsonl"
    script(out, "the good one")
    history.write_text("the good one", encoding="utf-8")
    script(tmp_path / "node/bin/node", "mkdir allure; echo 'out of memory'; exit 3")

    with pytest.raises(SetupError, match=r"(?s)exit status 3.*last lines of Allure:\n  out of mem"):
        make_report(results, out, history=history, cache=fake_cache, say=lambda _line: None)

    assert "the good one" in out.read_text("utf-8")
    assert history.read_text("utf-8") == "the good one"
    assert len(list(out.parent.iterdir())) == 2


def test_without_allure_it_says_how_to_get_it(results: Path, tmp_path: Path) -> None:
    assert not installed(tmp_path)
    with pytest.raises(SetupError, match="make report"):
        make_report(
            results, tmp_path / "a", history=tmp_path / "h", cache=tmp_path, say=lambda _line: None
        )


def test_a_folder_that_cannot_be_written_is_named(
    results: Path, tmp_path: Path, fake_cache: Path
) -> None:
    (tmp_path / "reports").touch()

    with pytest.raises(SetupError, match=r"(?s)a file that can be written.*reports/acceptance"):
        make_report(
            results,
            tmp_path / "reports/acceptance.html",
            history=tmp_path / "history.jsonl",
            cache=fake_cache,
            say=lambda _line: None,
        )


def test_a_run_without_results_ends_with_exit_code_99(
    tmp_path: Path, fake_cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["--cache", str(fake_cache), "--results", str(tmp_path / "none")])

    assert code == 99
    assert "run 'make accept'" in capsys.readouterr().out


def test_the_lock_file_records_no_address_of_a_package() -> None:
    lock = json.loads(
        (Path(acceptance.report.html.__file__).parent / "allure/package-lock.json").read_text()
    )

    assert all("resolved" not in package for package in lock["packages"].values())
    assert all("integrity" in package for name, package in lock["packages"].items() if name)
