"""What happens to a scenario that ends, in one place; and the exit code of the run.

pytest makes a report of each phase of a scenario: set-up, call and tear-down. Here it becomes a
verdict. Whoever tells it (terminal, JUnit, Allure, the record) comes later, and decides nothing.
"""

import os
import textwrap
from collections.abc import Collection, Generator, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import TypeVar

import pytest
from pytest_bdd.parser import Step

from acceptance.contract.sentences import MODEL, States, known
from acceptance.contract.values import Contract
from acceptance.errors import Blocked, SetupError, Unproven
from acceptance.masking import Redactor
from acceptance.plugin import settings, waivers
from acceptance.plugin.contract import run_of
from acceptance.plugin.gherkin import Case, case_of
from acceptance.plugin.redaction import mask_hosts, redactor
from acceptance.report.run import Message
from acceptance.verdict import ExitCode, Verdict, exit_code, verdict_of

_STEP = pytest.StashKey[Step]()
_Report = TypeVar("_Report", pytest.TestReport, pytest.CollectReport)


def pytest_deselected(items: Sequence[pytest.Item]) -> None:
    """Count the scenarios that this run leaves out."""
    for item in items:
        if case_of(item) is not None:
            run_of(item.config).deselected += 1


def pytest_collection_finish(session: pytest.Session) -> None:
    """Enter the scenarios that are about to run."""
    if session.config.option.collectonly or session.config.getoption("plan", default=False):
        return  # nothing is judged
    cases = {item.nodeid: case for item in session.items if (case := case_of(item))}
    run_of(session.config).selected.update(cases)


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> None:
    """Take what the run is told before the first scenario, so that a wrong word starts nothing.

    The reports are opened after it, and pytest's own loop judges.
    """
    config = session.config
    if run_of(config).selected:
        settings.take(config)
        mask_hosts(config)
        waivers.take(config)


def pytest_bdd_before_step(request: pytest.FixtureRequest, step: Step) -> None:
    """Remember the sentence, for a failure to name."""
    request.node.stash[_STEP] = step


def pytest_bdd_step_func_lookup_error(request: pytest.FixtureRequest, step: Step) -> None:
    """Remember it when no step function has it, too."""
    request.node.stash[_STEP] = step


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Judge a phase of a scenario; innermost, so that all others read the report as it is left.

    A `SetupError` is no verdict: nothing more is judged.
    """
    case, mask = case_of(item), redactor(item.config)
    with _without_traceback(call) if case else nullcontext():
        report = yield
    if case is not None:
        run = run_of(item.config)
        run.took(item.nodeid, call.duration)
        error = call.excinfo.value if call.excinfo else None
        if isinstance(error, SetupError):
            words = mask(wording(error, run.contract))
            run.messages[item.nodeid] = Message(words=words, traceback=report.longreprtext)
            run.unfit[item.nodeid] = mask(str(error))
            item.session.shouldstop = "the environment is not fit to judge"
            _show_failure(report, item, case, error)
        elif error:
            _judge(report, item, case, error)
        elif report.when == "call":
            run.ended(item.nodeid, Verdict.PASSED)
    report.user_properties = [
        (name, mask(value) if isinstance(value, str) else value)
        for name, value in report.user_properties
    ]
    return _masked(report, mask)


@contextmanager
def _without_traceback(call: pytest.CallInfo[None]) -> Iterator[None]:
    """Let pytest make a report of what could not be tested as of a skip.

    Nobody is shown where in Python that was found out, and to write it down takes 80 ms.
    """
    found = call.excinfo
    if found and isinstance(found.value, Unproven):
        skip = pytest.skip.Exception(str(found.value)).with_traceback(found.value.__traceback__)
        call.excinfo = pytest.ExceptionInfo.from_exception(skip)
    try:
        yield
    finally:
        call.excinfo = found


def _judge(report: pytest.TestReport, item: pytest.Item, case: Case, error: BaseException) -> None:
    """Make a verdict of the exception: classified, waived, required, worded, masked, entered."""
    run, mask = run_of(item.config), redactor(item.config)
    verdict, words = verdict_for(error), wording(error, run.contract)
    if waiver := waivers.waivers_of(item.config).covering(case, verdict, words):
        verdict, words = Verdict.WAIVED, f"{waiver}\n\n{words}"
    if not (verdict.accepted or run.contract.requires(case.tags)):
        verdict, words = Verdict.NOT_REQUIRED, f"{Verdict.NOT_REQUIRED}: {words}"
    words = mask(words)
    run.messages[item.nodeid] = Message(words=words, traceback=report.longreprtext)
    run.ended(item.nodeid, verdict, words.splitlines()[0])
    if verdict is Verdict.FAILED:
        _show_failure(report, item, case, error)
        if settings.settings_of(item.config).stop_at_first_red:
            item.session.shouldfail = "stopped at the first red, as it was asked to"
    else:
        report.outcome = "skipped"
        report.longrepr = (case.scenario.feature.filename, case.scenario.line_number, words)


def _show_failure(
    report: pytest.TestReport, item: pytest.Item, case: Case, error: BaseException
) -> None:
    """Show it as its sentence and its message, where it is written.

    An error that nobody foresaw keeps pytest's traceback, and so does everything when
    `--full-trace` or a `--tb` style is asked for.
    """
    path = os.path.relpath(case.scenario.feature.filename, item.config.invocation_params.dir)
    report.location = (path, case.scenario.line_number, case.title)
    step = item.stash.get(_STEP, None) if report.when == "call" else None
    sentence = f"{step.keyword} {step.name}  ({path}:{step.line_number})" if step else path
    mask, asked = redactor(item.config), item.config.getoption
    # where nothing is printed, as in the kill matrix, pytest does not know these two options
    traces = asked("fulltrace", default=False) or asked("tbstyle", default="auto") != "auto"
    if explained(error) and not traces:
        report.longrepr = mask(f"{sentence}\n\n{wording(error, run_of(item.config).contract)}")
    else:
        report.sections.insert(0, ("step", mask(sentence)))


@pytest.fixture
def told_of(pytestconfig: pytest.Config) -> Collection[str]:
    """The models of which a scenario said that somebody else answers for them, or nobody."""
    results = run_of(pytestconfig).judged.values()
    return {
        said.values(sentence)[MODEL]
        for case in (each.case for each in results if each.verdict is Verdict.FAILED)
        for sentence in case.sentences
        if (said := known(sentence)) and said.states is States.ANSWERER
    }


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Mask what goes wrong before the first scenario, too."""
    report = yield
    return _masked(report, redactor(collector.config))


def _masked(report: _Report, mask: Redactor) -> _Report:
    report.sections = [(title, mask(text)) for title, text in report.sections]
    if isinstance(report.longrepr, tuple):
        path, line, reason = report.longrepr
        report.longrepr = (path, line, mask(reason))
    elif report.longrepr is not None:
        text = report.longreprtext
        # a traceback is a tree of parts: one that holds a secret is written as its masked text
        if (clean := mask(text)) != text:
            report.longrepr = clean
    return report


def verdict_for(error: BaseException) -> Verdict:
    """The verdict class; a skip comes from elsewhere and says nothing, so it proves nothing."""
    skipped = isinstance(error, pytest.skip.Exception)
    return Verdict.NOT_PROVEN if skipped else verdict_of(error)


def wording(error: BaseException, contract: Contract) -> str:
    """The message, beginning with its verdict class where it is not a plain failure.

    Allure's categories are told apart by these beginnings.

    Args:
        error: with which a scenario ended.
        contract: knows the criterion by which it is proven what others rest on.
    """
    match error:
        case Blocked():
            criterion = contract.proven_by.get(error.subject)
            blocker = f"{criterion}, {error.subject}" if criterion else error.subject
            return f"blocked by {blocker}: {error.reason}"
        case Unproven() | pytest.skip.Exception():
            return f"{verdict_for(error)}: {error}"
        case SetupError():
            return f"setup problem: {error}"
        case AssertionError() if str(error):
            return _own_words(str(error))
        case _:
            return f"{type(error).__name__}: {error}".removesuffix(": ")


def explained(error: BaseException) -> bool:
    """Whether the message alone is enough, so that a traceback would only be in the way."""
    message = isinstance(error, AssertionError) and "\n  expected " in _own_words(str(error))
    return message or isinstance(error, SetupError)


def _own_words(message: str) -> str:
    """The message of an assertion without what pytest adds: its own view, and an indent."""
    title, _, rest = message.split("\nassert ", maxsplit=1)[0].partition("\n")
    return f"{title}\n{textwrap.indent(textwrap.dedent(rest), '  ')}" if rest else title


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Turn the verdicts into the exit code; pytest's own problems keep theirs."""
    run = run_of(session.config)
    if exitstatus not in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED}:
        interrupted = exitstatus == pytest.ExitCode.INTERRUPTED
        run.cut_short = "interrupted" if interrupted else "ended early"
    run.unused = waivers.waivers_of(session.config).unused(run.results())
    if run.unfit:
        session.exitstatus = ExitCode.UNFIT
    elif run.selected and exitstatus == pytest.ExitCode.OK:
        session.exitstatus = exit_code(run.verdicts())


@pytest.hookimpl(tryfirst=True)
def pytest_internalerror(excinfo: pytest.ExceptionInfo[BaseException]) -> None:
    """A `SetupError` outside a scenario is a message for people, not an internal error."""
    if isinstance(excinfo.value, SetupError):
        raise pytest.exit.Exception(str(excinfo.value), returncode=ExitCode.UNFIT)
