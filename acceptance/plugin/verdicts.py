"""How each scenario ended, in the project's verdict classes, and the run's exit code."""

from collections.abc import Collection, Generator, Sequence

import pytest

from acceptance.contract.sentences import MODEL, States, known
from acceptance.errors import SetupError
from acceptance.plugin.contract import contract_of
from acceptance.plugin.gherkin import case_of
from acceptance.plugin.ledger import ledger
from acceptance.plugin.redaction import redactor
from acceptance.plugin.waivers import waivers
from acceptance.plugin.wording import verdict_for, wording
from acceptance.verdict import ExitCode, Verdict, exit_code


def pytest_deselected(items: Sequence[pytest.Item]) -> None:
    """Count the scenarios that this run leaves out."""
    for item in items:
        if case_of(item) is not None:
            ledger(item.config).deselected += 1


def pytest_collection_finish(session: pytest.Session) -> None:
    """Enter the scenarios that are about to run."""
    if session.config.option.collectonly:
        return
    cases = {item.nodeid: case for item in session.items if (case := case_of(item))}
    ledger(session.config).selected.update(cases)


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Enter the verdict; innermost, so that Allure and JUnit see the outcome it gives."""
    report = yield
    case = case_of(item)
    if case is None:
        return report
    book, mask = ledger(item.config), redactor(item.config)
    match call.excinfo.value if call.excinfo else None:
        case None if report.when == "call":
            book.record(item.nodeid, Verdict.PASSED)
        case None:
            pass
        case SetupError() as error:
            book.unfit[item.nodeid] = mask(str(error))
            item.session.shouldstop = "the environment is not fit to judge"
        case error:
            contract = contract_of(item.config)
            verdict, words = verdict_for(error), wording(error, contract)
            waiver = waivers(item.config).covering(case, verdict, words)
            if waiver:
                verdict, words = Verdict.WAIVED, f"{waiver}\n\n{words}"
            if not (verdict.accepted or contract.requires(case.tags)):
                verdict, words = Verdict.NOT_REQUIRED, f"{Verdict.NOT_REQUIRED}: {words}"
            words = mask(words)
            book.record(item.nodeid, verdict, words.splitlines()[0])
            if verdict is not Verdict.FAILED:
                scenario = case.scenario
                report.outcome = "skipped"
                report.longrepr = (scenario.feature.filename, scenario.line_number, words)
    return report


@pytest.fixture
def told_of(pytestconfig: pytest.Config) -> Collection[str]:
    """The models of which a scenario said that somebody else answers for them, or nobody."""
    failed = (
        each.case for each in ledger(pytestconfig).judged.values() if each.verdict is Verdict.FAILED
    )
    return {
        said.values(step.name)[MODEL]
        for case in failed
        for step in case.scenario.steps
        if (said := known(step.name)) and said.states is States.ANSWERER
    }


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Turn the verdicts into the exit code; pytest's own problems keep theirs."""
    book = ledger(session.config)
    if exitstatus not in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED}:
        interrupted = exitstatus == pytest.ExitCode.INTERRUPTED
        book.cut_short = "interrupted" if interrupted else "ended early"
    book.unused = waivers(session.config).unused(book.results())
    if book.unfit:
        session.exitstatus = ExitCode.UNFIT
    elif book.selected and exitstatus == pytest.ExitCode.OK:
        session.exitstatus = exit_code(book.verdicts())


@pytest.hookimpl(tryfirst=True)
def pytest_internalerror(excinfo: pytest.ExceptionInfo[BaseException]) -> None:
    """A `SetupError` outside a scenario is a message for people, not an internal error."""
    if isinstance(excinfo.value, SetupError):
        raise pytest.exit.Exception(str(excinfo.value), returncode=ExitCode.UNFIT)
