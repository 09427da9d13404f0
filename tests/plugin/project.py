"""A tiny pytest-bdd project that uses the reporting plugins, run as a person runs pytest."""

import json
import pickle
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from acceptance.plugin.gherkin import DISRUPTIVE
from conftest import pytest_plugins
from tests.prepared import run_pytest
from tests.story import STORY, TAGS

_ALWAYS = ("contract", "redaction", "verdicts", "allure_gherkin", "reports", "terminal")
"""The plugins of every project."""
_INI = (
    "[pytest]\n"
    "addopts = --strict-markers -p no:cacheprovider -p no:hypothesispytest -p no:anyio\n"
    "filterwarnings = error\nmarkers =\n"
)
STEPS = """
import pytest
from pytest_bdd import given, parsers, scenarios, then, when

from acceptance.errors import Blocked, Inconclusive, NotProven, SetupError, Subject
from acceptance.message import explain
from acceptance.report.record import Compared
from acceptance.secret import Secret
from acceptance.plugin.contract import run_of
from acceptance.plugin.redaction import redactor

scenarios(".")


@pytest.fixture(scope="session", autouse=True)
def target(pytestconfig):
    run = run_of(pytestconfig)
    versions = {"Open WebUI": "0.12.4", "LiteLLM": "1.106.2"}
    run.reached(target="embedded", versions=versions, notes=["no authentication"])
    run.compared = (Compared(criterion="AC1", declared="decl", effective="eff", observed="obs"),)
    yield


@given("all is well")
@when("it is tried")
@then("it holds")
def _():
    pass


@given("a table")
def _(datatable):
    assert datatable[1] == ["1", "vllm-qwen"]


@given("a text")
def _(docstring):
    assert docstring


@then(parsers.parse('"{model}" is offered'))
def _(model):
    assert model != "missing", explain(
        f"{model} is not offered.",
        expected=model, found="nothing", where="the picker", fix="add it",
    )


@then("it breaks")
def _():
    raise ValueError("out of order")


@then("it is skipped")
def _():
    pytest.skip("not today")


@given(parsers.parse("it is {word}"))
def _(word):
    raise {
        "blocked": Blocked(Subject.CONNECTION, "the endpoint is elsewhere"),
        "inconclusive": Inconclusive("Groq refused: quota"),
        "unshown": NotProven("needs the right to exec"),
        "optional": NotProven("no ordinary user is given", required=False),
        "unfit": SetupError("No target.\\n  fix       give --target"),
    }[word]


@when("it is interrupted")
def _():
    raise KeyboardInterrupt
"""


_GIVEN = """
import pickle
from pathlib import Path

import pytest

from acceptance.plugin.contract import CONTRACT


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config):
    contract = Path(__file__).with_name("contract.pickle").read_bytes()
    config.stash[CONTRACT] = pickle.loads(contract)
"""
"""It is judged by the story's contract, of which its features are only a part; the steps of the
story, by which the contract is read, are not imported for it."""


@dataclass(frozen=True, kw_only=True, slots=False)
class Run:
    """What a run left."""

    code: int
    out: str
    """Both streams of the terminal."""
    reports: Path

    @cached_property
    def results(self) -> dict[str, Any]:
        """Allure's results by scenario title."""
        files = (self.reports / "allure-results").glob("*-result.json")
        results = [json.loads(file.read_text()) for file in files]
        assert len({result["name"] for result in results}) == len(results)
        return {result["name"]: result for result in results}


def write(folder: Path, *, plugins: Collection[str] = (), **files: str) -> None:
    """The project, with its features (`name=text`) and, by `steps=`, other step functions.

    Args:
        folder: where.
        plugins: names of modules beside those that every project uses; in the suite's order.
        files: what is in it.
    """
    steps = files.pop("steps", STEPS)
    tags = (*TAGS, "slow", DISRUPTIVE)
    (folder / "pytest.ini").write_text(_INI + "\n".join(f"    {tag}" for tag in tags))
    wanted = {*_ALWAYS, *plugins}
    used = [name for name in pytest_plugins if name.rpartition(".")[2] in wanted]
    assert len(used) == len(wanted), "not plugins of the suite"
    (folder / "conftest.py").write_text(f"pytest_plugins = {[*used, 'given_contract']}\n")
    (folder / "given_contract.py").write_text(_GIVEN)
    (folder / "contract.pickle").write_bytes(pickle.dumps(STORY))
    (folder / "test_features.py").write_text(steps)
    for name, text in files.items():
        (folder / f"{name}.feature").write_text(text)


def run(folder: Path, *arguments: str, **variables: str) -> Run:
    """Run pytest in the folder, with these environment variables besides its own."""
    code, out = run_pytest(folder, *arguments, **{"COLUMNS": "80", **variables})
    return Run(code=code, out=out, reports=folder / "reports")
