"""`--profile-run`: where the time of a run went, as a waterfall in the terminal and in the report.

The parts of the run are noted here; requests, questions, drills and pauses where they are made.
"""

import os
import time
from collections.abc import Generator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from acceptance.errors import SetupError
from acceptance.plugin.contract import run_of
from acceptance.plugin.redaction import redactor
from acceptance.plugin.reports import PUBLISHED, STAGING
from acceptance.plugin.settings import settings_of
from acceptance.spans import NOTED, Kind, Span, span
from acceptance.target import Call, Target

if TYPE_CHECKING:
    from acceptance.report.waterfall import Profile

_BEGAN = pytest.StashKey[float]()
_CALLS = pytest.StashKey[Sequence[Call]]()
_STAT = Path("/proc/self/stat")
_STARTED = 19
"""The field of that file after the program's name: ticks from the machine's start (proc(5))."""
_IMPORTED = time.time()


def _process_began() -> float:
    """When this process did, in Unix seconds; where the system does not tell, when it got here."""
    if not _STAT.exists():
        return _IMPORTED
    ticks = int(_STAT.read_text().rpartition(")")[2].split()[_STARTED])
    since_boot = ticks / os.sysconf("SC_CLK_TCK")
    return time.time() - time.clock_gettime(time.CLOCK_BOOTTIME) + since_boot


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Begin; a second run in one process begins here, the first with its process."""
    now = time.time()
    config.stash[_BEGAN] = now if NOTED else _process_began()
    NOTED.clear()
    NOTED.append(
        Span(kind=Kind.PHASE, name="Python and imports", began=config.stash[_BEGAN], ended=now)
    )


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Note how long it takes to find the scenarios."""
    with span(Kind.PHASE, "collection"):
        return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Note how long a scenario takes."""
    with span(Kind.SCENARIO, item.nodeid):
        return (yield)


def target_ends(config: pytest.Config, target: Target) -> None:
    """Keep what providers were asked, before those who know it are gone."""
    if target.witness and settings_of(config).profile_run:
        with suppress(SetupError):  # gone already: then until when a question lasted is not told
            config.stash[_CALLS] = target.witness.calls()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Put the picture beside the other reports, so that the page shows it."""
    config = session.config
    if STAGING in config.stash and run_of(config).judged and settings_of(config).profile_run:
        from acceptance.report.waterfall import PICTURE, picture  # noqa: PLC0415  # only where asked for

        text = picture(_profile(config))
        (config.stash[STAGING] / PICTURE).write_text(text, encoding="utf-8")


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Tell it, once the page is made; listed after that plugin, and so called after it."""
    if PUBLISHED not in config.stash or not settings_of(config).profile_run:
        return
    from acceptance.report.waterfall import FIGURES, told  # noqa: PLC0415  # only where asked for

    profile = _profile(config)
    figures = config.stash[PUBLISHED] / FIGURES
    figures.write_text(profile.written(), encoding="utf-8")
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if isinstance(reporter, pytest.TerminalReporter):
        reporter.write_sep("=", "where the time went; * is the critical path")
        reporter.write_line("begins   lasts")
        for line in told(profile):
            reporter.write_line(line)
        reporter.write_line(f"figures: {figures}")


def _profile(config: pytest.Config) -> "Profile":
    from acceptance.report.waterfall import Profile  # noqa: PLC0415  # only where asked for

    return Profile.of(
        tuple(NOTED),
        config.stash.get(_CALLS, ()),
        began=config.stash[_BEGAN],
        ended=time.time(),
        mask=redactor(config),
    )
