"""The README, the pages under docs/ and the decisions say what is there."""

import os
import re
from dataclasses import fields
from functools import cache
from pathlib import Path

import pytest

from acceptance.plugin.settings import TARGETS, Settings, option, shown_default, variable
from acceptance.verdict import ExitCode, Verdict
from tests.features import FOLDER
from tests.sources import REPOSITORY, ROOMS
from tests.story import CRITERIA

DECISIONS = REPOSITORY / "docs" / "decisions"
PAGES = sorted(
    page.relative_to(REPOSITORY).as_posix()
    for page in (
        *REPOSITORY.glob("*.md"),
        *(REPOSITORY / "docs").rglob("*.md"),
        REPOSITORY / "deploy" / "README.md",
    )
)
"""Every page that people read."""
ONE_PAGE = 800
"""Words of a README that is read in a minute or two, its output included."""
LONGEST_SECTION = 2000
"""Characters of a decision's section."""


@cache
def _page(name: str) -> str:
    return (REPOSITORY / name).read_text(encoding="utf-8")


def _section(page: str, title: str) -> str:
    """The text under a heading of a page."""
    return _page(page).split(f"\n## {title}\n", maxsplit=1)[1].partition("\n## ")[0]


def _links(page: str) -> set[tuple[str, str]]:
    """What a page links to in the repository: path and heading."""
    folder = (REPOSITORY / page).parent
    links = re.findall(r"\]\((?!https?:)([^)#\s]*)#?([^)\s]*)\)", _page(page))
    return {
        (Path(os.path.relpath(folder / path, REPOSITORY)).as_posix() if path else page, heading)
        for path, heading in links
    }


def _headings(page: str) -> list[str]:
    return re.findall(r"^#+ (.+)$", _page(page), re.MULTILINE)


def _anchor(heading: str) -> str:
    """How GitHub names a heading in an address."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def _settings_table() -> str:
    rows = [
        f"| {f'`{option(each)}`' if option(each) else '(none)'} | `{variable(each)}` "
        f"| {shown_default(each) or '-'} | {each.metadata['meaning']} |"
        for each in fields(Settings)
    ]
    return "\n".join(["| option | variable | default | meaning |", "|---|---|---|---|", *rows])


def test_the_table_of_settings_is_current() -> None:
    table = _settings_table()
    assert table in _page("docs/settings.md"), f"docs/settings.md should hold:\n\n{table}\n"


def test_the_readme_is_one_page_in_the_readers_order() -> None:
    assert re.findall(r"^## (.+)$", _page("README.md"), re.MULTILINE) == [
        "Two commands",
        "What is proven",
        "Where to go next",
    ]
    assert len(_page("README.md").split()) < ONE_PAGE


def test_the_readme_leads_to_each_page() -> None:
    reached, ahead = set[str](), ["README.md"]
    while ahead:
        page = ahead.pop()
        reached.add(page)
        ahead += {name for name, _ in _links(page)} & set(PAGES) - reached
    assert sorted(reached) == PAGES


@pytest.mark.parametrize(
    ("page", "section"),
    [
        ("README.md", "What is proven"),
        ("docs/proofs.md", "What each criterion proves, and what it cannot"),
    ],
)
def test_each_feature_is_in_the_table_of_what_is_proven(page: str, section: str) -> None:
    table = _section(page, section)
    assert sorted(set(re.findall(r"features/\w+\.feature", table))) == sorted(
        f"features/{path.name}" for path in FOLDER.glob("*.feature")
    )
    assert [name for name in CRITERIA if f"| {name}" not in table] == []


def test_each_target_and_exit_code_is_told() -> None:
    targets = re.findall(r"^\| `(\w+)` \|", _page("docs/targets.md"), re.MULTILINE)
    assert targets == list(TARGETS)
    told = re.findall(r"^\| (\d+) \|", _section("docs/failures.md", "Exit codes"), re.MULTILINE)
    assert {int(code) for code in told} >= {code.value for code in ExitCode}


def test_each_verdict_is_told() -> None:
    table = _section("docs/failures.md", "Verdicts")
    told = re.findall(r"^\| \S ([^|]+) \|", table, re.MULTILINE)
    assert sorted(told) == sorted(Verdict)


def test_each_room_is_on_the_map() -> None:
    for room in ROOMS:
        assert f"`{room.replace('.', '/')}/`" in _section("docs/house.md", "The rooms")


def test_the_commands_of_the_readme_judge() -> None:
    assert "$ make accept\n" in _section("README.md", "Two commands")


@pytest.mark.parametrize("page", PAGES)
def test_each_command_exists(page: str) -> None:
    rules = re.findall(r"^([\w-]+):", (REPOSITORY / "Makefile").read_text(), re.MULTILINE)
    assert set(re.findall(r"`make ([a-z][\w-]*)", _page(page))) <= set(rules)


@pytest.mark.parametrize("page", [page for page in PAGES if page != "CHANGELOG.md"])
def test_each_option_exists(page: str, pytestconfig: pytest.Config) -> None:
    known = {option(each) for each in fields(Settings)}
    foreign = {
        *("--alluredir", "--help", "--junit-xml", "--markers"),  # of pytest and its plugins
        *("--fast", "--slice"),  # of the project's own tests
        *("--only", "--renew"),  # of the kill matrix
        *("--to", "--and-back", "--bisect", "--without-contract"),  # of a rehearsal
        *(
            "--acceptance",
            "--base",
            "--comment",
            "--json",
            "--plan",
            "--render",
            "--restore",
            "--url",
        ),  # of the plugin's and the command's entry points
        *("--follow", "--from", "--from-literal", "--namespace", "--patch", "--type"),  # of kubectl
        *("--create-namespace", "--logs", "--timeout"),  # of helm
        *(
            "--detach",
            "--host-resolver-rules",
            "--strict",
            "--upgrade",
        ),  # of git, Chromium, mypy, uv
    }
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", _page(page))) <= known | foreign
    assert pytestconfig.getoption("target", default="") is None


@pytest.mark.parametrize("page", PAGES)
def test_each_link_leads_somewhere(page: str) -> None:
    lost = [
        f"{name}#{heading}"
        for name, heading in _links(page)
        if not (REPOSITORY / name).exists()
        or (heading and heading not in map(_anchor, _headings(name)))
    ]
    assert lost == []


def test_the_picture_is_small() -> None:
    assert "](docs/report.png)" in _page("README.md")
    assert (REPOSITORY / "docs/report.png").stat().st_size < 200_000


def test_each_decision_says_context_decision_and_cost_and_is_listed() -> None:
    listed = re.findall(r"\]\(([\w-]+\.md)\)", _page("docs/decisions/README.md"))
    written = {path.name for path in DECISIONS.glob("*.md")} - {"README.md"}
    assert sorted(listed) == sorted(written)
    for name in listed:
        title, *sections = re.split(r"^## ", _page(f"docs/decisions/{name}"), flags=re.MULTILINE)
        assert re.fullmatch(r"# .+\n\n", title), name
        texts = dict(section.split("\n\n", maxsplit=1) for section in sections)
        assert list(texts) == ["Context", "Decision", "Cost"], name
        assert all(0 < len(text.strip()) < LONGEST_SECTION for text in texts.values()), name


def test_the_contributors_have_seven_rules_with_reasons() -> None:
    rules = re.split(r"^\d\. ", _section("CONTRIBUTING.md", "Seven rules"), flags=re.MULTILINE)[1:]
    assert len(rules) == 7  # as its title says
    assert [rule for rule in rules if "*Why:*" not in rule] == []
