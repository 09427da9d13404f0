"""The report a person reads: `reports/acceptance.html`, made at the end of a run that judged.

Whatever goes wrong here is said, and changes no verdict: the results are there, and `make report`
makes the file from them at any time.
"""

from pathlib import Path

import pytest

from acceptance.errors import SetupError
from acceptance.plugin.redaction import redactor
from acceptance.plugin.reports import PUBLISHED
from acceptance.plugin.settings import settings_of
from acceptance.report.record import PAGE
from acceptance.shipped import COMMAND, absent, told_as
from acceptance.spans import Kind, span

_LATER = f"the verdict stands; `{told_as('report')}` makes the report from this run's results"


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Make the report, once every other file of the run is in its place."""
    if PUBLISHED not in config.stash:
        return
    # Listing scenarios stays fast: only a run that judged costs these imports.
    from acceptance.lab.environments import CACHE  # noqa: PLC0415
    from acceptance.report.earlier import latest_record  # noqa: PLC0415
    from acceptance.report.html import installed, make_report  # noqa: PLC0415

    reporter = config.pluginmanager.get_plugin("terminalreporter")
    mask = redactor(config)

    def say(text: str, **look: bool) -> None:
        if isinstance(reporter, pytest.TerminalReporter):
            reporter.write_line(mask(text), **look)

    try:
        chosen = settings_of(config).cache
        cache = Path(chosen) if chosen else CACHE
        if not installed(cache):
            lacking = f"`{told_as('report')}` installs it and makes one"
            if absent():
                lacking = f"{COMMAND}[lab] brings what makes one"
            say(f"no HTML report: Allure is not installed; {lacking}")
            return
        reports = config.stash[PUBLISHED]
        say("making the report from the results, about 2 s …")
        with span(Kind.PHASE, "the page is made"):
            make_report(
                reports / "allure-results",
                reports / PAGE,
                history=reports / "history.jsonl",
                record=latest_record(reports),
                cache=cache,
                say=say,
            )
    except (SetupError, OSError) as error:
        say(f"{error}\n{_LATER}", red=True, bold=True)
