"""A fault is killed only if the right scenarios are red for the right reason, and only those."""

from dataclasses import replace
from pathlib import Path

import pytest

from domain.verdict import Verdict
from tools.kill_matrix.compare import Row, misses
from tools.kill_matrix.fault import Boot, Expectation, Fault
from tools.kill_matrix.judge import Ending, Judgement
from tools.kill_matrix.report import totals
from tools.kill_matrix.worker import run
from tools.soak import changing

_RED = Ending(verdict=Verdict.FAILED, message="It is wrong.\n  found  a ghost")
_GREEN = Ending(verdict=Verdict.PASSED)
_BLOCKED = Ending(verdict=Verdict.BLOCKED, message="blocked by AC1: not wired")


def _fault(**expected: Expectation) -> Fault:
    return Fault(
        identity="X1",
        title="",
        layer="",
        source="",
        history=(),
        boot=Boot(),
        expected=expected,
        blocked_by="AC1",
    )


_EXPECTED = Expectation(verdicts=frozenset({Verdict.FAILED}), says="a ghost")


def test_killed() -> None:
    endings = {"a": _RED, "b": _GREEN, "c": _BLOCKED}

    assert not misses(_fault(a=_EXPECTED), Judgement(endings=endings))


@pytest.mark.parametrize(
    ("endings", "words"),
    [
        pytest.param({"b": _GREEN}, "a: did not run", id="not run"),
        pytest.param({"a": _GREEN}, "expected failed, found passed", id="not noticed"),
        pytest.param(
            {"a": Ending(verdict=Verdict.FAILED, message="other")},
            "does not say",
            id="other reason",
        ),
        pytest.param({"a": _RED, "b": _RED}, "b: failed, which was not expected", id="collateral"),
        pytest.param(
            {"a": _RED, "b": Ending(verdict=Verdict.BLOCKED, message="blocked by AC2: x")},
            "b: blocked, which was not expected",
            id="blocked by another criterion",
        ),
        pytest.param(
            {"a": _RED, "b": Ending(verdict=Verdict.NOT_PROVEN, message="not proven: x")},
            "b: not proven, which was not expected",
            id="not proven",
        ),
    ],
)
def test_missed(endings: dict[str, Ending], words: str) -> None:
    found = misses(_fault(a=_EXPECTED), Judgement(endings=endings))

    assert len(found) == 1
    assert words in found[0]


def test_a_run_that_was_not_fit_is_a_miss() -> None:
    assert misses(_fault(a=_EXPECTED), Judgement(endings={}, unfit="no lab")) == (
        "nothing was judged: no lab",
    )


def _row(identity: str, ending: Ending, *, naive: bool = True) -> Row:
    return Row(
        identity=identity,
        title="",
        layer="L",
        healthy=False,
        endings={"a": ending},
        misses=(),
        naive={"one": naive, "two": True},
    )


def test_totals_tell_what_the_naive_checks_missed() -> None:
    rows = [_row("1", _RED), _row("2", _RED, naive=False)]

    assert totals(rows) == [("L", 2, 2, 1, 0)]


def test_a_verdict_that_changes_between_runs_is_told() -> None:
    assert changing([_row("1", _GREEN), _row("2", _GREEN)]) == {}
    assert changing([_row("1", _GREEN), _row("2", _RED)]) == {
        "a": {"1": "passed", "2": "failed It is wrong.\n  found  a ghost"}
    }


def test_what_needs_a_browser_is_skipped_and_not_counted_where_there_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    row = run(replace(_fault(a=_EXPECTED), hands="both"))

    assert (row.word, row.right) == ("skipped", True)
    assert "apt-get install chromium" in row.skipped
    assert totals([row]) == []
