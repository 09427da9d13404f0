"""Where there is no browser, everything says so, and counts as the story asks."""

import subprocess
import sys
from pathlib import Path

import pytest

from acceptance.clients.browser.installed import find_browser
from acceptance.errors import NotProven, SetupError
from acceptance.plugin.settings import Settings
from fixtures.browser import program_for
from tests.sources import REPOSITORY

_LIST = """
import sys
import pytest
code = pytest.main(["--collect-only", "-q", "-p", "no:cacheprovider", *sys.argv[1:]])
assert "playwright" not in sys.modules, "listing scenarios imports Playwright"
sys.exit(code)
"""


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without any browser; its only folder on PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(sys, "platform", "linux")
    return tmp_path


def program(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_none_is_found_where_there_is_none(nowhere: Path) -> None:
    assert nowhere.is_dir()
    assert find_browser() is None


def test_one_on_path_comes_before_playwrights_own(nowhere: Path) -> None:
    own = program(nowhere / ".cache/ms-playwright/chromium-1200/chrome-linux/chrome")
    assert find_browser() == own
    installed = program(nowhere / "chromium")
    assert find_browser() == installed


def test_the_one_that_was_named_must_be_there(nowhere: Path) -> None:
    named = program(nowhere / "elsewhere" / "my-chromium")
    assert find_browser(str(named)) == named
    with pytest.raises(SetupError, match=r"(?s)cannot be started.*gone.*--browser-path"):
        find_browser(str(nowhere / "gone"))


def test_where_there_is_none_the_command_that_installs_one_is_told(nowhere: Path) -> None:
    assert nowhere.is_dir()
    with pytest.raises(NotProven, match="apt-get install chromium"):
        program_for(Settings(cache=str(nowhere)))


def listed(*arguments: str) -> list[str]:
    """The scenarios, in the order in which they are judged."""
    done = subprocess.run(
        [sys.executable, "-c", _LIST, *arguments],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = [line.partition("::")[2] for line in done.stdout.splitlines()]
    return [name for name in found if name]


def test_the_api_plays_everything_and_a_browser_what_ac2_and_ac3_say_once_more() -> None:
    by_api, unasked = listed("--hands=api"), listed()
    added = [name for name in unasked if name not in by_api]
    assert [name for name in unasked if name in by_api] == by_api
    assert all("browser" in name for name in added)
    kinds = {name.partition("[")[0] for name in added}
    assert "test_the_models_that_the_criterion_names_are_offered" in kinds
    assert "test_an_ordinary_user_is_offered_the_same_models" in kinds
    assert "test_the_model_model_answers_as_itself" in kinds
    assert "test_a_conversation_comes_back_to_its_first_model" in kinds
    assert "test_each_model_stands_for_one_upstream" not in kinds
    assert not any("primary" in kind or "declared" in kind for kind in kinds)


def test_each_feature_is_played_by_the_api_first() -> None:
    names = listed("--hands=both")
    listing = [name for name in names if "model_is_offered" in name or "invented" in name]
    first = next(place for place, name in enumerate(listing) if "browser" in name)
    assert not any("browser" in name for name in listing[:first])


def test_where_a_browser_is_asked_for_no_scenario_is_played_twice() -> None:
    by_api, by_browser = listed("--hands=api"), listed("--hands=browser")
    assert len(by_browser) == len(by_api)
    played = [name for name in by_browser if "browser" in name]
    assert any("second_model_answers" in name for name in played)
    assert any("whole_chain_is_away" in name for name in played)
