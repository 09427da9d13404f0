"""What all tests need, and how they run: in workers, or the fast ones only."""

import signal
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.configuration import set_hypothesis_home_dir

if TYPE_CHECKING:
    from tests.lab.shared import SharedLab

# beside pytest's own leftovers, which git ignores and "make clean" removes
set_hypothesis_home_dir(Path(__file__).parents[1] / ".pytest_cache" / "hypothesis")
# the same examples in each run, however busy the machine
settings.register_profile(
    "project",
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("project")

_TOGETHER = {
    "shared lab": ("tests/adapters/", "tests/rehearsal/test_upgrade.py"),
    "browser": ("tests/browser/",),
    "node": ("tests/dev/node/", "tests/cluster/"),
}
"""What one worker runs, one after the other: what is begun once, and there is one node.

Every other module is a group of its own: it makes its folders, ports and processes for itself.
"""
_FIRST = (
    *("tests/browser/", "tests/adapters/"),
    *("tests/plugin/test_interruption.py", "tests/dev/kill_matrix/test_slice.py"),
    *("tests/lab/embedded/test_canaries_everywhere.py", "tests/lab/test_every_deployment.py"),
    *("tests/rehearsal/test_upgrade.py", "tests/lab/embedded/", "tests/test_image.py"),
    *("tests/test_wheel.py", "tests/dev/node/", "tests/cluster/", "tests/dev/prepared/"),
    *("tests/plugin/", "tests/kubernetes/", "tests/clients/", "tests/lab/"),
)
"""What takes longest, in this order: whoever is free takes the next, and ends with short ones."""
_STARTS = {
    *("subprocess", "tests.prepared", "tests.plugin.project", "tests.lab.sessions"),
    *("acceptance.lab.embedded.lab", "acceptance.report.html", "tests.dev.node.small"),
    *("dev.kill_matrix.labs", "tests.overlays"),
}
"""Whoever imports from one of these starts programs, and is slow."""
_STANDING = {"boot", "chromium", "lab", "node", "no_node", "shared", "story", "world"}
"""Whoever uses one of these fixtures likewise."""
_LEFT_OUT = pytest.StashKey[int]()


@pytest.fixture(scope="session")
def shared() -> Iterator["SharedLab"]:
    """The lab of real programs of this worker."""
    from tests.lab.shared import shared_lab  # noqa: PLC0415  # most tests need none

    with shared_lab() as lab:
        yield lab


def pytest_addoption(parser: pytest.Parser) -> None:
    """For those who change something and want to know soon."""
    parser.addoption(
        "--fast", action="store_true", help="leave out the tests that start programs (-m slow)"
    )
    parser.addoption(
        "--all-deployments", action="store_true", help="judge each of tests/deployments as a whole"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Let Ctrl-C reach what is tested, also where a shell started the tests in the background.

    POSIX lets such a process ignore it, and all that it starts.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    config.addinivalue_line("markers", "slow: starts programs; marked by tests/conftest.py")
    config.addinivalue_line("markers", "deployments: only with --all-deployments")
    config.stash[_LEFT_OUT] = 0


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Give each group to one worker as a whole.

    xdist 3.8 has marks for that (`--dist loadgroup`), which pytest 9.2 does not let it write into
    the names of tests, where it looks for them.
    """
    from xdist.scheduler import LoadScopeScheduling  # noqa: PLC0415  # where it is installed

    scheduler = LoadScopeScheduling(config, log)
    scheduler._split_scope = _group  # noqa: SLF001  # the one thing that its subclasses change
    return scheduler


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what is slow, leave it out if that is asked for, and order what runs side by side."""
    slow = [item for item in items if isinstance(item, pytest.Function) and _starts(item)]
    for each in slow:
        each.add_marker(pytest.mark.slow)
    if not config.option.all_deployments:
        items[:] = [item for item in items if not item.get_closest_marker("deployments")]
    if config.option.fast:
        config.stash[_LEFT_OUT] = len(slow)
        items[:] = [item for item in items if item not in set(slow)]
        config.hook.pytest_deselected(items=slow)
    if hasattr(config, "workerinput"):  # a worker of xdist
        items.sort(key=lambda item: _place(item.nodeid))


def _starts(item: pytest.Function) -> bool:
    """Whether the test, or the module that it stands in, starts programs."""
    values = vars(item.module).values()
    origins = {
        each.__name__ if isinstance(each, ModuleType) else getattr(each, "__module__", None)
        for each in values
    }
    return not (_STARTS.isdisjoint(origins) and _STANDING.isdisjoint(item.fixturenames))


def _group(nodeid: str) -> str:
    """What one worker runs: a module with its fixtures, or several."""
    module = nodeid.partition("::")[0]
    groups = (name for name, places in _TOGETHER.items() if module.startswith(places))
    return next(groups, module)


def _place(nodeid: str) -> int:
    places = (place for place, each in enumerate(_FIRST) if nodeid.startswith(each))
    return next(places, len(_FIRST))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Let a worker tell how many it left out: nobody else collects."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["left out"] = session.config.stash[_LEFT_OUT]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: object) -> None:
    """Hear it."""
    told = getattr(node, "workeroutput", {})  # a worker that crashed tells nothing
    if isinstance(config := getattr(node, "config", None), pytest.Config):
        config.stash[_LEFT_OUT] = told.get("left out", config.stash[_LEFT_OUT])


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """A fast run says that it was not the whole."""
    if config.stash[_LEFT_OUT]:
        terminalreporter.write_line(
            f"--fast left out {config.stash[_LEFT_OUT]} tests that start programs"
        )
