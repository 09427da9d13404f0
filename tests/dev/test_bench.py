"""What the bench counts, and as whose time."""

import sys
from pathlib import Path

import pytest

from acceptance.report.waterfall import Profile, picture, told
from acceptance.spans import TARGET_STARTS, Kind, Span
from acceptance.target import Call
from dev.bench import Figures, browser_pass, figures, measured
from tests.plugin import project
from tests.prepared import ENVIRONMENT
from tests.sources import REPOSITORY

_SECONDS = {
    "steps/test_story.py::test_open": 1.0,
    "steps/test_story.py::test_open[browser]": 4.0,
    "steps/test_story.py::test_answers[vllm-qwen-vLLM]": 1.0,
    "steps/test_story.py::test_answers[browser-vllm-qwen-vLLM]": 2.0,
    "steps/test_story.py::test_declared": 50.0,
}
_FEATURE = "Feature: F\n  Scenario: S\n    Given all is well\n    Then it takes a while\n"
_STEP = """

@then("it takes a while")
def _():
    {0}
"""
_SLEEP = "import time; time.sleep({seconds})"
_ASK = """
    from acceptance.spans import Kind, span
    with span(Kind.REQUEST, "a program"):
        import time; time.sleep({seconds})
"""


def test_a_browsers_pass_is_compared_with_the_same_scenarios_by_the_api() -> None:
    assert browser_pass(_SECONDS) == (6.0, 2.0)


def test_where_only_one_of_them_played_there_is_nothing_to_compare() -> None:
    assert browser_pass({"test_open": 1.0}) == (0, 0)
    assert browser_pass({"test_open[browser]": 1.0}) == (0, 0)


def _run(folder: Path, step: str) -> Figures:
    folder.mkdir()
    steps = project.STEPS + _STEP.format(step)
    project.write(folder, plugins=("profile",), feature=_FEATURE, steps=steps)
    command = [sys.executable, "-m", "pytest", "--profile-run", "-p", "settings_for_tests"]
    (folder / "settings_for_tests.py").write_text(
        "from acceptance.plugin import settings\n"
        "def pytest_addoption(parser):\n    settings.add_options(parser)\n"
    )
    with pytest.MonkeyPatch.context() as patch:
        for name, value in ENVIRONMENT.items():
            patch.setenv(name, value)
        patch.setenv("PYTHONPATH", f"{REPOSITORY}:{folder}")
        return measured(command, folder / "reports", folder=folder)


def test_a_sleep_added_to_the_suite_appears_as_its_overhead(tmp_path: Path) -> None:
    asked = _run(tmp_path / "asked", _ASK.format(seconds=3))
    slept = _run(tmp_path / "slept", f"{_ASK.format(seconds=0.5)}\n    {_SLEEP.format(seconds=3)}")

    assert (asked.code, slept.code) == (0, 0)
    assert asked.busy >= 3 > slept.busy >= 0.5
    assert slept.own - slept.begins >= 3, "beside the start of the process"
    assert asked.own > asked.begins > 0.1, "which is the suite's own, too"


def _span(kind: Kind, name: str, began: float, ended: float, words: str = "") -> Span:
    return Span(kind=kind, name=name, began=began, ended=ended, words=words)


_NOTED = (
    _span(Kind.REQUEST, "of an earlier run", 5, 9),
    _span(Kind.SCENARIO, "steps/test_story.py::test_asks", 10, 16),
    _span(Kind.QUESTION, "vllm-qwen", 11, 15, words="acorn anchor"),
    _span(Kind.REQUEST, "POST", 11, 11.5),
    _span(Kind.PAUSE, "the answer", 11.5, 14.5),
    _span(Kind.REQUEST, "GET", 14.5, 15),
    _span(Kind.PHASE, "the page is made", 16, 18),
)
_CALLS = (
    Call(provider="vLLM", model="m", question="acorn anchor", answered=True, at=7, tokens=9),
    Call(
        provider="vLLM",
        model="m",
        question="say acorn anchor",
        answered=True,
        at=12,
        until=13,
        tokens=3,
    ),
)


def _profile() -> Profile:
    return Profile.of(_NOTED, _CALLS, began=10, ended=20)


def test_a_question_is_under_way_until_its_provider_said_the_last_word() -> None:
    profile = _profile()
    assert profile.busy == pytest.approx(2.5)  # 11 to 13, and the look at 14.5
    assert profile.paused == pytest.approx(1.5)


def test_the_start_of_the_target_is_not_the_runs_own_time() -> None:
    noted = (
        _span(Kind.PHASE, TARGET_STARTS, 10.5, 16),
        _span(Kind.PAUSE, "LiteLLM to start", 11, 15),
        _span(Kind.REQUEST, "POST", 15, 15.5),
        _span(Kind.PAUSE, "the answer", 16, 17),
    )
    profile = Profile.of(noted, (), began=10, ended=18)
    assert profile.starting == pytest.approx(5)
    assert profile.own == pytest.approx(2.5)
    assert profile.paused == pytest.approx(1)


def test_what_was_asked_before_the_run_is_not_of_it() -> None:
    profile = _profile()
    assert (profile.questions, profile.tokens) == (1, 3)
    assert "of an earlier run" not in {each.name for each in profile.spans}


def test_the_critical_path_is_what_was_waited_for_one_after_the_other() -> None:
    noted = (
        _span(Kind.REQUEST, "first", 0, 1),
        _span(Kind.REQUEST, "quick", 1, 2),
        _span(Kind.REQUEST, "slow", 1, 4),
        _span(Kind.REQUEST, "last", 4, 5),
    )
    profile = Profile.of(noted, (), began=0, ended=5)
    assert {each.name for each in profile.critical()} == {"first", "slow", "last"}
    assert [line.split("|")[2].strip() for line in told(profile) if " * |" in line] == [
        *("first", "slow", "last")
    ]


def test_a_profile_is_read_as_it_was_written(tmp_path: Path) -> None:
    (tmp_path / "profile.json").write_text(_profile().written())
    assert Profile.read(tmp_path / "profile.json") == _profile()
    assert figures(_profile(), whole=12, code=0).own == pytest.approx(9.5)


def test_what_stands_in_the_picture_is_no_markup() -> None:
    noted = (_span(Kind.REQUEST, '<script>alert("x")</script>', 0, 1),)
    drawn = picture(Profile.of(noted, (), began=0, ended=1))
    assert "<script>" not in drawn
    assert "&lt;script&gt;" in drawn
