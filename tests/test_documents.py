"""The README and the decisions say what is there."""

import re
from dataclasses import fields

import pytest

from domain.verdict import ExitCode
from fixtures.settings import TARGETS, Settings, option, shown_default, variable
from tests.features import FOLDER
from tests.sources import REPOSITORY, ROOMS
from tests.story import CRITERIA

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
DECISIONS = REPOSITORY / "docs" / "decisions"
LONGEST_PARAGRAPH = 2000
"""Characters."""


def _section(title: str) -> str:
    """The text under a heading of the README."""
    return README.split(f"\n## {title}\n", maxsplit=1)[1].partition("\n## ")[0]


def _settings_table() -> str:
    rows = [
        f"| {f'`{option(each)}`' if option(each) else '(none)'} | `{variable(each)}` "
        f"| {shown_default(each) or '-'} | {each.metadata['meaning']} |"
        for each in fields(Settings)
    ]
    return "\n".join(["| option | variable | default | meaning |", "|---|---|---|---|", *rows])


def test_the_table_of_settings_is_current() -> None:
    table = _settings_table()
    assert table in _section("Settings"), f"the README's table of settings should be:\n\n{table}\n"


def test_the_sections_stand_in_the_readers_order() -> None:
    assert re.findall(r"^## (.+)$", README, re.MULTILINE) == [
        "Two commands",
        "What each criterion proves, and what it cannot",
        "Targets",
        "On your cluster",
        "In a browser",
        "Every night",
        "Settings",
        "Reading a failure",
        "Why to believe it",
        "Adding a scenario",
        "The rooms",
    ]


def test_each_feature_is_in_the_table_of_what_is_proven() -> None:
    table = _section("What each criterion proves, and what it cannot")
    assert sorted(set(re.findall(r"features/\w+\.feature", table))) == sorted(
        f"features/{path.name}" for path in FOLDER.glob("*.feature")
    )
    assert [name for name in CRITERIA if f"| {name}" not in table] == []


def test_each_target_and_exit_code_is_told() -> None:
    assert re.findall(r"^\| `(\w+)` \|", _section("Targets"), re.MULTILINE) == list(TARGETS)
    told = re.findall(r"^\| (\d+) \|", _section("Reading a failure"), re.MULTILINE)
    assert {int(code) for code in told} >= {code.value for code in ExitCode}


def test_each_room_is_on_the_map() -> None:
    for room in ROOMS:
        assert f"`{room.replace('.', '/')}/`" in _section("The rooms")


def test_each_command_exists() -> None:
    rules = re.findall(r"^([\w-]+):", (REPOSITORY / "Makefile").read_text(), re.MULTILINE)
    named = set(re.findall(r"`make ([\w-]+)", README))
    assert {"accept", "test"} <= named <= set(rules)


def test_each_option_exists(pytestconfig: pytest.Config) -> None:
    known = {option(each) for each in fields(Settings)}
    foreign = {"--allure-link-pattern", "--collect-only", "--user"}
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", README)) <= known | foreign
    assert pytestconfig.getoption("target", default="") is None


@pytest.mark.parametrize("page", ["README.md", "docs/decisions/README.md", "CONTRIBUTING.md"])
def test_each_link_leads_somewhere(page: str) -> None:
    path = REPOSITORY / page
    links = re.findall(r"\]\((?!https?:)([^)#]+)", path.read_text(encoding="utf-8"))
    assert [link for link in links if not (path.parent / link).exists()] == []


def test_the_picture_is_small() -> None:
    assert "](docs/report.png)" in README
    assert (REPOSITORY / "docs/report.png").stat().st_size < 200_000


def test_each_decision_is_one_paragraph_and_is_listed() -> None:
    listed = re.findall(r"\]\(([\w-]+\.md)\)", (DECISIONS / "README.md").read_text())
    written = {path.name for path in DECISIONS.glob("*.md")} - {"README.md"}
    assert sorted(listed) == sorted(written)
    for name in listed:
        title, _, text = (DECISIONS / name).read_text().partition("\n\n")
        assert title.startswith("# "), name
        assert "\n" not in text.strip(), name
        assert len(text) < LONGEST_PARAGRAPH, name
