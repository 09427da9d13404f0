"""A scenario's drill ends with it, however it ended, and its report shows that as its last step."""

from pathlib import Path

import pytest

from tests.plugin.project import STEPS, Run, run, write

_STEPS = """
from types import SimpleNamespace

import allure

from acceptance.contract.sentences import sentence
from acceptance.checks.findings import Findings
from acceptance.checks.proof import Answer
from acceptance.target import Outage


class Outages:
    slow_to_return = True
    away = set()

    def check(self, provider, outage):
        if provider == "OpenAI":
            raise NotProven("OpenAI stays", required=False)

    def take_away(self, provider, outage):
        self.away.add(provider)
        print(f"taken: {provider}")

    def restore(self, keep=()):
        back = sorted(self.away.difference(keep))
        self.away.difference_update(back)
        print(f"given back: {back}")
        return tuple(f"{each} is as before" for each in back)


@pytest.fixture(scope="session")
def target():
    return SimpleNamespace(outages=Outages(), cluster=None)


@pytest.fixture(scope="session")
def gateway():
    answer = Answer(model="vllm-qwen", nonce="K", text="K", seconds=0.1)
    return SimpleNamespace(
        ask=lambda question: answer, cooldown=lambda: 0.0, forget=lambda: None
    )


@pytest.fixture(scope="session")
def well():
    return SimpleNamespace(check=lambda model: None, settle=lambda: None)


@pytest.fixture(scope="session")
def say():
    return print


@pytest.fixture(scope="session")
def attach():
    return lambda name, seen: allure.attach(str(seen), name=name)


@pytest.fixture(scope="session")
def run():
    class Run:
        def __init__(self):
            self.known = Findings()

        @property
        def findings(self):
            return self.known

        @findings.setter
        def findings(self, findings):
            self.known = findings
            print("recoveries:", len(findings.recoveries))

    return Run()


@given(
    sentence(
        parsers.parse("{provider} refuses connections"), takes_away=True, outage=Outage.REFUSED
    )
)
def _(drill, provider):
    drill.take_away(provider, Outage.REFUSED)


@then("nothing is away")
def _():
    assert Outages.away == set()
"""
_NEVER_AGAIN = """

@pytest.fixture(scope="session")
def gateway():
    pytest.MonkeyPatch().setattr("acceptance.clients.drill._LOADED", 0.1)
    answer = Answer(model="vllm-qwen", nonce="K", error="not loaded", seconds=0.1)
    return SimpleNamespace(
        ask=lambda question: answer, cooldown=lambda: 0.0, forget=lambda: None
    )
"""
_TAKES = "vLLM refuses connections"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with drills that are played."""
    write(tmp_path, plugins=("interruption", "drills"), steps=STEPS + _STEPS)
    return tmp_path


def _run(project: Path, *scenarios: str) -> Run:
    lines = ["Feature: Drills"]
    for number, sentences in enumerate(scenarios, start=1):
        lines.append(f"\n  Scenario: Number {number}")
        lines += [f"    {each.strip()}" for each in sentences.split("/")]
    (project / "drills.feature").write_text("\n".join(lines))
    return run(project, "-s")


def _done(result: Run) -> list[str]:
    kinds = ("taken:", "given back:")
    return [line for line in result.out.splitlines() if line.startswith(kinds)]


@pytest.mark.parametrize("ending", ["it holds", "it breaks", '"missing" is offered'])
def test_it_ends_with_its_scenario_however_that_ended(project: Path, ending: str) -> None:
    result = _run(project, f"Given {_TAKES} / When it is tried / Then {ending}")

    assert _done(result) == ["taken: vLLM", "given back: ['vLLM']"]
    last = result.results["Number 1"]["steps"][-1]
    assert (last["name"], last["status"]) == ("The drill ends", "passed")
    (line,) = last["attachments"]
    told = (result.reports / "allure-results" / line["source"]).read_text()
    assert [each.split("  ")[-1] for each in told.splitlines()] == [
        "vLLM refuses connections",
        "vLLM is as before",
        "vllm-qwen serves again",
    ]
    assert "recoveries: 1" in result.out


def test_of_two_failures_the_scenarios_own_is_told_and_the_other_shown(project: Path) -> None:
    with (project / "test_features.py").open("a") as steps:
        steps.write(_NEVER_AGAIN)
    result = _run(project, f'Given {_TAKES} / When it is tried / Then "missing" is offered')
    found = result.results["Number 1"]
    assert found["statusDetails"]["message"].startswith("missing is not offered.")
    assert (found["steps"][-1]["name"], found["steps"][-1]["status"]) == (
        "The drill ends",
        "failed",
    )


def test_a_model_that_does_not_serve_again_is_a_failure(project: Path) -> None:
    with (project / "test_features.py").open("a") as steps:
        steps.write(_NEVER_AGAIN)
    result = _run(project, f"Given {_TAKES} / When it is tried / Then it holds")
    assert result.results["Number 1"]["status"] == "failed"
    assert "vllm-qwen: not loaded" in result.out


def test_ctrl_c_ends_it_too(project: Path) -> None:
    result = _run(project, f"Given {_TAKES} / When it is interrupted / Then it holds")
    assert _done(result) == ["taken: vLLM", "given back: ['vLLM']"]
    assert result.code == pytest.ExitCode.INTERRUPTED


def test_what_the_next_drill_takes_too_stays_away_until_then(project: Path) -> None:
    result = _run(
        project,
        f"Given {_TAKES}",
        "Given OpenAI refuses connections",
        f"Given {_TAKES} / When it is tried / Then it holds",
        "Given all is well / Then nothing is away",
    )
    assert _done(result) == ["taken: vLLM", "taken: vLLM", "given back: ['vLLM']"]
    ends = [step["name"] for step in result.results["Number 2"]["steps"]]
    assert ends[-1] == "The drill ends", "its report says what was away meanwhile"


def test_a_next_drill_that_then_does_not_begin_keeps_nothing_away(project: Path) -> None:
    result = _run(
        project,
        f"Given {_TAKES}",
        f"Given it is blocked / And {_TAKES}",
        "Given all is well / Then nothing is away",
    )
    assert _done(result) == ["taken: vLLM", "given back: ['vLLM']"]
    assert result.results["Number 3"]["status"] == "passed"


def test_a_scenario_without_a_drill_shows_none(project: Path) -> None:
    result = _run(project, "Given all is well / Then it holds")
    assert [step["name"] for step in result.results["Number 1"]["steps"]] == [
        "Given all is well",
        "Then it holds",
    ]


_COMES_BACK = """

@given(
    sentence(
        parsers.parse("{provider} was away and is back"), takes_away=True, outage=Outage.REFUSED
    )
)
def _(drill, provider):
    drill.take_away(provider, Outage.REFUSED)
    drill.bring_back()
"""


def test_a_return_that_fails_is_told_by_the_scenario_that_is_about_it(project: Path) -> None:
    with (project / "test_features.py").open("a") as steps:
        steps.write(_NEVER_AGAIN + _COMES_BACK)
    result = _run(
        project,
        f"Given {_TAKES} / When it is tried / Then it holds",
        "Given vLLM was away and is back / When it is tried / Then it holds",
    )
    assert result.results["Number 1"]["status"] == "passed"
    found = result.results["Number 2"]
    assert found["status"] == "failed"
    assert found["statusDetails"]["message"].startswith("vllm-qwen does not serve again")
