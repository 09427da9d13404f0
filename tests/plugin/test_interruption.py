"""Runs killed at any moment lose nothing of an earlier one, and the next run clears up."""

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from types import FrameType, TracebackType

import pytest

from acceptance.files import PREFIX
from acceptance.lab.environments import CACHE
from acceptance.plugin.interruption import pytest_keyboard_interrupt
from acceptance.report.consistency import contradictions
from acceptance.report.cover.binding import shown
from acceptance.report.html import ensure_allure
from acceptance.report.record import intact, read
from tests.plugin.project import STEPS, Run, run, write
from tests.prepared import ENVIRONMENT, begun
from tests.story import TAGS

_LONGEST_SECONDS = 3.5
"""A run of the project takes about this long, with its report."""
_WAITING = """
from threading import Event

@given("it takes a while")
def _():
    Event().wait(0.25)
"""
_FEATURE = f"{' '.join(f'@{tag}' for tag in TAGS)}\nFeature: Slow\n" + "".join(
    f"\n  Scenario: Number {number}\n    Given it takes a while\n" for number in range(6)
)
_PLUGINS = ("interruption", "record", "html_report")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that was judged once, with a record, a history and a report."""
    ensure_allure(CACHE, lambda _line: None)
    folder = tmp_path_factory.mktemp("killed")
    write(folder, plugins=_PLUGINS, slow=_FEATURE, steps=STEPS + _WAITING)
    assert run(folder).code == 0
    return folder


def _kept(project: Path) -> dict[str, bytes]:
    names = ("signoff.json", "history.jsonl", "metrics.prom", "models.md")
    return {name: (project / "reports" / name).read_bytes() for name in names}


def _killed(project: Path, number: signal.Signals, when: float | str) -> tuple[int, str]:
    """The exit code and the output of a run that gets a signal.

    Args:
        project: the project to judge.
        number: the signal.
        when: seconds after which, or a word of the output after which, it is sent.
    """
    read, written = os.pipe()
    with (
        os.fdopen(read, encoding="utf-8") as output,
        begun(project, out=written, err=written, PYTHONUNBUFFERED="1") as run,
    ):
        os.close(written)
        said = ""
        if isinstance(when, str):
            while when not in said and (line := output.readline()):
                said += line
        else:
            with suppress(TimeoutError):
                run.wait(when)
        with suppress(ProcessLookupError):
            os.kill(run.pid, number)
        return run.wait(30), said + output.read()


def test_a_signal_may_come_where_python_knows_no_line() -> None:
    frame = _between_lines()
    place = TracebackType(None, frame, frame.f_lasti, -1)
    assert str(place.tb_lineno) == "None", "whatever its type says"
    stopped = KeyboardInterrupt().with_traceback(place)
    try:
        raise stopped
    except KeyboardInterrupt:
        excinfo = pytest.ExceptionInfo[BaseException].from_current()

    pytest_keyboard_interrupt(excinfo)

    assert excinfo.getrepr().reprcrash


def _between_lines() -> FrameType:
    """A frame of a function without any line."""

    def function() -> FrameType:
        return sys._getframe()  # noqa: SLF001  # the one way to a frame that is public

    function.__code__ = function.__code__.replace(co_linetable=b"")
    return function()


_STRIKE = """
import os, signal, sys
import pytest

TIMES = [{number!r}] * {times}

def strike():
    # as from outside: each comes where the one before it has led to
    if TIMES:
        try:
            os.kill(os.getpid(), TIMES.pop())
        finally:
            strike()

def around(owner, name):
    known = getattr(owner, name)
    def struck(*args, **named):
        strike()
        return known(*args, **named)
    setattr(owner, name, struck)
"""
_HOOK = "@pytest.hookimpl({how})\ndef pytest_{name}({arguments}):\n    {body}\n"


def _hook(
    name: str, arguments: str = "", *, how: str = "tryfirst=True", body: str = "strike()"
) -> str:
    return _HOOK.format(name=name, arguments=arguments, how=how, body=body)


def _around(module: str, function: str) -> str:
    """Each call of a function, the first time before it."""
    owner, _, name = function.rpartition(".")
    body = f"import {module} as m; around(m{'.' * bool(owner)}{owner}, {name!r})"
    return _hook("configure", body=body)


_OLD_STYLE = {"how": "hookwrapper=True", "body": "yield; strike()"}
_BEFORE = {
    "configured": _hook("configure", how="trylast=True"),
    "session": _hook("sessionstart"),
    "collecting": _hook("collectstart"),
    "making items": _hook("pycollect_makeitem"),
    "collected": _hook("collection_modifyitems", how="trylast=True"),
    "selected": _hook("collection_finish"),
    "the loop": _hook("runtestloop"),
    "the first scenario": _hook("runtest_logstart"),
    "a set-up": _hook("runtest_setup"),
    "a target starts": "STRIKE_AT = 'starting'\n",
    "a target is up": "STRIKE_AT = 'up'\n",
    "Allure, of a set-up": _around("allure_commons.reporter", "AllureReporter.stop_before_fixture"),
    "a set-up, old": _hook("runtest_setup", "item", **_OLD_STYLE),
    "a fixture, old": _hook("fixture_setup", "fixturedef", **_OLD_STYLE),
    "a scenario": _hook("bdd_before_scenario"),
    "a step": _hook("bdd_before_step"),
    "a step's call": _hook("bdd_before_step_call"),
    "in a step": "STRIKE_AT = 'step'\n",
    "a step's end": _hook("bdd_after_step"),
    "a scenario's end": _hook("bdd_after_scenario"),
    "Allure, of a call": _around("allure_commons.reporter", "AllureReporter.drop_test"),
    "Allure, of a step": _around("allure_commons.reporter", "AllureReporter.start_step"),
    "a call, old": _hook("runtest_call", "item", **_OLD_STYLE),
}
"""Moments at which nothing is judged yet."""
_AMID = {
    "a report, old": _hook(
        "runtest_makereport",
        "call",
        how="hookwrapper=True",
        body="yield; call.when == 'call' and strike()",
    ),
    "a report": _hook("runtest_logreport", "report", body="report.when == 'call' and strike()"),
    "a tear-down": _hook("runtest_teardown"),
    "a tear-down, old": _hook("runtest_teardown", "item", **_OLD_STYLE),
    "a fixture's end": "STRIKE_AT = 'lost'\n",
    "a fixture's end, old": _hook("fixture_post_finalizer", "fixturedef", **_OLD_STYLE),
    "a result is written": _around("acceptance.plugin.masked_files", "_masked"),
    "between two": _hook("runtest_logfinish"),
    "between two, old": _hook("runtest_logfinish", "nodeid", **_OLD_STYLE),
    "the second": _hook("runtest_logstart", "nodeid", body="'1' in nodeid and strike()"),
    "in the third": "STRIKE_AT = 'third'\n",
}
"""Moments at which something is judged, and something is left."""
_AFTER = {
    "a target is closed": "STRIKE_AT = 'closing'\n",
    "the end": _hook("sessionfinish"),
    "the record": _around("acceptance.plugin.record", "written"),
    "publishing": _around("acceptance.plugin.reports", "_publish"),
    "the end, old": _hook("sessionfinish", "session", **_OLD_STYLE),
    "the summary": _hook("terminal_summary"),
    "the end of all": _hook("unconfigure"),
    "the page": _around("acceptance.report.html", "_generate"),
    "the page's place": _around("acceptance.report.html", "bind"),
    "the last": _hook("unconfigure", how="trylast=True"),
}
"""Moments at which everything is judged."""
_STRUCK = """
from threading import Event
from conftest import strike
import conftest

def at(moment):
    if getattr(conftest, "STRIKE_AT", "") == moment:
        strike()

@pytest.fixture(scope="session", autouse=True)
def slow_target(target):
    at("starting")
    yield
    with open("closed", "a") as closed:
        at("closing")
        closed.write("closed")

@pytest.fixture
def lost(slow_target):
    at("up")
    yield
    at("lost")

@given("it takes a while")
def _(lost, request):
    at("step")
    if "2" in request.node.name:
        at("third")
"""
_LOUD = ("INTERNALERROR", "Traceback (most recent", "Exception ignored", "closing failed")


@pytest.fixture(scope="module")
def struck(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of which each run is told to stop at a moment."""
    ensure_allure(CACHE, lambda _line: None)
    folder = tmp_path_factory.mktemp("struck")
    feature = "".join(_FEATURE.partition("\n  Scenario: Number 4")[:1])
    write(folder, plugins=_PLUGINS, slow=feature, steps=STEPS + _STRUCK)
    return folder


def _told(project: Path, number: signal.Signals, code: str, times: int) -> Run:
    """A run that is told to stop at a moment of its own."""
    shutil.rmtree(project / "reports", ignore_errors=True)
    (project / "closed").unlink(missing_ok=True)
    conftest = next(
        line for line in (project / "conftest.py").read_text().splitlines() if "plugins" in line
    )
    strike = _STRIKE.format(number=number.value, times=times)
    (project / "conftest.py").write_text(f"{conftest}\n{strike}\n{code}\n")
    done = run(project)
    assert [word for word in _LOUD if word in done.out] == [], done.out
    return done


def _at_each(moments: dict[str, str]) -> pytest.MarkDecorator:
    """Each moment with each signal, once and twice, in turn."""
    numbers = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
    return pytest.mark.parametrize(
        ("code", "number", "times"),
        [
            pytest.param(code, numbers[at % 3], 1 + at % 2, id=f"{name}, {numbers[at % 3].name}")
            for at, (name, code) in enumerate(moments.items())
        ],
    )


@_at_each(_BEFORE)
def test_a_run_that_is_told_to_stop_before_it_has_judged_says_so(
    struck: Path, code: str, number: signal.Signals, times: int
) -> None:
    done = _told(struck, number, code, times)

    assert done.code == pytest.ExitCode.INTERRUPTED, done.out
    assert "Interrupt" in done.out
    assert not (done.reports / "signoff.json").exists()
    assert not list((done.reports).glob(f"{PREFIX}*"))


@_at_each(_AMID)
def test_a_run_that_is_told_to_stop_ends_with_what_it_has_judged(
    struck: Path, code: str, number: signal.Signals, times: int
) -> None:
    done = _told(struck, number, code, times)

    assert done.code == pytest.ExitCode.INTERRUPTED, done.out
    text = (done.reports / "signoff-partial.json").read_text()
    record, digest = read(text)
    assert contradictions(text) == ()
    assert re.match("interrupted, [1-3] of 4 scenarios were not reached", record.partial), done.out
    assert {each.verdict for each in record.scenarios} == {"passed", "not proven"}
    assert record.verdict == "INCOMPLETE"
    assert "INCOMPLETE on embedded" in done.out
    assert shown(done.reports / "acceptance.html") == digest
    assert (struck / "closed").read_text() == "closed"


@_at_each(_AFTER)
def test_a_run_that_is_told_to_stop_with_nothing_left_is_whole(
    struck: Path, code: str, number: signal.Signals, times: int
) -> None:
    done = _told(struck, number, code, times)

    assert done.code == 0, done.out
    text = (done.reports / "signoff.json").read_text()
    record, digest = read(text)
    assert contradictions(text) == ()
    assert record.verdict == "ACCEPTED"
    assert "ACCEPTED on embedded" in done.out
    assert shown(done.reports / "acceptance.html") == digest
    assert (struck / "closed").read_text() == "closed"


def test_whoever_does_not_wait_asks_twice_more(struck: Path) -> None:
    conftest = (struck / "conftest.py").read_text()
    done = _told(struck, signal.SIGTERM, "STRIKE_AT = 'closing'\n", 3)
    (struck / "conftest.py").write_text(conftest)
    assert done.code == -signal.SIGTERM


_AT_A_TERMINAL = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); "
    "os.execv(sys.executable, [sys.executable, '-m', 'pytest'])"
)


def test_a_run_whose_terminal_is_closed_leaves_its_reports(project: Path) -> None:
    ours, terminal = os.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", _AT_A_TERMINAL],
        cwd=project,
        env=ENVIRONMENT,
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
    ) as process:
        os.close(terminal)
        said = b""
        while b"passed" not in said:
            said += os.read(ours, 4096)
        os.close(ours)
        assert process.wait(30) == pytest.ExitCode.INTERRUPTED
    record, digest = read((project / "reports/signoff-partial.json").read_text())
    assert record.partial.startswith("interrupted, ")
    assert shown(project / "reports/acceptance.html") == digest


def test_a_run_whose_output_nobody_reads_any_more_is_whole(project: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "pytest"],
        cwd=project,
        env={**ENVIRONMENT, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        assert process.stderr
        while "passed" not in process.stdout.readline():
            pass
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(30) == 0
    record, digest = read((project / "reports/signoff.json").read_text())
    assert record.verdict == "ACCEPTED"
    assert shown(project / "reports/acceptance.html") == digest


def test_what_fails_once_the_run_is_told_to_stop_is_no_verdict(struck: Path) -> None:
    """Ctrl-C in a terminal also ends the browser: its page is gone before the run notices."""
    fails = _hook(
        "runtest_call",
        "item",
        how="wrapper=True",
        body="try: return (yield)\n    except KeyboardInterrupt: raise OSError('gone')",
    )
    done = _told(struck, signal.SIGINT, f"STRIKE_AT = 'third'\n{fails}", 1)

    assert done.code == pytest.ExitCode.INTERRUPTED, done.out
    assert "failed" not in done.out
    record, _ = read((done.reports / "signoff-partial.json").read_text())
    assert {each.verdict for each in record.scenarios} == {"passed", "not proven"}


def test_closing_that_fails_costs_no_report(struck: Path) -> None:
    code = (
        "STRIKE_AT = 'third'\n"
        "@pytest.fixture(scope='session', autouse=True)\n"
        "def breaks():\n    yield\n    raise OSError('it is gone')\n"
    )
    with pytest.raises(AssertionError, match="closing failed: OSError: it is gone"):
        _told(struck, signal.SIGINT, code, 1)
    record, _ = read((struck / "reports/signoff-partial.json").read_text())
    assert record.partial.startswith("interrupted, 2 of 4")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("_time", range(4))
def test_a_run_killed_at_any_moment_loses_nothing(
    project: Path, number: signal.Signals, _time: int
) -> None:
    before, moment = _kept(project), random.uniform(0.1, _LONGEST_SECONDS)  # noqa: S311

    code, out = _killed(project, number, moment)

    said = f"{number.name} after {moment:.2f} s, exit code {code}:\n{out}"
    after = _kept(project)
    assert intact(after["signoff.json"].decode()), said
    lines = [json.loads(line) for line in after["history.jsonl"].splitlines()]
    old = [json.loads(line) for line in before["history.jsonl"].splitlines()]
    assert [each["uuid"] for each in lines[: len(old)]] == [each["uuid"] for each in old][-30:], (
        said
    )
    assert len(lines) <= len(old) + 1, said
    record, _ = read(after["signoff.json"].decode())
    assert len(record.scenarios) == 6, said
    assert not record.partial, said
    if "6 passed" not in out:
        assert after == before, said


def test_the_next_run_says_what_was_left_and_removes_it(project: Path) -> None:
    reports = project / "reports"
    kept = _kept(project)
    code, out = _killed(project, signal.SIGKILL, "passed")
    assert code == -signal.SIGKILL, out
    (left,) = reports.glob(f"{PREFIX}*")
    (reports / "allure-results").rename(left / "allure-results.old")

    done = run(project, "-k", "number and 0")

    assert "an earlier run was killed after" in done.out
    assert not list(reports.glob(f"{PREFIX}*"))
    assert list(done.results) == ["Number 0"]
    assert _kept(project) == kept, "a partial run replaces neither record nor history"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_stopped_run_leaves_a_report_that_says_it_is_partial(
    project: Path, number: signal.Signals
) -> None:
    code, out = _killed(project, number, "passed")

    assert code == pytest.ExitCode.INTERRUPTED, out
    html = (project / "reports/acceptance.html").read_text()
    assert "<strong>A partial report.</strong> Interrupted, " in html
    record, _ = read((project / "reports/signoff-partial.json").read_text())
    assert record.verdict == "INCOMPLETE"
    assert "of 6 scenarios were not reached" in record.partial
