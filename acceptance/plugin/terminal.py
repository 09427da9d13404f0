"""What a person sees: a line for each scenario, failures without Python, the closing table."""

import shutil
from collections.abc import Generator

import pytest

from acceptance.plugin.contract import run_of
from acceptance.plugin.record import told
from acceptance.plugin.redaction import redactor
from acceptance.report.run import Run, closing, rows
from acceptance.verdict import VERDICT_STYLES, Verdict

_PIPE_WIDTH = 100
"""Columns, at least, where nothing says how wide the reader's screen is."""


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Write lines for scenarios where there is a terminal reporter; it is made before this."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if isinstance(reporter, pytest.TerminalReporter):
        config.pluginmanager.register(_Lines(reporter, run_of(config)), "scenario-lines")


class _Lines:
    """A line for each scenario, in place of pytest's dots, and the table at the end."""

    def __init__(self, reporter: pytest.TerminalReporter, run: Run) -> None:
        self._reporter = reporter
        self._run = run
        self._told: set[str] = set()
        self._closed = False

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Keep pytest from starting a line with the module's path."""
        self._reporter.showfspath = False if nodeid in self._run.selected else None

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Say how it ended, as soon as it is known."""
        case = self._run.selected.get(report.nodeid)
        if case is None or (report.passed and report.when != "call"):
            return
        result = self._run.judged.get(report.nodeid)
        unfit = report.nodeid in self._run.unfit
        verdict = result.verdict if result and not unfit else Verdict.FAILED
        look, word = VERDICT_STYLES[verdict], "unfit" if unfit else verdict
        about = " ".join(self._run.contract.criteria_in(case.tags))
        line = f"{about:<8} {look.glyph} {word:<12} {case.title}"
        self._reporter.write_line(f"{line}  ({report.duration:.1f} s)", **{look.colour: True})
        reason = result.reason if result and not unfit else ""
        if reason and reason not in self._told:
            self._told.add(reason)
            self._reporter.write_line(f"{'':<24}{reason}")

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(
        self, report: pytest.CollectReport | pytest.TestReport
    ) -> tuple[str, str, str] | None:
        """Count a scenario under its verdict; its line replaces pytest's letter and word.

        The word is for pytest's summary, after the last line.
        """
        run = self._run
        if report.nodeid not in run.selected:
            return None
        if report.passed:
            return "passed" if report.when == "call" else "", "", ""
        category = run.judged[report.nodeid].verdict.value if report.skipped else "failed"
        if report.failed and report.when != "call":
            category = "error"
        if report.nodeid in run.unfit:
            category = "unfit"
        return category, "", category.upper() if self._closed else ""

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_terminal_summary(self, config: pytest.Config) -> Generator[None]:
        """End with the table; outermost, so that it comes after pytest's own sections."""
        self._closed = True
        yield
        for message in self._run.unfit.values():
            self._reporter.write_sep("=", "the environment is not fit to judge", red=True)
            self._reporter.write_line(message)
        if self._run.judged:
            self._verdicts(config)

    def _verdicts(self, config: pytest.Config) -> None:
        from acceptance.report.table import comparison, verdicts  # noqa: PLC0415  # listing scenarios stays fast

        reporter, run = self._reporter, self._run.masked(redactor(config))
        reporter.write_sep("=", "verdicts", bold=True)
        colour = bool(reporter.hasmarkup)
        screen = shutil.get_terminal_size().columns
        width = screen if reporter.isatty else max(_PIPE_WIDTH, screen)
        # what is written is masked by the terminal's stream, which knows colours and counts
        table = verdicts(run.contract.title, rows(run), width=width, colour=colour)
        reporter.write_line(table)
        if run.compared:
            reporter.write_line(f"\n{comparison(run.compared, width=width, colour=colour)}")
        remarks = "".join(f"\nremark: {note}" for note in run.notes)
        reporter.write_line(remarks)
        if self._run.spent:
            reporter.write_line(self._run.spent)
        for line in told(config):
            reporter.write_line(line)
        for line in run.unused:
            reporter.write_line(line, red=True)
        reporter.write_line(f"\n{closing(run)}\n", bold=True)
