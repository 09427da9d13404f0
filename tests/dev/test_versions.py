"""`make versions`: pairs as versions of the two programs, and the table that it writes."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from acceptance.errors import SetupError
from acceptance.verdict import Verdict
from dev import versions
from dev.kill_matrix.compare import Row
from dev.kill_matrix.fault import SLICE, Fault
from dev.kill_matrix.judge import Ending
from dev.versions import DOCUMENT, PAIRS, main, on_pair, pair, written


def _row(identity: str, *misses: str) -> Row:
    return Row(
        identity=identity, title="", layer="", healthy=True, endings={}, misses=misses, seconds=61.0
    )


def _shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *arguments: str, **rows: Row) -> str:
    """The document after a run whose rows end like these, by identity, and all others right."""
    document = tmp_path / "versions.md"
    document.write_text(DOCUMENT.read_text("utf-8"), encoding="utf-8")

    def run(faults: Sequence[Fault], *, known: Callable[[Row], None], **_: object) -> list[Row]:
        made = [
            replace(rows.get(fault.identity.split()[-1], _row("")), identity=fault.identity)
            for fault in faults
        ]
        for row in made:
            known(row)
        return made

    monkeypatch.setattr(versions, "run_embedded", run)
    wrong = any(row.misses for row in rows.values())
    assert main([*arguments, f"--document={document}"]) == int(wrong)
    return document.read_text("utf-8")


def test_on_a_pair_the_whole_story_must_pass() -> None:
    fault = pair("0.7.2+1.80.17", "both")
    assert fault.healthy  # so that it is told as accepted
    assert "The user is told when the whole chain is away" in fault.expected
    beyond = fault.expected["Nobody takes half of an answer for the whole"]
    assert Verdict.FAILED in beyond.verdicts
    story = fault.expected["The user is told when the whole chain is away"]
    assert story.verdicts == {Verdict.PASSED}
    assert fault.versions == {"open-webui": "0.7.2", "litellm": "1.80.17"}


def test_on_a_pair_each_fault_of_the_slice_is_tried() -> None:
    faults = on_pair("0.7.2+1.80.17")
    assert {fault.identity for fault in faults} == {f"0.7.2+1.80.17 {each}" for each in SLICE}
    assert {fault.versions["litellm"] for fault in faults} == {"1.80.17"}


def test_what_is_no_pair_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SetupError, match="write OPEN_WEBUI\\+LITELLM"):
        pair("0.7.2", "api")
    assert main(["0.7.2"]) == 99
    assert "'0.7.2' is no pair" in capsys.readouterr().out


def test_a_cell_is_written_into_the_table_and_nothing_else_changes() -> None:
    text = DOCUMENT.read_text("utf-8")
    once = written(text, "9+9", {2: "a \\| b"})
    assert "| 9 | 9 | a \\| b | not run yet |\n\n" in once
    assert "| 9 | 9 | a \\| b | 3 of 3 |\n\n" in written(once, "9+9", {3: "3 of 3"})
    assert written(text, PAIRS[0], {}) == text
    assert len(once.splitlines()) == len(text.splitlines()) + 1
    assert once.partition("<!-- pairs -->")[0] == text.partition("<!-- pairs -->")[0]


def test_the_story_is_told_in_its_column(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = _row("", "a | b\nc")
    shown = _shown(tmp_path, monkeypatch, "9+9", "9+8", **{"9+8": wrong})
    assert "| 9 | 9 | ACCEPTED, 0 scenarios, 61 s | not run yet |" in shown
    assert "| 9 | 8 | a \\| b c | not run yet |" in shown


def test_the_faults_are_told_in_theirs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    missed, skipped = _row("", "nobody noticed"), replace(_row(""), skipped="no browser")
    shown = _shown(tmp_path, monkeypatch, "9+9", "--slice", F120=missed, B1=skipped)
    every = len(SLICE) - 1
    assert f"| 9 | 9 | not run yet | {every - 1} of {every}; F120: nobody noticed |" in shown


def test_what_no_sign_off_needs_is_told_and_makes_no_pair_red(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = {"Half an answer": Ending(verdict=Verdict.FAILED, message="half")}
    row = replace(_row(""), endings=failed)
    told = "| ACCEPTED, 1 scenarios, 61 s; beyond the story, not shown: Half an answer |"
    assert told in _shown(tmp_path, monkeypatch, "9+9", **{"9+9": row})


def test_the_document_names_every_pair() -> None:
    rows = DOCUMENT.read_text("utf-8")
    assert all(f"| {each.replace('+', ' | ')} |" in rows for each in PAIRS)
