"""What interrupts waits for the end of what may not be left half done."""

import signal
import threading
from collections.abc import Iterator

import pytest

from acceptance.signals import INTERRUPTIONS, defer_signals


@pytest.fixture(autouse=True)
def pythons_own_answer_to_ctrl_c() -> Iterator[None]:
    """As where nobody else listens: the run of these tests must not hear what they raise."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def _interrupted(done: list[str], *, fails: bool = False) -> None:
    with defer_signals():
        for _ in range(3):
            signal.raise_signal(signal.SIGINT)
        done.append("whole")
        if fails:
            raise ValueError("the cause")


def test_ctrl_c_acts_at_the_end_and_once() -> None:
    done: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        _interrupted(done)
    assert done == ["whole"]


@pytest.mark.parametrize("number", INTERRUPTIONS)
def test_whoever_listened_before_hears_it_then(number: signal.Signals) -> None:
    heard: list[int] = []
    earlier = signal.signal(number, lambda number, _frame: heard.append(number))
    try:
        with defer_signals():
            signal.raise_signal(number)
            assert heard == []
        assert heard == [number]
    finally:
        signal.signal(number, earlier)


def test_an_error_within_is_not_lost() -> None:
    with pytest.raises(KeyboardInterrupt) as error:
        _interrupted([], fails=True)
    assert isinstance(error.value.__context__, ValueError)


def test_other_threads_are_not_interrupted_anyway() -> None:
    done = []

    def work() -> None:
        with defer_signals():
            done.append("whole")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == ["whole"]
