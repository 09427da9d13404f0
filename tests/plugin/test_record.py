"""The record of a run: whole, comparable, masked, and never replaced by half a run."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from acceptance.report.consistency import contradictions
from acceptance.report.record import Record, intact, read
from acceptance.report.suite import suite
from tests.plugin.project import Run, run, write
from tests.sources import REPOSITORY
from tests.story import CRITERIA, REQUIREMENTS, TAGS, TASKS

_ALL = " ".join(f"@{tag}" for tag in TAGS)
_FEATURE = f"""
{_ALL}
Feature: Whole

  Scenario: First
    Given all is well

  Scenario: Second
    Given all is well
    Then "vllm-qwen" is offered
"""
_INTERRUPTED = "When it is interrupted\n    Then"
_FOUND = """
from dataclasses import replace
from acceptance.checks.findings import Findings, Served
from acceptance.checks.proof import Answer, Provenance

@pytest.fixture(scope="session", autouse=True)
def found(target, pytestconfig):
    who = Provenance(group="MODEL", deployment="1", api_base="http://host/v1", upstream=True)
    answer = Answer(model="MODEL", nonce="K", text="K", provenance=who, first_seconds=0.5)
    findings = Findings(chain=("vllm-qwen", "ollama-qwen")).answering(answer)
    findings = findings.answering(replace(answer, first_seconds=2.5), ["vLLM refuses connections"])
    run_of(pytestconfig).findings = findings
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    _write(tmp_path)
    return tmp_path


def _write(folder: Path, feature: str = _FEATURE, model: str = "vllm-qwen") -> None:
    write(folder, plugins=("record",), whole=feature)
    with (folder / "test_features.py").open("a") as steps:
        steps.write(_FOUND.replace("MODEL", model))


def _record(done: Run, name: str = "signoff.json") -> Record:
    text = (done.reports / name).read_text()
    assert intact(text)
    assert contradictions(text) == ()
    return read(text)[0]


def test_a_green_run_leaves_a_record_and_its_texts(project: Path) -> None:
    done = run(project, ACCEPTANCE_RAN_BY="Ada")

    record = _record(done)
    assert done.code == 0, done.out
    assert (record.verdict, record.partial, record.target) == ("ACCEPTED", "", "embedded")
    assert record.versions == {"Open WebUI": "0.12.4", "LiteLLM": "1.106.2"}
    assert record.ran_by == "Ada"
    assert {each.verdict for each in record.requirements} == {"passed"}
    assert [each.title for each in record.scenarios] == ["First", "Second"]
    assert (record.previous, record.changes) == ("", ())
    assert record.findings.chain == ("vllm-qwen", "ollama-qwen")
    assert record.suite == suite(REPOSITORY), "the suite's own, wherever it is called"
    assert "## ACCEPTED on embedded" in (done.reports / "summary.md").read_text()
    assert "| `vllm-qwen` |" in (done.reports / "models.md").read_text()
    assert (
        'acceptance_accepted{target="embedded"} 1.0' in (done.reports / "metrics.prom").read_text()
    )


def test_the_next_run_says_what_changed_in_terminal_and_record(project: Path) -> None:
    before = (run(project).reports / "signoff.json").read_text()
    _write(project, _FEATURE.replace('"vllm-qwen" is', '"missing" is'), model="another")

    done = run(project)

    record = _record(done)
    assert record.previous == json.loads(before)["digest"]
    expected = [
        f"{', '.join(CRITERIA | REQUIREMENTS | TASKS)}: was passed, is failed",
        '"Second" was passed, is failed',
        "no longer served: vllm-qwen",
        "newly served: another",
    ]
    for sentence in expected:
        assert sentence in record.changes
        assert f"changed: {sentence}" in done.out
    assert record.verdict == "NOT ACCEPTED"


def test_a_run_like_the_last_one_says_that_nothing_changed(project: Path) -> None:
    run(project)

    done = run(project)

    assert _record(done).changes == ()
    assert "nothing changed since the last record" in done.out


@pytest.mark.parametrize("field", ["contract", "target"])
def test_what_was_judged_otherwise_is_no_change(project: Path, field: str) -> None:
    earlier = run(project).reports / "signoff.json"
    earlier.write_text(json.dumps({**json.loads(earlier.read_text()), field: "other"}))

    done = run(project)

    record = _record(done)
    assert (record.previous, record.changes) == ("", ())
    assert "other" in record.notes[-1]
    assert record.notes[-1].endswith(": nothing is compared with it")
    assert "nothing changed" not in done.out


@pytest.mark.parametrize(
    ("arguments", "feature", "why"),
    [
        (("-k", "first"), _FEATURE, "1 scenarios were left out"),
        (("-x",), _FEATURE.replace("all is well", "nobody knows", 1), "ended early, 1 of 2"),
        ((), _FEATURE.replace("Given all is well\n    Then", _INTERRUPTED), "interrupted, 1 of 2"),
        ((), _FEATURE.replace("@AC2", ""), "1 rows of the story have no scenario in this run"),
    ],
    ids=["selected", "stopped early", "interrupted", "a row is missing"],
)
def test_only_a_whole_run_replaces_the_record(
    project: Path, arguments: tuple[str, ...], feature: str, why: str
) -> None:
    earlier = run(project)
    kept = {
        name: (earlier.reports / name).read_bytes()
        for name in ("signoff.json", "metrics.prom", "models.md")
    }
    (project / "whole.feature").write_text(feature)

    done = run(project, *arguments)

    assert {name: (done.reports / name).read_bytes() for name in kept} == kept
    assert why in _record(done, "signoff-partial.json").partial
    assert "**Partial:**" in (done.reports / "summary.md").read_text()


def test_the_next_whole_run_removes_the_partial_record(project: Path) -> None:
    run(project, "-k", "first")
    assert (project / "reports/signoff-partial.json").exists()

    done = run(project)

    assert not (done.reports / "signoff-partial.json").exists()
    assert _record(done).verdict == "ACCEPTED"


def test_a_signed_record_is_kept_when_the_next_run_replaces_it(project: Path) -> None:
    signed = (run(project).reports / "signoff.json").read_bytes()
    (project / "reports/signoff.json.sig").write_text("a signature")

    done = run(project)

    (kept,) = (done.reports / "signed").iterdir()
    assert (kept / "signoff.json").read_bytes() == signed
    assert (kept / "signoff.json.sig").read_text() == "a signature"
    assert not (done.reports / "signoff.json.sig").exists(), "it was made for another record"


_DAMAGED = {
    "cut off": lambda text: text[: len(text) // 2],
    "edited": lambda text: text.replace("ACCEPTED", "REJECTED"),
    "not UTF-8": lambda text: text + "\udcff",
    "too deep": lambda _text: "[" * 100_000,
    "not there": lambda _text: None,
}


@pytest.mark.parametrize("damage", _DAMAGED.values(), ids=_DAMAGED)
def test_a_damaged_record_that_was_signed_is_put_aside_and_costs_no_run_its_reports(
    project: Path, damage: Callable[[str], str | None]
) -> None:
    signed = run(project).reports / "signoff.json"
    damaged = damage(signed.read_text())
    if damaged is None:
        signed.unlink()
    else:
        signed.write_text(damaged, errors="surrogateescape")
    (project / "reports/signoff.json.sig").write_text("a signature")

    done = run(project)

    assert done.code == 0, done.out
    (kept,) = (done.reports / "signed").iterdir()
    assert (kept / "signoff.json.sig").read_text() == "a signature"
    if damaged is not None:
        assert (kept / "signoff.json").read_text(errors="surrogateescape") == damaged
    note = _record(done).notes[-1]
    assert note.startswith("signoff.json, which was signed, is damaged (")
    assert f"kept in reports/signed/{kept.name}/" in note
    assert f"remark: {note}" in done.out
    assert not (done.reports / "signoff.json.sig").exists()


def test_an_earlier_record_that_is_a_pipe_is_not_waited_for(project: Path) -> None:
    record = run(project).reports / "signoff.json"
    record.unlink()
    os.mkfifo(record)

    done = run(project)

    assert done.code == 0, done.out
    assert "the earlier record is unreadable: " in _record(done).notes[-1]


def test_a_damaged_record_takes_no_good_ones_place(project: Path) -> None:
    good = (run(project).reports / "signoff.json").read_text()
    for text in (good, good.replace("ACCEPTED", "REJECTED")):
        (project / "reports/signoff.json").write_text(text)
        (project / "reports/signoff.json.sig").write_text("a signature")
        run(project)

    kept = [each.read_text() for each in (project / "reports/signed").glob("*/signoff.json")]
    assert sorted(map(intact, kept)) == [False, True]
    assert good in kept


@pytest.mark.parametrize("arguments", [(), ("--alluredir=there",), ("-k", "first")])
def test_no_page_or_signature_of_an_earlier_run_stays_beside_the_record(
    project: Path, arguments: tuple[str, ...]
) -> None:
    reports = run(project).reports
    (reports / "acceptance.html").write_text("the earlier one")
    (reports / "signoff.json.sig").write_text("a signature")

    run(project, *arguments)

    assert not (reports / "acceptance.html").exists()
    partial = "-k" in arguments
    assert (reports / "signoff.json.sig").exists() == partial, "it is of the whole run before"


def test_an_unreadable_earlier_record_is_said_and_no_obstacle(project: Path) -> None:
    (project / "reports").mkdir()
    (project / "reports/signoff.json").write_text('{"format": 99}')

    done = run(project)

    assert done.code == 0
    assert "the earlier record is unreadable: format 99" in _record(done).notes[-1]
