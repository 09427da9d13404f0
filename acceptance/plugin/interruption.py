"""A run that is told to stop ends with what it has judged, and says so.

A person presses Ctrl-C; a service that ends a job, or a cluster that ends a pod, sends SIGTERM; a
terminal that is closed sends SIGHUP. What is being judged is left at once, and is no verdict.
Everything else, a target that is closed or a report that is written, comes to its end first: in the
middle of it an exception would cost the rest (an Allure that has lost its result, allure-pytest
2.16.2, ends the whole run with an internal error). Whoever does not wait for that asks twice more.
"""

import os
import signal
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, Protocol

import pytest

from acceptance.plugin.redaction import write_through
from acceptance.signals import INTERRUPTIONS

_PATIENCE = 3
"""How often a run may be told before it dies of it, with what it has begun left as it is."""
_REPORTING = (
    "allure_commons",
    "allure_pytest",
    "acceptance.plugin.allure_gherkin",
    "acceptance.plugin.masked_files",
)
"""Whose functions are not left in the middle."""
_CLOSING = (
    "interrupted: what was started is being closed, then the reports are written; "
    f"{_PATIENCE - 1} more interrupts end it at once, as it is"
)


class _Stop:
    """Hears the signals."""

    def __init__(self) -> None:
        self.asked = 0
        """How often the run was told to stop."""
        self.session: pytest.Session | None = None
        self.nothing_more = False
        """Whether no other scenario follows: then there is nothing to stop."""
        self._judging = 0
        self._earlier = {
            each: signal.signal(each, self._hear)
            for each in INTERRUPTIONS
            if signal.getsignal(each) is not signal.SIG_IGN  # what is ignored, as by nohup
        }

    def give_back(self) -> None:
        """Let those hear the signals again who did before."""
        for number, handler in self._earlier.items():
            if signal.getsignal(number) == self._hear:
                signal.signal(number, handler)

    @contextmanager
    def judging(self) -> Iterator[None]:
        """What is done inside is left at once when the run is told to stop."""
        self.leave_if_asked()
        self._judging += 1
        try:
            yield
        finally:
            self._judging -= 1

    def leave_if_asked(self) -> None:
        """Leave what begins now, if the run was told to stop where it could not be left."""
        if self.asked:
            raise KeyboardInterrupt

    def reach(self, session: pytest.Session | None) -> None:
        """Let this session begin no other scenario, once the run was told to stop."""
        self.session = session
        if session and self.asked and not self.nothing_more:
            session.shouldstop = "told to stop"

    def _hear(self, number: int, frame: FrameType | None) -> None:
        self.asked += 1
        if self.asked >= _PATIENCE:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        self.reach(self.session)
        if self.asked == 1 and self._judging and not _reports(frame):
            raise KeyboardInterrupt


def _reports(frame: FrameType | None) -> bool:
    while frame:
        if frame.f_globals.get("__name__", "").startswith(_REPORTING):
            return True
        frame = frame.f_back
    return False


class _Terminal:
    """The terminal's stream, which may be closed before the run is over: then nobody reads it."""

    def __init__(self, stream: Any) -> None:  # noqa: ANN401  # pytest's own
        self._stream = stream

    def write(self, text: str) -> int:
        """Write it, as long as somebody reads."""
        try:
            return int(self._stream.write(text))
        except OSError:
            self._leave()
            return len(text)

    def flush(self) -> None:
        """Likewise."""
        try:
            self._stream.flush()
        except OSError:
            self._leave()

    def _leave(self) -> None:
        """What is still to be written goes nowhere, also what Python writes at its end."""
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._stream.fileno())
        os.close(nowhere)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        return getattr(self._stream, name)


_STOP = pytest.StashKey[_Stop]()


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Listen until everything is written; only a main thread can, and is who is told.

    An exception that leaves an old-style wrapper of a hook, as allure-pytest (2.16.2) and
    pytest-bdd (9.0.1) have, is a warning too (pluggy 1.7.0), and one that counts as an error hides
    that the run was interrupted.
    """
    config.addinivalue_line("filterwarnings", "ignore::pluggy.PluggyTeardownRaisedWarning")
    write_through(config, _Terminal)
    if threading.current_thread() is threading.main_thread():
        config.stash[_STOP] = stop = _Stop()
        config.add_cleanup(stop.give_back)


@contextmanager
def _judging(config: pytest.Config) -> Iterator[None]:
    if _STOP not in config.stash:
        yield
        return
    with config.stash[_STOP].judging():
        yield


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Reach the session with what was heard, and will be."""
    if _STOP in session.config.stash:
        session.config.stash[_STOP].reach(session)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> Generator[None, object, object]:
    """Say that it is being stopped, where somebody told it to: a run that is unfit ends itself."""
    if session.shouldstop:
        raise session.Interrupted(session.shouldstop)
    try:
        return (yield)
    except KeyboardInterrupt as error:
        stop = session.config.stash.get(_STOP, None)
        if isinstance(error, session.Interrupted) and not (stop and stop.asked):
            raise
        reporter = session.config.pluginmanager.get_plugin("terminalreporter")
        if isinstance(reporter, pytest.TerminalReporter):
            reporter.ensure_newline()
            reporter.write_line(_CLOSING)
        raise


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(
    item: pytest.Item, nextitem: pytest.Item | None
) -> Generator[None, object, object]:
    """Know the last one."""
    if _STOP in item.config.stash:
        item.config.stash[_STOP].nothing_more = nextitem is None
    return (yield)


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_fixture_setup(request: pytest.FixtureRequest) -> Generator[None, object, object]:
    """What is set up may be left; innermost, so that whoever reports of it is not left."""
    with _judging(request.config):
        return (yield)


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Likewise the scenario itself."""
    with _judging(pyfuncitem.config):
        return (yield)


@pytest.hookimpl(trylast=True)
def pytest_bdd_before_step_call(request: pytest.FixtureRequest) -> None:
    """Leave before the next sentence, where the one before it could not be left."""
    if _STOP in request.config.stash:
        request.config.stash[_STOP].leave_if_asked()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, object, object]:
    """What goes wrong once the run was told to stop is no verdict."""
    return (yield from _no_verdict(item))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Likewise: Ctrl-C in a terminal also reaches the browser, and the page is gone."""
    return (yield from _no_verdict(item))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, object, object]:
    """Likewise."""
    return (yield from _no_verdict(item))


def _no_verdict(item: pytest.Item) -> Generator[None, object, object]:
    try:
        return (yield)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        if _STOP in item.config.stash and item.config.stash[_STOP].asked:
            raise KeyboardInterrupt from error
        raise


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Close what is still open; that this fails is said, and costs no report."""
    state = session._setupstate  # noqa: SLF001  # pytest closes it next, and ends where it fails
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    while state.stack:
        try:
            state.teardown_exact(None)
        except BaseException as error:  # noqa: BLE001  # whatever closing raises
            if isinstance(reporter, pytest.TerminalReporter):
                reporter.write_line(f"closing failed: {type(error).__name__}: {error}", red=True)


class _Place(Protocol):
    @property
    def lineno(self) -> int: ...


def _has_line(place: _Place) -> bool:
    with suppress(TypeError):
        return place.lineno >= 0
    return False


@pytest.hookimpl(tryfirst=True)
def pytest_keyboard_interrupt(excinfo: pytest.ExceptionInfo[BaseException]) -> None:
    """Tell where the run was stopped by places that have a line.

    A signal can come where Python (3.11.7) has none, and pytest (9.2.0) ends with an error there.
    """
    excinfo.traceback = excinfo.traceback.filter(_has_line)
