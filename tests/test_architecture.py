"""The rooms and what they may know about, read from the import statements."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sources import REPOSITORY, ROOMS, files, imports, tree

_BASE, _CONTRACT, _CHECKS = "acceptance", "acceptance.contract", "acceptance.checks"
_DRAFT = "acceptance.draft"
_CLIENTS, _KUBERNETES = "acceptance.clients", "acceptance.kubernetes"
_LAB, _CLUSTER_LAB = "acceptance.lab", "acceptance.lab.cluster"
_REHEARSAL = "acceptance.rehearsal"
_REPORT, _PLUGIN, _COMMAND = "acceptance.report", "acceptance.plugin", "acceptance.command"
ARROWS: dict[str, set[str]] = {
    _BASE: set(),
    _CONTRACT: {_BASE},
    _DRAFT: {_BASE, _CONTRACT, _CHECKS, _CLIENTS, _LAB},
    _CHECKS: {_BASE, _CONTRACT},
    _CLIENTS: {_BASE, _CONTRACT, _CHECKS},
    _KUBERNETES: {_BASE, _CHECKS},
    _LAB: {_BASE, _CONTRACT, _CHECKS},
    _CLUSTER_LAB: {_BASE, _CONTRACT, _KUBERNETES, _LAB},
    _REHEARSAL: {_BASE, _CONTRACT, _CHECKS, _CLIENTS, _LAB, _REPORT},
    _REPORT: {_BASE, _CONTRACT, _CHECKS, _LAB},
    _PLUGIN: {_BASE, _CONTRACT, _DRAFT, _KUBERNETES, _LAB, _CLUSTER_LAB, _REPORT},
    _COMMAND: {_BASE, _CONTRACT, _CLIENTS, _DRAFT, _LAB, _REPORT, _PLUGIN},
    "fixtures": {_BASE, _CONTRACT, _CHECKS, _CLIENTS, _REPORT, _PLUGIN},
    "steps": {_BASE, _CONTRACT, _CHECKS, _CLIENTS, _REPORT, _PLUGIN},
    "dev": {
        *(_BASE, _CONTRACT, _CLIENTS, _KUBERNETES, _LAB, _CLUSTER_LAB, _REPORT, _PLUGIN),
        *("fixtures", "steps"),
    },
}
"""What each room may import; `tests` may import anything, and nothing imports `tests` or `dev`.

The modules at the top of the engine are the words that all of its rooms speak. The lab asks a
cluster of its own as the suite asks any cluster.
"""
OUR_OWN = {*ROOMS, "tests", "conftest"}
PLUGINS: list[str] = next(
    ast.literal_eval(node.value)
    for node in tree(REPOSITORY / "conftest.py").body
    if isinstance(node, ast.Assign)
)
SLOW = {"httpx", "kubernetes", "playwright", "rich", "starlette", "uvicorn", "yaml"}
"""What is not needed to list scenarios."""


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_knows_only_what_its_arrows_allow(room: str) -> None:
    forbidden = OUR_OWN - ARROWS[room] - {room}
    wrong = [str(each) for path in files(room) for each in imports(path) if each.room in forbidden]
    assert wrong == []


def test_no_arrow_is_kept_for_later() -> None:
    drawn = {
        (room, each.room)
        for room in ROOMS
        for path in files(room)
        for each in imports(path)
        if each.room in OUR_OWN - {room}
    }
    assert drawn == {(room, other) for room, others in ARROWS.items() for other in others}


def test_what_all_rooms_speak_needs_python_and_one_way_to_wait() -> None:
    known = sys.stdlib_module_names | {"acceptance"}
    foreign = {
        each.top
        for room in ("acceptance", "acceptance.checks")
        for path in files(room)
        for each in imports(path)
        if each.top not in known
    }
    assert foreign == {"tenacity"}


@pytest.mark.parametrize(
    "room", [_BASE, _CHECKS, _CLIENTS, _KUBERNETES, _LAB, _CLUSTER_LAB, _REHEARSAL, _REPORT]
)
def test_pytest_stays_in_the_rooms_of_the_run(room: str) -> None:
    frameworks = {"pytest", "pytest_bdd", "allure", "allure_commons", "allure_pytest"}
    wrong = [str(each) for path in files(room) for each in imports(path) if each.top in frameworks]
    assert wrong == []


def test_kubernetes_is_imported_by_a_cluster_adapter_when_it_is_used() -> None:
    wrong = [
        str(each)
        for room in ROOMS
        for path in files(room)
        for each in imports(path)
        if each.top == "kubernetes"
        and path.parent != REPOSITORY / "dev" / "node"  # which is a cluster, and starts with one
        and not (each.lazy and path.parent.name in {"kubernetes", "cluster"})
    ]
    assert wrong == []


def test_the_conftest_is_a_table_of_contents() -> None:
    body = tree(REPOSITORY / "conftest.py").body
    assert [type(node) for node in body] == [ast.Expr, ast.Assign]
    assert ast.get_docstring(tree(REPOSITORY / "conftest.py"))
    assert len(PLUGINS) == len(set(PLUGINS))


def test_every_module_that_pytest_must_know_is_in_it() -> None:
    modules = {
        path.relative_to(REPOSITORY).with_suffix("").as_posix().replace("/", ".")
        for room in ("acceptance.plugin", "fixtures", "steps")
        for path in files(room)
        if not path.name.startswith("test_") and _speaks_to_pytest(path)
    }
    assert modules == {*PLUGINS, "acceptance.plugin.entry_point"}, "the entry point lets them in"


def _speaks_to_pytest(path: Path) -> bool:
    """Whether a module holds hooks, fixtures or steps."""
    wanted = ("pytest.fixture", "given(", "when(", "then(")
    functions = [node for node in tree(path).body if isinstance(node, ast.FunctionDef)]
    return any(
        function.name.startswith("pytest_")
        or any(ast.unparse(mark).startswith(wanted) for mark in function.decorator_list)
        for function in functions
    )


def test_whoever_has_the_wheel_is_told_what_he_can_type() -> None:
    """There is no Makefile in it, and pytest does not find the story by itself."""
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    targets = "|".join(re.findall(r"^([a-z-]+):.*##", makefile, re.MULTILINE))
    typed = re.compile(rf"\bmake ({targets})\b|(?<!-m )\bpytest -|`pytest\b")
    told = {
        path.relative_to(REPOSITORY).as_posix()
        for room in ROOMS
        if room != "dev"
        for path in files(room)
        for node in ast.walk(tree(path))
        for text in _texts(node)
        if typed.search(text)
    }
    assert told == {
        "acceptance/shipped.py",  # where both ways stand
        "acceptance/plugin/targets.py",  # likewise: how a drill is undone
        "acceptance/lab/cluster/kind.py",  # says that a clone is needed
        "acceptance/installation.py",  # of the checkout's own .venv
        "acceptance/lab/environments.py",  # a lock file of the suite's own is damaged
        "acceptance/report/announce.py",  # is called by make alone
    }


def _texts(node: ast.AST) -> list[str]:
    """What a statement says to people; a docstring is a statement of nothing else."""
    if isinstance(node, ast.Expr):
        return []
    parts = ast.iter_child_nodes(node)
    return [
        each.value
        for each in parts
        if isinstance(each, ast.Constant) and isinstance(each.value, str)
    ]


def test_nobody_sleeps_but_the_one_who_waits_and_the_janitor() -> None:
    sleepers = {
        path.relative_to(REPOSITORY).as_posix()
        for room in (*ROOMS, "tests")
        for path in files(room)
        for node in ast.walk(tree(path))
        if (isinstance(node, ast.Attribute) and ast.unparse(node) == "time.sleep")
        or (isinstance(node, ast.ImportFrom) and ast.unparse(node) == "from time import sleep")
    }
    assert sleepers == {"acceptance/waiting.py", "acceptance/lab/embedded/janitor.py"}


def test_only_the_settings_read_the_environment_of_the_run() -> None:
    """Rooms that start processes, and files that run inside of a pod, have one of their own."""
    readers = {
        path.relative_to(REPOSITORY).as_posix()
        for room in (
            *(_BASE, _CONTRACT, _CHECKS, _CLIENTS, _KUBERNETES, _REPORT, _PLUGIN),
            *("fixtures", "steps"),
        )
        for path in files(room)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute) and ast.unparse(node) in {"os.environ", "os.getenv"}
    }
    assert readers == {
        "acceptance/plugin/settings.py",
        "acceptance/clients/browser/session.py",  # tells Playwright which Node runs it
        "acceptance/pod_probe.py",
        "acceptance/report/announce.py",  # a command of its own
    }


def test_listing_scenarios_imports_nothing_that_only_a_run_needs() -> None:
    listing = (
        "import importlib, json, sys\n"
        f"for name in {PLUGINS!r}: importlib.import_module(name)\n"
        "print(json.dumps(sorted(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", listing], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    loaded = {name.partition(".")[0] for name in json.loads(done.stdout)}
    assert "pytest_bdd" in loaded
    assert loaded & SLOW == set()
