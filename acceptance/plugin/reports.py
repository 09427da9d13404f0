"""Where the reports go: `reports/allure-results` and `reports/junit.xml`, for scenarios only.

They are written beside their place and moved there at the end of a run that judged something.
So the project's own tests leave nothing, a run that dies before its first verdict loses
nothing of an earlier one, and of two runs at the same time each is complete. An explicit
`--alluredir` or `--junit-xml` is written in place, as its owner documents.
"""

import shutil
from collections.abc import Generator, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import allure_commons
import pytest
from _pytest.junitxml import LogXML, xml_key
from allure_pytest.listener import AllureListener

from acceptance.errors import SetupError
from acceptance.files import Scratch, abandoned
from acceptance.message import explain
from acceptance.plugin import about_the_run
from acceptance.plugin.contract import run_of
from acceptance.plugin.masked_files import MaskedFiles, masked_junit
from acceptance.plugin.redaction import RunRedactor, redactor
from acceptance.plugin.settings import settings_of
from acceptance.verdict import ExitCode

PUBLISHED = pytest.StashKey[Path]()
"""The folder that holds this run's reports, once they are there; not with `--alluredir`."""
STAGING = pytest.StashKey[Path]()
"""The folder in which they are made; whatever lies in it is published."""
STALE = pytest.StashKey[list[str]]()
"""Names in the reports' folder that belong to what this run is about to replace."""
_RESULTS = pytest.StashKey[MaskedFiles]()
_SCRATCH = pytest.StashKey[Scratch]()
_MADE = pytest.StashKey[bool]()
"""Whether this run made the folder, and removes it where it leaves nothing in it."""
_ASIDE = ".old"
"""Ending of what a run has put aside to put something new in its place."""


class _Junit(LogXML):
    """pytest's JUnit file, masked; `mask` is to be set."""

    mask: RunRedactor

    def pytest_sessionfinish(self) -> None:
        """Write it; names of hosts and tests, and errors of pytest's own, are in no report."""
        super().pytest_sessionfinish()
        file = Path(self.logfile)
        file.write_text(masked_junit(file.read_text(encoding="utf-8"), self.mask), encoding="utf-8")


class _StagedJunit(_Junit):
    """One that is not where it will be when the summary is printed."""

    def pytest_terminal_summary(self) -> None:  # type: ignore[override]  # hooks take what they use
        """Said by `_publish`."""


def folder_of(config: pytest.Config) -> Path:
    """Where this run's reports are put."""
    return config.rootpath / (settings_of(config).reports or "reports")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Take `--alluredir` and `--junit-xml` over from who would write them unmasked."""
    option = config.option
    named, option.xmlpath = option.xmlpath, None
    if named and not option.collectonly:
        _log_junit(config, _Junit, named)
    explicit, option.allure_report_dir = option.allure_report_dir, None
    if explicit and not option.collectonly:
        _listen(config, Path(explicit).absolute(), clean=option.clean_alluredir)


def pytest_runtestloop(session: pytest.Session) -> None:
    """Open the reports, now that there are scenarios to run, and nothing is wrong with the rest."""
    config = session.config
    if not run_of(config).selected:
        return
    reports = folder_of(config)
    config.stash[_MADE] = not reports.exists()
    try:
        reports.mkdir(parents=True, exist_ok=True)
        for line in _clear(reports):
            say(config, line)
        config.stash[_SCRATCH] = Scratch(reports)
        config.stash[STAGING] = staging = config.stash[_SCRATCH].folder
        if _RESULTS not in config.stash:
            _listen(config, staging / "allure-results", clean=False)
    except OSError as error:
        raise SetupError(_unwritable(reports, error)) from error
    if xml_key not in config.stash:
        _log_junit(config, _StagedJunit, str(staging / "junit.xml")).pytest_sessionstart()


def _clear(reports: Path) -> Iterator[str]:
    """Put right and remove what killed runs have left; a line for each.

    Raises:
        OSError: it cannot be removed, or cannot be put back.
    """
    for folder in abandoned(reports):
        ended = len(list(folder.glob("**/*-result.json")))
        what = f"run was killed after {ended} scenarios" if ended else "run was killed"
        for old in folder.glob(f"*{_ASIDE}"):
            place = reports / old.name.removesuffix(_ASIDE)
            if not place.exists():  # killed between taking the old away and putting the new there
                old.rename(place)
        shutil.rmtree(folder)
        yield f"an earlier {what}; what it left is removed"


def _listen(config: pytest.Config, directory: Path, *, clean: bool) -> None:
    """What allure-pytest does for `--alluredir`, but with masked files."""
    listener = AllureListener(config)
    files = MaskedFiles(directory, clean=clean, mask=redactor(config))
    config.stash[_RESULTS] = files
    config.pluginmanager.register(listener, "allure_listener")
    for plugin in (listener, files):
        allure_commons.plugin_manager.register(plugin)
        config.add_cleanup(partial(allure_commons.plugin_manager.unregister, plugin))


def _log_junit(config: pytest.Config, kind: type[_Junit], path: str) -> _Junit:
    """What pytest does for `--junit-xml`."""
    junit = kind(
        path,
        config.option.junitprefix,
        config.getini("junit_suite_name"),
        config.getini("junit_logging"),
        config.getini("junit_duration_report"),
        config.getini("junit_family"),
        config.getini("junit_log_passing_tests"),
    )
    junit.mask = redactor(config)
    config.stash[xml_key] = junit
    config.pluginmanager.register(junit)
    return junit


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None]:
    """Publish; outermost, so that every file is complete."""
    config = session.config
    try:
        yield
        _publish(config)
    except OSError as error:
        session.exitstatus = ExitCode.UNFIT
        say(config, _unwritable(folder_of(config), error))
    finally:
        if _SCRATCH in config.stash:
            config.stash[_SCRATCH].remove()
        if config.stash.get(_MADE, False):
            with suppress(OSError):  # it is not empty: something was judged
                folder_of(config).rmdir()


def _publish(config: pytest.Config) -> None:
    run, mask = run_of(config), redactor(config)
    if not run.judged:
        return
    files = config.stash[_RESULTS]
    if files.problem:
        raise files.problem
    about_the_run.write(files.directory, run.masked(mask), mask)
    staging, reports = config.stash[STAGING], folder_of(config)
    for name in config.stash.get(STALE, ()):
        (reports / name).unlink(missing_ok=True)
    for new in sorted(staging.glob("[!.]*")):
        _replace(new, reports / new.name, aside=staging / f"{new.name}{_ASIDE}")
    if files.directory.parent == staging:
        config.stash[PUBLISHED] = reports
    inside = reports.is_relative_to(config.rootpath)
    say(config, f"reports are in {reports.relative_to(config.rootpath) if inside else reports}/")


def _replace(new: Path, place: Path, *, aside: Path) -> None:
    """Put `new` in its place; what was there comes back if that fails."""
    if not place.is_dir():
        new.replace(place)
        return
    place.rename(aside)
    try:
        new.rename(place)
    except OSError:
        aside.rename(place)
        raise


def _unwritable(reports: Path, error: OSError) -> str:
    return explain(
        "The reports cannot be written.",
        expected="a folder that this user may write, on a disk that has room",
        found=str(error),
        where=str(reports),
        fix="free the place or the rights, and run again; earlier reports are as they were",
    )


def say(config: pytest.Config, text: str) -> None:
    """Show a line, where there is a terminal to show it on."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if isinstance(reporter, pytest.TerminalReporter):
        reporter.write_line(text)
