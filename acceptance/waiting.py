"""The one way to wait: poll a question until it is answered, up to a deadline.

What cannot be polled, since it only returns at its end, gets a deadline by `within`.

A pause is a twentieth of what was waited so far, 50 ms at least: so soon is late enough for nobody
to notice, and the longer something takes, the less often it is disturbed.
"""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception_type

from acceptance.spans import Kind, span

T = TypeVar("T")
Progress = Callable[[str], None]
"""Shows a line of progress to the person who waits."""

DEFAULT_TIMEOUT = 30.0
"""Seconds."""
_SOON = 0.05
"""Seconds between the first looks,"""
_SHARE = 20
"""and later this part of what was waited so far,"""
_SELDOM = 0.5
"""up to so many seconds."""
_QUIET_SECONDS = 2.0
"""A wait longer than this says what it is waiting for,"""
_AGAIN_SECONDS = 5.0
"""and then again each time this has passed."""


def quiet(_line: str) -> None:
    """Say nothing: for waits that nobody watches."""


def eventually(  # noqa: PLR0913  # two are there for its own tests
    question: Callable[[], T],
    *,
    what: str,
    timeout: float = DEFAULT_TIMEOUT,
    interval: float | None = None,
    transient: tuple[type[Exception], ...] = (),
    say: Progress = quiet,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,  # noqa: TID251  # the one place that waits
) -> T:
    """The question's answer, as soon as it raises no AssertionError.

    Args:
        question: only looks, changes nothing; raises AssertionError while the answer is "not yet".
        what: what is waited for, for people.
        timeout: seconds after which the last AssertionError is raised, with a note on the time.
        interval: seconds between two looks, where each costs somebody something: a question to a
            model, a request to a busy server.
        transient: other errors that mean "not yet"; anything else ends the wait at once.
        say: shows what a long wait is waiting for.
        clock: seconds that never go back.
        sleep: pauses for some seconds.

    Raises:
        AssertionError: the last observation, when the deadline has passed.
    """
    started = clock()
    next_line = started + _QUIET_SECONDS
    not_yet: tuple[type[Exception], ...] = (AssertionError, *transient)

    def report(state: RetryCallState) -> None:
        nonlocal next_line
        now = clock()
        if now >= next_line:
            next_line = now + _AGAIN_SECONDS
            say(f"waiting for {what}, {now - started:.0f} s: {_last(state)}")

    def pause(seconds: float) -> None:
        with span(Kind.PAUSE, what):
            sleep(seconds)

    retrying = Retrying(
        retry=retry_if_exception_type(not_yet),
        stop=lambda _state: clock() - started >= timeout,
        wait=lambda _state: _pause(clock() - started) if interval is None else interval,
        sleep=pause,
        before_sleep=report,
        reraise=True,
    )
    try:
        return retrying(question)
    except not_yet as error:
        error.add_note(f"  waited    {clock() - started:.1f} s for {what}")
        raise


def within(
    seconds: float,
    call: Callable[[], T],
    *,
    look: Callable[[], None] = lambda: None,
    every: float = 0,
) -> T:
    """What a blocking call returns, if it does in time; otherwise its thread is left behind.

    For calls whose own deadline begins anew with each byte that comes.

    Args:
        seconds: for the call.
        call: is made in a thread of its own.
        look: raises what makes it vain to wait any longer.
        every: seconds between two looks; 0 for none.

    Raises:
        TimeoutError: it has not returned; or whatever it raises, or a look.
    """
    returned: Future[T] = Future()

    def work() -> None:
        try:
            returned.set_result(call())
        except BaseException as error:  # noqa: BLE001  # raised where it is waited for
            returned.set_exception(error)

    threading.Thread(target=work, name=f"within {seconds:g} s", daemon=True).start()
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        try:
            return returned.result(min(left, every or left))
        except TimeoutError:
            if returned.done():
                raise
        if every:
            look()
    raise TimeoutError(f"no end within {seconds:g} s")


@contextmanager
def waiting_for(what: str, say: Progress) -> Iterator[None]:
    """Say what a blocking call waits for, at the pace of `eventually`, until it returns.

    Args:
        what: what is waited for, for people.
        say: shows a line; called from a thread of its own, never after the call has returned.
    """
    returned = threading.Event()
    started = time.monotonic()

    def watch() -> None:
        pause = _QUIET_SECONDS
        while not returned.wait(pause):
            say(f"waiting for {what}, {time.monotonic() - started:.0f} s")
            pause = _AGAIN_SECONDS

    watcher = threading.Thread(target=watch, name=f"waiting for {what}", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        returned.set()
        watcher.join()


def _pause(waited: float) -> float:
    return min(max(_SOON, waited / _SHARE), _SELDOM)


def _last(state: RetryCallState) -> str:
    error = state.outcome.exception() if state.outcome else None
    lines = str(error).splitlines()
    return lines[0] if lines else type(error).__name__
