"""What a person sees: a line for each scenario, failures without Python, the closing table."""

import os
from collections.abc import Generator

import pytest
from pytest_bdd.parser import Step

from acceptance.contract.values import Contract
from acceptance.plugin.contract import contract_of
from acceptance.plugin.gherkin import case_of
from acceptance.plugin.judged import judged
from acceptance.plugin.ledger import Ledger, ledger
from acceptance.plugin.record import told
from acceptance.plugin.redaction import redactor
from acceptance.plugin.summary import closing, rows
from acceptance.plugin.verdict_styles import VERDICT_STYLES
from acceptance.plugin.wording import explained, wording
from acceptance.verdict import Verdict

_PIPE_WIDTH = 100
"""Columns, at least, where nothing says how wide the reader's screen is."""
_STEP = pytest.StashKey[Step]()


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Write lines for scenarios where there is a terminal reporter; it is made before this."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if isinstance(reporter, pytest.TerminalReporter):
        config.pluginmanager.register(
            _Lines(reporter, ledger(config), contract_of(config)), "scenario-lines"
        )


class _Lines:
    """A line for each scenario, in place of pytest's dots."""

    def __init__(self, reporter: pytest.TerminalReporter, book: Ledger, contract: Contract) -> None:
        self._reporter = reporter
        self._book = book
        self._contract = contract
        self._told: set[str] = set()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Keep pytest from starting a line with the module's path."""
        self._reporter.showfspath = False if nodeid in self._book.selected else None

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Say how it ended, as soon as it is known."""
        case = self._book.selected.get(report.nodeid)
        if case is None or (report.passed and report.when != "call"):
            return
        result = self._book.judged.get(report.nodeid)
        unfit = report.nodeid in self._book.unfit
        verdict = result.verdict if result and not unfit else Verdict.FAILED
        look, word = VERDICT_STYLES[verdict], "unfit" if unfit else verdict
        about = " ".join(self._contract.criteria_in(case.tags))
        line = f"{about:<8} {look.glyph} {word:<12} {case.title}"
        self._reporter.write_line(f"{line}  ({report.duration:.1f} s)", **{look.colour: True})
        reason = result.reason if result and not unfit else ""
        if reason and reason not in self._told:
            self._told.add(reason)
            self._reporter.write_line(f"{'':<24}{reason}")


@pytest.hookimpl(tryfirst=True)
def pytest_report_teststatus(
    report: pytest.CollectReport | pytest.TestReport, config: pytest.Config
) -> tuple[str, str, str] | None:
    """Count a scenario under its verdict; its line replaces pytest's letter and word.

    The word is for pytest's summary, after the last line.
    """
    book = ledger(config)
    if report.nodeid not in book.selected:
        return None
    if report.passed:
        return "passed" if report.when == "call" else "", "", ""
    category = book.judged[report.nodeid].verdict.value if report.skipped else "failed"
    if report.failed and report.when != "call":
        category = "error"
    if report.nodeid in book.unfit:
        category = "unfit"
    return category, "", category.upper() if book.closed else ""


def pytest_bdd_before_step(request: pytest.FixtureRequest, step: Step) -> None:
    """Remember the sentence, for a failure to name."""
    request.node.stash[_STEP] = step


def pytest_bdd_step_func_lookup_error(request: pytest.FixtureRequest, step: Step) -> None:
    """Remember it when no step function has it, too."""
    request.node.stash[_STEP] = step


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show a failure as its sentence and its message; outermost, so Allure keeps the traceback.

    An error that nobody foresaw keeps pytest's traceback, and so does everything when
    `--full-trace` or a `--tb` style is asked for.
    """
    report = yield
    case = case_of(item)
    if case is None or call.excinfo is None or not report.failed:
        return report
    path = os.path.relpath(case.scenario.feature.filename, item.config.invocation_params.dir)
    report.location = (path, case.scenario.line_number, case.title)
    step = item.stash.get(_STEP, None) if report.when == "call" else None
    sentence = f"{step.keyword} {step.name}  ({path}:{step.line_number})" if step else path
    option = item.config.option
    if explained(call.excinfo.value) and not option.fulltrace and option.tbstyle == "auto":
        words = wording(call.excinfo.value, contract_of(item.config))
        report.longrepr = redactor(item.config)(f"{sentence}\n\n{words}")
    else:
        report.sections.insert(0, ("step", redactor(item.config)(sentence)))
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> Generator[None]:
    """End with the table; outermost, so that it comes after pytest's own sections."""
    book = ledger(config)
    book.closed = True
    yield
    for message in book.unfit.values():
        terminalreporter.write_sep("=", "the environment is not fit to judge", red=True)
        terminalreporter.write_line(message)
    if not book.judged:
        return
    from acceptance.plugin.table import comparison, verdicts  # noqa: PLC0415  # listing scenarios stays fast

    terminalreporter.write_sep("=", "verdicts", bold=True)
    results, about = book.results(), judged(config)
    colour = bool(terminalreporter.hasmarkup)
    screen = terminalreporter._screen_width  # noqa: SLF001  # it is not told otherwise
    width = screen if terminalreporter.isatty else max(_PIPE_WIDTH, screen)
    # what is written is masked by the terminal's stream, which knows colours and counts
    contract = contract_of(config)
    table = verdicts(contract.title, rows(results, contract), width=width, colour=colour)
    terminalreporter.write_line(table)
    if about and about.compared:
        terminalreporter.write_line(f"\n{comparison(about.compared, width=width, colour=colour)}")
    remarks = "".join(f"\nremark: {note}" for note in about.notes) if about else ""
    terminalreporter.write_line(remarks)
    for line in told(config):
        terminalreporter.write_line(line)
    for line in book.unused:
        terminalreporter.write_line(line, red=True)
    terminalreporter.write_line(f"\n{closing(book, about, contract)}\n", bold=True)
