"""What a browser could not show, or showed by the way, and what that does to a run."""

from pathlib import Path

import pytest

from tests.plugin.project import Run, run, write
from tests.story import TAGS

_STEPS = """
import pytest
from pytest_bdd import scenarios, then, when

from acceptance.contract.sentences import sentence
from acceptance.errors import NotProven
from fixtures.browser import RUNNING
from acceptance.plugin.judged import JUDGED, Judged

scenarios(".")


class Browser:
    base_url = "http://127.0.0.1:8080"

    def __init__(self):
        self.asked = []

    def strangers(self):
        asked, self.asked = self.asked, []
        return tuple(asked)

    def evidence(self):
        return []


@pytest.fixture(scope="session", autouse=True)
def target(pytestconfig):
    pytestconfig.stash[JUDGED] = Judged(target="embedded")
    pytestconfig.stash[RUNNING] = Browser()


@pytest.fixture
def hands(request):
    return getattr(request, "param", "api")


@when(sentence("the model selector is opened", by_a_user=True))
def _(hands, pytestconfig):
    {doing}


@then("it holds")
def _():
    pass
"""
_FEATURE = f"""Feature: Tiny

  {" ".join(f"@{tag}" for tag in TAGS if tag != "AC1")}
  Scenario: Open
    When the model selector is opened
    Then it holds

  @AC1
  Scenario: Other
    Then it holds
"""
_UNPROVEN = 'if hands == "browser": raise NotProven("there is none")'
_STRANGER = 'if hands == "{hands}": pytestconfig.stash[RUNNING].asked += ["https://cdn.example"]'


def _run(folder: Path, doing: str, *arguments: str) -> Run:
    steps = _STEPS.replace("{doing}", doing)
    write(folder, plugins=("target", "browser", "api_or_browser"), tiny=_FEATURE, steps=steps)
    return run(folder, "-p", "no:cacheprovider", *arguments)


@pytest.mark.parametrize(
    ("hands", "code", "told"),
    [
        ("auto", 0, "not proven (not required): there is none"),
        ("browser", 98, "not proven: there is none"),
        ("both", 98, "not proven: there is none"),
    ],
)
def test_what_a_browser_cannot_show_counts_only_where_one_was_asked_for(
    tmp_path: Path, hands: str, code: int, told: str
) -> None:
    done = _run(tmp_path, _UNPROVEN, f"--hands={hands}")
    assert done.code == code, done.out
    assert told in done.out


@pytest.mark.parametrize("hands", ["browser", "api"])
def test_when_the_page_asked_for_another_host_the_next_scenario_in_it_fails_and_names_it(
    tmp_path: Path, hands: str
) -> None:
    done = _run(tmp_path, _STRANGER.format(hands=hands))  # by the API: while the browser played on
    assert done.code == 1, done.out
    assert "1 failed" in done.out
    assert "Open (in a browser)" in done.out
    assert "found     https://cdn.example\n" in done.out


def test_a_page_that_keeps_to_its_own_host_is_no_failure(tmp_path: Path) -> None:
    assert _run(tmp_path, "pass").code == 0
