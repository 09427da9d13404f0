"""A fault is killed only if the right scenarios are red for the right reason, and only those."""

from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import pytest

from acceptance.errors import Inconclusive
from acceptance.lab import environments
from acceptance.plugin.gherkin import DISRUPTIVE
from acceptance.verdict import Verdict
from dev.kill_matrix import worker
from dev.kill_matrix.compare import Row, misses
from dev.kill_matrix.fault import Boot, Expectation, Fault
from dev.kill_matrix.judge import STORY, Ending, Judgement, runs_unnamed
from dev.kill_matrix.report import totals
from dev.kill_matrix.worker import run
from dev.soak import changing

_RED = Ending(verdict=Verdict.FAILED, message="It is wrong.\n  found  a ghost")
_GREEN = Ending(verdict=Verdict.PASSED)
_BLOCKED = Ending(verdict=Verdict.BLOCKED, message="not wired", blocked_by="AC1")


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


def test_what_disturbs_or_goes_beyond_the_story_is_judged_where_a_file_names_it() -> None:
    (beyond,) = (row.tag for row in STORY.rows if not row.required and row.name == "seamless")

    assert runs_unnamed({"AC1"}, STORY)
    assert runs_unnamed(set(), STORY)
    assert not runs_unnamed({"AC3", DISRUPTIVE}, STORY)
    assert not runs_unnamed({beyond}, STORY)
    assert runs_unnamed({beyond, "AC3"}, STORY)


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
            {"a": _RED, "b": Ending(verdict=Verdict.BLOCKED, message="x", blocked_by="AC2")},
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
    monkeypatch.setattr(environments, "CACHE", tmp_path)
    row = run(replace(_fault(a=_EXPECTED), hands="both"))

    assert (row.word, row.right) == ("skipped", True)
    assert "apt-get install chromium" in row.skipped
    assert totals([row]) == []


def test_a_fault_is_tried_once_more_after_an_accident_of_the_lab_and_that_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    accident = Inconclusive("The program of pod ml/litellm-0 was killed")
    restful = Mock(side_effect=[accident, None])
    monkeypatch.setattr(worker, "_lab", (Mock(), Mock()))
    monkeypatch.setattr(worker, "inject", Mock(return_value=Mock(at_rest=restful, open_webui="")))
    once, again = Judgement(endings={"b": _RED}), Judgement(endings={"a": _RED})
    monkeypatch.setattr(worker, "judge", Mock(side_effect=[once, again]))

    row = run(_fault(a=_EXPECTED))

    assert (row.right, row.accident) == (True, str(accident))


def test_a_miss_without_an_accident_is_not_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    judge = Mock(return_value=Judgement(endings={"b": _RED}))
    monkeypatch.setattr(worker, "_lab", (Mock(), Mock()))
    monkeypatch.setattr(worker, "inject", Mock(return_value=Mock(open_webui="")))
    monkeypatch.setattr(worker, "judge", judge)

    assert not run(_fault(a=_EXPECTED)).right
    judge.assert_called_once()


_CROWD = dict.fromkeys("abcd", _RED)


@pytest.mark.parametrize(
    ("ours", "many", "right"),
    [(True, "", False), (True, "four lists", True), (False, "", True)],
)
def test_a_fault_of_ours_with_many_red_lines_needs_a_reason(
    monkeypatch: pytest.MonkeyPatch, many: str, *, ours: bool, right: bool
) -> None:
    expected = dict.fromkeys(_CROWD, _EXPECTED)
    monkeypatch.setattr(worker, "_lab", (Mock(), Mock()))
    monkeypatch.setattr(worker, "inject", Mock(return_value=Mock(open_webui="")))
    monkeypatch.setattr(worker, "judge", Mock(return_value=Judgement(endings=_CROWD)))

    row = run(replace(_fault(**expected), ours=ours, many=many))

    assert (row.red, row.right) == (4, right)
    assert bool(row.crowded) is not bool(many)


def test_few_red_lines_need_no_reason() -> None:
    few = {"a": _RED, "b": _RED, "c": _RED, "d": _BLOCKED, "e": _GREEN}
    row = replace(_row("1", _RED), endings=few)

    assert (row.red, row.crowded) == (3, "")
