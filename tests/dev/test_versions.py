"""`make versions`: pairs as images, and the table that it writes."""

from dataclasses import replace

import pytest

from acceptance.errors import SetupError
from acceptance.verdict import Verdict
from dev.kill_matrix.changes import Patch
from dev.kill_matrix.compare import Row
from dev.kill_matrix.judge import Ending
from dev.versions import DOCUMENT, PAIRS, main, pair, written


def _row(identity: str, *misses: str) -> Row:
    return Row(
        identity=identity, title="", layer="", healthy=True, endings={}, misses=misses, seconds=61.0
    )


def test_a_pair_is_two_images_and_the_whole_story_must_pass() -> None:
    fault = pair("0.7.2+1.80.17")
    assert "The user is told when the whole chain is away" in fault.expected
    beyond = fault.expected["Nobody takes half of an answer for the whole"]
    assert Verdict.FAILED in beyond.verdicts
    story = fault.expected["The user is told when the whole chain is away"]
    assert story.verdicts == {Verdict.PASSED}
    images = [each.json[0]["value"] for each in fault.boot.at_boot if isinstance(each, Patch)]
    assert images == [
        "ghcr.io/open-webui/open-webui:0.7.2",
        "ghcr.io/berriai/litellm:main-v1.80.17-stable",
    ]


def test_what_is_no_pair_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SetupError, match="write OPEN_WEBUI\\+LITELLM"):
        pair("0.7.2")
    assert main(["0.7.2"]) == 99
    assert "'0.7.2' is no pair" in capsys.readouterr().out


def test_rows_are_written_into_the_table_and_nothing_else_changes() -> None:
    text = DOCUMENT.read_text("utf-8")
    once = written(text, [_row("0.8.12+1.83.14", "a | b\nc"), _row("0.7.2+1.80.17"), _row("9+9")])
    assert (
        "| 0.7.2 | 1.80.17 | ACCEPTED, 0 scenarios, 61 s |\n| 0.8.12 | 1.83.14 | a \\| b c |"
        in once
    )
    assert "| 9 | 9 | ACCEPTED, 0 scenarios, 61 s |\n\n" in once
    assert written(text, []) == text
    assert len(once.splitlines()) == len(text.splitlines()) + 1
    assert once.partition("<!-- pairs -->")[0] == text.partition("<!-- pairs -->")[0]


def test_what_no_sign_off_needs_is_told_and_makes_no_pair_red() -> None:
    failed = {"Half an answer": Ending(verdict=Verdict.FAILED, message="half")}
    row = replace(_row("0.7.2+1.80.17"), endings=failed)
    told = "| ACCEPTED, 1 scenarios, 61 s; beyond the story, not shown: Half an answer |"
    assert told in written(DOCUMENT.read_text("utf-8"), [row])


def test_the_document_names_every_pair() -> None:
    rows = DOCUMENT.read_text("utf-8")
    assert all(f"| {each.replace('+', ' | ')} |" in rows for each in PAIRS)
