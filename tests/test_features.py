"""Every scenario runs, proves something of the story, and has exactly one function a sentence."""

import ast
import re
import tomllib
from collections import Counter
from pathlib import Path

import pytest

from acceptance.plugin.gherkin import DISRUPTIVE
from tests.features import FOLDER, features, lines, matching, sentences, written
from tests.prepared import run_pytest
from tests.sources import REPOSITORY, files, tree
from tests.story import BEYOND, CRITERIA, REQUIREMENTS, STORY, TAGS

KNOWN_TAGS = set(TAGS)
PYTEST = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]
LONGEST_STEP = 5
"""Lines of a step's body."""


OF_TWO_ADDRESSES = {'model requests go to "{endpoint}"'}
"""What a draft states where nothing is declared; the story is of a cluster."""


def test_each_feature_file_is_judged_in_the_order_of_the_profile() -> None:
    assert sorted(STORY.files) == sorted(FOLDER.rglob("*.feature"))
    assert [file.stem for file in STORY.files][:2] == ["endpoint_configuration", "model_listing"]


def test_each_title_is_unique_in_the_project() -> None:
    # read from the text: pytest-bdd silently keeps only the last of two in one file
    pattern = re.compile(r"(?:Scenario|Example|Scenario Outline|Scenario Template): *(.+)")
    titles = [match[1].lower() for _, line in lines() if (match := pattern.fullmatch(line))]
    assert len(titles) == len(written()) > 0
    assert [title for title, count in Counter(titles).items() if count > 1] == []


def test_each_row_of_an_outline_is_its_own() -> None:
    for each in written():
        rows = [tuple(row.items()) for e in each.template.examples for row in e.as_contexts()]
        assert len(rows) == len(set(rows)), each


def test_each_step_has_exactly_one_function() -> None:
    steps = [(each, step) for each in written() for run in each.runs for step in run.steps]
    wrong = [
        f"{each}: {step.keyword} {step.name}: {[found.parser.name for found in matching(step)]}"
        for each, step in steps
        if len(matching(step)) != 1
    ]
    assert wrong == []


def test_no_two_functions_have_one_sentence() -> None:
    named = Counter(each.parser.name for each in sentences())
    assert [sentence for sentence, count in named.items() if count > 1] == []


def test_each_sentence_is_used() -> None:
    steps = {(s.type, s.name): s for each in written() for run in each.runs for s in run.steps}
    used = {found.parser.name for step in steps.values() for found in matching(step)}
    assert {each.parser.name for each in sentences()} == used | OF_TWO_ADDRESSES


def test_everything_in_the_story_has_a_scenario() -> None:
    proven = frozenset[str]().union(*(each.tags for each in written()))
    assert sorted(KNOWN_TAGS - proven) == []


def test_every_scenario_is_about_a_criterion() -> None:
    assert [str(each) for each in written() if not each.tags & set(CRITERIA)] == []
    unnamed = {feature.name for feature in features() if not feature.tags & set(REQUIREMENTS)}
    asked = {each.feature.name for each in written() if not each.tags <= BEYOND | {"disruptive"}}
    assert unnamed & asked == set()


def test_every_tag_is_the_storys_or_declared_and_each_is_used() -> None:
    assert {DISRUPTIVE} & KNOWN_TAGS == set()
    used = frozenset[str]().union(*(each.tags for each in written()))
    assert used == KNOWN_TAGS | {DISRUPTIVE}


def test_the_storys_tags_come_with_its_words(pytestconfig: pytest.Config) -> None:
    declared = pytestconfig.getini("markers")
    for tag, text in (CRITERIA | REQUIREMENTS).items():
        assert declared.count(f"{tag}: {text}") == 1


@pytest.mark.parametrize(("tag", "code"), [("AC1", 0), ("AC9", 99), ("task1_9", 99)])
def test_a_misspelt_tag_stops_the_run(tmp_path: Path, tag: str, code: int) -> None:
    assert "--strict-markers" in PYTEST["addopts"]
    folder = tmp_path / "features"
    folder.mkdir()
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --strict-markers\n")
    (tmp_path / "conftest.py").write_text(
        'pytest_plugins = ["fixtures.target", "acceptance.plugin.contract"]\n'
        "from pytest_bdd import then\n@then('c')\ndef _(): pass\n"
    )
    (folder / "profile.yaml").write_text(
        "title: A\nopen_webui: a/b\ngateway: a/c\ncriteria: {AC1: it holds}\n"
    )
    (folder / "a.feature").write_text(
        f"Feature: A\n  @AC1\n  Scenario: B\n    Then c\n  @{tag}\n  Scenario: D\n    Then c\n"
    )
    (tmp_path / "test_a.py").write_text("from pytest_bdd import scenarios\nscenarios('features')\n")
    done, out = run_pytest(tmp_path, "-p", "no:cacheprovider")
    assert done == code, out
    assert (f"found     @{tag}" in out) is (code != 0)


def _step_functions() -> list[tuple[str, str, ast.FunctionDef]]:
    """Place, kind and syntax tree of each step function."""
    return [
        (f"{path.name}:{node.lineno}", kind, node)
        for path in files("steps")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef)
        for mark in node.decorator_list
        if (kind := ast.unparse(mark).partition("(")[0]) in {"given", "when", "then"}
    ]


def test_the_sentence_is_the_name() -> None:
    functions = _step_functions()
    assert len(functions) == len(sentences()) > 0
    assert [place for place, _, node in functions if node.name != "_"] == []


def test_a_step_is_short() -> None:
    long = [
        place
        for place, _, node in _step_functions()
        if int(node.body[-1].end_lineno or 0) - node.body[0].lineno >= LONGEST_STEP
    ]
    assert long == []


def test_every_then_can_fail() -> None:
    toothless = [
        place for place, kind, node in _step_functions() if kind == "then" and not _checks(node)
    ]
    assert toothless == []


def _checks(function: ast.FunctionDef) -> bool:
    return any(
        isinstance(node, ast.Assert)
        or (
            isinstance(node, ast.Call)
            and ast.unparse(node.func).rpartition(".")[2].startswith("check_")
        )
        for node in ast.walk(function)
    )
