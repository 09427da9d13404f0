"""`--stop-at-first-red`: what needs no model's answer is told first, and a red ends the run."""

from pathlib import Path

import pytest

from tests.plugin.project import Run, run, write

_STEPS = """
import pytest
from pytest_bdd import given, parsers, scenarios, then

from acceptance.contract.sentences import States, sentence
from acceptance.errors import Blocked, Subject
from acceptance.plugin.contract import run_of

scenarios(".")


@pytest.fixture(scope="session", autouse=True)
def target(pytestconfig):
    run_of(pytestconfig).reached(target="embedded", versions={}, notes=[])


@given(sentence(parsers.parse('"{model}" is asked'), states=States.ASKED))
def _(model):
    pass


@given("it is blocked")
def _():
    raise Blocked(Subject.CONNECTION, "elsewhere")


@then("it is wrong")
def _():
    raise AssertionError("wrong")


@then("it holds")
def _():
    pass
"""
_FEATURE = """@AC1
Feature: Tiny
  Scenario: Slow
    Given "vllm-qwen" is asked
    Then it holds

  Scenario: Held up
    Given it is blocked
    Then it holds

  Scenario: First
    Then it is wrong

  Scenario: Second
    Then it is wrong
"""


def _run(folder: Path, *arguments: str, tag: str = "AC1") -> Run:
    feature = _FEATURE.replace("@AC1", f"@{tag}")
    write(
        folder,
        plugins=("target", "browser", "api_or_browser", "record"),
        tiny=feature,
        steps=_STEPS,
    )
    return run(folder, "-p", "no:cacheprovider", *arguments)


def _told(done: Run) -> list[str]:
    titles = ("Slow", "Held up", "First", "Second")
    lines = (line for line in done.out.splitlines() if "s)" in line)
    return [title for line in lines for title in titles if f" {title}  (" in line]


def test_what_asks_no_model_is_told_first_and_the_first_red_ends_the_run(tmp_path: Path) -> None:
    done = _run(tmp_path, "--stop-at-first-red")
    assert _told(done) == ["Held up", "First"]
    assert done.code == 1
    assert "NOT ACCEPTED" in done.out
    assert "2 of 4 scenarios were not reached" in (tmp_path / "reports/summary.md").read_text()


def test_nobody_is_stopped_who_did_not_ask_for_it(tmp_path: Path) -> None:
    assert _told(_run(tmp_path)) == ["Slow", "Held up", "First", "Second"]


@pytest.mark.parametrize("tag", ["seamless"])
def test_what_is_not_required_stops_nothing(tmp_path: Path, tag: str) -> None:
    done = _run(tmp_path, "--stop-at-first-red", tag=tag)
    assert _told(done) == ["Held up", "First", "Second", "Slow"]
