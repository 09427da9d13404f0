"""The contract with allure-pytest and pytest-bdd: read from the result files themselves."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from acceptance.plugin.about_the_run import CATEGORIES
from tests.plugin.project import Run, run, write
from tests.story import CRITERIA

_FEATURE = '''
@FR127
Feature: Listing

  What a user may choose.

  @AC2
  Rule: All models are offered

    Background:
      Given all is well

    @task2_1
    Scenario Outline: Offering <model>
      Two kinds.

      When it is tried
      Then "<model>" is offered

      Examples:
        | model     | kind  |
        | vllm-qwen | chain |

      @slow
      Examples:
        | model   | kind  |
        | missing | chain |
        | mistral | other |

    Scenario: In the middle
      Given a table
        | order | model     |
        | 1     | vllm-qwen |
      And a text
        """
        some <b>words</b>
        """
      When it is tried
      Then "missing" is offered
      And it holds

    Scenario: Unproven
      Given it is inconclusive
      Then it holds

    Scenario: Stopped
      Given it is blocked
      Then it holds

    Scenario: Unshown
      Given it is unshown
      Then it holds

    Scenario: Optional
      Given it is optional

    Scenario: Broken
      When it is tried
      Then it breaks
      And it holds

    Scenario: Skipped
      Then it is skipped
      And it holds

    Scenario: Unknown sentence
      Given nobody knows this
      Then it holds

  Rule: Untagged

    Scenario: Plain
      Given all is well
'''


@pytest.fixture(scope="module")
def reported(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("project")
    write(folder, listing=_FEATURE)
    return run(folder)


def _labels(result: dict[str, Any], name: str) -> list[str]:
    return sorted(label["value"] for label in result["labels"] if label["name"] == name)


def _steps(result: dict[str, Any]) -> list[tuple[str, str]]:
    return [(step["name"], step["status"]) for step in result["steps"]]


def test_titles_are_the_features_words_and_unique(reported: Run) -> None:
    assert set(reported.results) == {
        "Offering vllm-qwen (chain)",
        "Offering missing (chain)",
        "Offering mistral (other)",
        "In the middle",
        "Unproven",
        "Stopped",
        "Unshown",
        "Optional",
        "Broken",
        "Skipped",
        "Unknown sentence",
        "Plain",
    }


def test_labels_place_a_scenario_in_the_story(reported: Run) -> None:
    result = reported.results["Offering mistral (other)"]
    assert _labels(result, "epic") == ["Story 17.2: Open WebUI on LiteLLM"]
    assert _labels(result, "feature") == _labels(result, "suite") == ["Listing"]
    assert _labels(result, "story") == _labels(result, "subSuite") == ["All models are offered"]
    assert _labels(result, "severity") == ["critical"]
    assert _labels(result, "tag") == ["AC2", "FR127", "slow", "task 2.1"]
    assert result["titlePath"] == ["Listing", "All models are offered"]
    assert _labels(result, "criterion") == [f"AC2: {CRITERIA['AC2']}"]
    assert _labels(reported.results["Plain"], "severity") == ["normal"]


def test_a_row_shows_its_columns_and_nothing_of_pytest_bdd(reported: Run) -> None:
    shown = reported.results["Offering mistral (other)"]["parameters"]
    assert [(one["name"], one["value"]) for one in shown] == [
        ("model", "mistral"),
        ("kind", "other"),
    ]
    rows = [result for title, result in reported.results.items() if title.startswith("Offering")]
    assert len({row["historyId"] for row in rows}) == 3
    assert len({row["testCaseId"] for row in rows}) == 1
    assert "_pytest_bdd" not in "".join(json.dumps(one) for one in reported.results.values())


def test_the_description_is_the_full_gherkin(reported: Run) -> None:
    text = reported.results["In the middle"]["description"]
    assert text.startswith("What a user may choose.\n\n```gherkin\nRule: All models are offered")
    assert "    | 1 | vllm-qwen |\n  And a text\n" in text
    assert text.endswith(
        "[AC2](#story-AC2), [FR127](#story-FR127). Written in `listing.feature:30`."
    )
    row = reported.results["Offering mistral (other)"]["description"]
    assert "[AC2](#story-AC2), [FR127](#story-FR127), [task 2.1](#story-2.1)." in row
    assert "Two kinds." in reported.results["Offering mistral (other)"]["description"]


def test_each_step_has_its_status_and_those_never_reached_are_skipped(reported: Run) -> None:
    result = reported.results["In the middle"]
    assert _steps(result) == [
        ("Given all is well", "passed"),
        ("Given a table", "passed"),
        ("And a text", "passed"),
        ("When it is tried", "passed"),
        ('Then "missing" is offered', "failed"),
        ("And it holds", "skipped"),
    ]
    assert result["status"] == "failed"
    assert "missing is not offered.\n" in result["steps"][4]["statusDetails"]["message"]
    assert result["statusDetails"]["message"].startswith("missing is not offered.\n  expected ")
    assert "not reached" in result["steps"][5]["statusDetails"]["message"]
    assert "trace" not in result["steps"][4]["statusDetails"]
    assert 'assert "missing" is offered' not in result["statusDetails"]["trace"]
    assert "test_features.py" in result["statusDetails"]["trace"]
    assert all(step["start"] <= step["stop"] for step in result["steps"])


def test_tables_and_texts_are_attached_to_their_step(reported: Run) -> None:
    steps = reported.results["In the middle"]["steps"]
    (table,), (text,) = steps[1]["attachments"], steps[2]["attachments"]
    folder = reported.reports / "allure-results"
    assert (table["name"], table["type"]) == ("table", "text/csv")
    assert (folder / table["source"]).read_text().split() == ["order,model", "1,vllm-qwen"]
    assert (text["name"], text["type"]) == ("text", "text/plain")
    assert (folder / text["source"]).read_text() == "some <b>words</b>"


@pytest.mark.parametrize(
    ("title", "status", "message", "steps"),
    [
        (
            "Unproven",
            "skipped",
            "inconclusive: Groq refused: quota",
            ["passed", "skipped", "skipped"],
        ),
        (
            "Stopped",
            "skipped",
            "blocked by AC1, the connection to the gateway: the endpoint is elsewhere",
            ["passed", "skipped", "skipped"],
        ),
        (
            "Unshown",
            "skipped",
            "not proven: needs the right to exec",
            ["passed", "skipped", "skipped"],
        ),
        ("Skipped", "skipped", "not proven: not today", ["passed", "skipped", "skipped"]),
        (
            "Broken",
            "broken",
            "ValueError: out of order",
            ["passed", "passed", "broken", "skipped"],
        ),
        (
            "Unknown sentence",
            "broken",
            "StepDefinitionNotFoundError: Step definition is not found",
            ["passed", "broken", "skipped"],
        ),
    ],
)
def test_each_way_to_end(
    reported: Run, title: str, status: str, message: str, steps: list[str]
) -> None:
    result = reported.results[title]
    assert result["status"] == status
    assert result["statusDetails"]["message"].startswith(message)
    assert [step["status"] for step in result["steps"]] == steps


@pytest.mark.parametrize(
    ("title", "category"),
    [
        ("In the middle", "failed: tested, and wrong"),
        ("Broken", "failed: tested, and wrong"),
        ("Stopped", "blocked: an earlier criterion failed"),
        ("Unproven", "inconclusive: the outside world refused"),
        ("Skipped", "not proven: this target or these rights cannot show it"),
        ("Optional", "not proven, and not required"),
    ],
)
def test_a_result_has_one_category(reported: Run, title: str, category: str) -> None:
    result = reported.results[title]
    fitting = [
        one["name"]
        for one in CATEGORIES
        if result["status"] in one["matchedStatuses"]
        and re.fullmatch(str(one["messageRegex"]), result["statusDetails"]["message"])
    ]
    assert fitting == [category]


def test_the_run_is_described(reported: Run) -> None:
    folder = reported.reports / "allure-results"
    environment = (folder / "environment.properties").read_text().splitlines()
    assert {"target=embedded", "Open\\ WebUI=0.12.4", "LiteLLM=1.106.2"} <= set(environment)
    assert json.loads((folder / "categories.json").read_text()) == CATEGORIES
    assert json.loads((folder / "executor.json").read_text())["buildName"].startswith("embedded, ")
    assert 'tests="12"' in (reported.reports / "junit.xml").read_text()


def test_quick_fixtures_are_no_noise(reported: Run) -> None:
    assert not list((reported.reports / "allure-results").glob("*-container.json"))


def test_a_link_pattern_links_criteria_and_tasks(tmp_path: Path) -> None:
    write(tmp_path, listing=_FEATURE)
    result = run(tmp_path, "-k", "offering", "--allure-link-pattern=tms:https://story/{}").results
    links = result["Offering mistral (other)"]["links"]
    assert [link["url"] for link in links] == [
        "https://story/AC2",
        "https://story/FR127",
        "https://story/task2_1",
    ]
