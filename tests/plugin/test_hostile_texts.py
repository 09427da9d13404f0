"""Whatever a program says, or a secret is, each report can be read and nothing in it acts."""

import json
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from acceptance.report.record import intact, read
from tests.plugin.project import STEPS, Run, run, write
from tests.story import TAGS

_WORDS = "target passed failure failed blocked inconclusive proven embedded testcase message "
_WORDS += "status verdict scenarios 123456 2026-11 uuid statusDetails uuid true 1 expected Scenario"
_STEPS = """
from dataclasses import replace

import allure
from acceptance.shown import whole
from acceptance.checks.findings import Findings, Served
from acceptance.timeline import Moment, Timeline

SAID = {said!r}
SECRETS = {secrets!r}


@pytest.fixture(scope="session", autouse=True)
def learn(target, pytestconfig):
    for secret in SECRETS:
        redactor(pytestconfig).add(Secret(secret))
    about = pytestconfig.stash[JUDGED]
    compared = Compared(criterion="AC1", declared=SAID, effective=SAID, observed=SAID)
    found = Findings(endpoint=SAID, models=(Served(name=SAID, upstream=SAID, host=SAID),))
    pytestconfig.stash[JUDGED] = replace(
        about, versions={{"Open WebUI": SAID}}, compared=(compared,), notes=(SAID,), findings=found
    )


@given("everything speaks")
def _(record_property, attach):
    print(whole(SAID))  # Python itself prints no half, and Allure makes no identity of one
    record_property("said", SAID)
    attach("what was said", SAID)
    attach("time line", Timeline(moments=(Moment(seconds=1.0, what=SAID),)))
    allure.attach(SAID, SAID, allure.attachment_type.TEXT)
    allure.dynamic.parameter("said", whole(SAID))


@then("it fails")
def _():
    assert not SAID, explain(SAID, expected=SAID, found=SAID, where=SAID, fix=SAID)


@then("it breaks with it")
def _():
    raise ValueError(SAID)


@then("it is refused")
def _():
    raise Inconclusive(SAID)


@then("it blocks")
def _():
    raise Blocked("AC1", SAID)
"""
_ENDS = {
    "Green": "Then it holds",
    "Red": "Then it fails",
    "Broken": "Then it breaks with it",
    "Refused": "Then it is refused",
    "Held": "Then it blocks",
}
_FEATURE = f"{' '.join(f'@{tag}' for tag in TAGS)}\nFeature: Hostile\n" + "".join(
    f"\n  Scenario: {title}\n    Given everything speaks\n    {then}\n"
    for title, then in _ENDS.items()
)


def _run(folder: Path, said: str, *secrets: str) -> Run:
    steps = STEPS + _STEPS.format(said=said, secrets=secrets)
    write(folder, plugins=("record", "evidence"), hostile=_FEATURE, steps=steps)
    done = run(folder, "-rA", "-o", "junit_logging=all", "-o", "junit_family=xunit1")
    assert done.code == 1, done.out
    assert "INTERNALERROR" not in done.out
    return done


def _check_reports(done: Run) -> None:
    """Each is what its reader takes it for, with the states and ids that it must have."""
    text = (done.reports / "signoff.json").read_text()
    record, _ = read(text)
    assert intact(text)
    assert (record.verdict, record.target) == ("NOT ACCEPTED", "embedded")
    assert record.statement.startswith("NOT ACCEPTED on embedded: of 5 scenarios: 2 failed")
    verdicts = {each.title: each.verdict for each in record.scenarios}
    assert verdicts == {
        "Green": "passed",
        "Red": "failed",
        "Broken": "failed",
        "Refused": "inconclusive",
        "Held": "blocked",
    }
    states = {name: result["status"] for name, result in done.results.items()}
    assert states == {
        "Green": "passed",
        "Red": "failed",
        "Broken": "broken",
        "Refused": "skipped",
        "Held": "skipped",
    }
    for result in done.results.values():
        assert result["uuid"].count("-") == 4
        assert result["stop"] >= result["start"]
        sources = [
            each["source"] for step in result["steps"] for each in step.get("attachments", ())
        ]
        assert sources
        for source in sources:
            file = done.reports / "allure-results" / source
            if file.suffix == ".svg":
                ET.fromstring(file.read_text())  # noqa: S314  # the suite drew it
    messages = {
        name: result["statusDetails"]["message"]
        for name, result in done.results.items()
        if name != "Green"
    }
    assert messages["Refused"].startswith("inconclusive: ")
    assert messages["Held"].startswith("blocked by AC1: ")
    suite = ET.parse(done.reports / "junit.xml").getroot()[0]  # noqa: S314  # pytest wrote it
    assert {name: suite.get(name) for name in ("tests", "failures", "skipped", "errors")} == {
        "tests": "5",
        "failures": "2",
        "skipped": "2",
        "errors": "0",
    }
    for name in ("environment.properties", "categories.json", "executor.json"):
        text = (done.reports / "allure-results" / name).read_text()
        assert json.loads(text) if name.endswith("json") else "Open\\ WebUI=" in text


def test_a_secret_that_is_a_word_of_the_reports_destroys_none(tmp_path: Path) -> None:
    done = _run(tmp_path, f"it said: {_WORDS}", *_WORDS.split())

    _check_reports(done)
    record, _ = read((done.reports / "signoff.json").read_text())
    assert "target" not in record.notes[0]
    assert "passed" not in record.notes[0]
    text = done.results["Red"]["statusDetails"]["message"]
    assert "failure" not in text
    assert re.search(r"^=+ .*\b2 failed, 1 passed, .*in [\d.]+s.* =+$", done.out, re.MULTILINE)
    assert re.search(r"✓ passed +Green", done.out)


HOSTILE = {
    "halves": "\ud83d lone, \ud83d\ude00 joined, \udcff of bytes",
    "escapes": "\x1b[2J\x1b]0;title\x07\x9b31m\x00 and \r back",
    "marks": "gpt\u202e4o \u2066x\u2069 \u200b\ufeff\u00ad \u2028 end",
    "markup": "</failure>]]><img src=x onerror=alert(1)> [x](y) <!-- acceptance: x --> @ada",
}


@pytest.mark.parametrize("said", HOSTILE.values(), ids=HOSTILE)
def test_what_a_program_says_is_read_in_each_report_and_acts_in_none(
    tmp_path: Path, said: str
) -> None:
    done = _run(tmp_path, said)

    _check_reports(done)
    acting = {
        "\x1b",
        "\x07",
        "\x9b",
        "\x00",
        "\r",
        "\u202e",
        "\u2066",
        "\u200b",
        "\ufeff",
        "\u2028",
    }
    written = {
        str(path): path.read_text("utf-8") for path in done.reports.rglob("*") if path.is_file()
    }
    for place, text in {"the terminal": done.out, **written}.items():
        assert not set(text) & acting, place
    for name in ("summary.md",):
        assert "<img" not in written[str(done.reports / name)]
        assert "<!-- acceptance" not in written[str(done.reports / name)]
