"""Waiting: what it says, when, and how it ends."""

import threading
from collections.abc import Callable
from itertools import pairwise

import pytest

from acceptance import waiting
from acceptance.waiting import eventually, waiting_for, within


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """Seconds."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds


def after(clock: Clock, seconds: float) -> Callable[[], str]:
    def question() -> str:
        assert clock.now >= seconds, f"{clock.now:.0f} of {seconds:.0f}"
        return "there"

    return question


def test_the_answer_comes_back_as_soon_as_there_is_one() -> None:
    clock = Clock()

    answer = eventually(after(clock, 1), what="it", clock=clock, sleep=clock.sleep)

    assert (answer, round(clock.now, 6)) == ("there", 1.0)


def test_a_short_wait_says_nothing_and_a_long_one_after_2_seconds_then_every_5() -> None:
    said: list[str] = []
    for seconds in (1.9, 13.0):
        clock = Clock()
        eventually(
            after(clock, seconds),
            what="the lab",
            interval=0.5,
            say=said.append,
            clock=clock,
            sleep=clock.sleep,
        )

    assert said == [
        "waiting for the lab, 2 s: 2 of 13",
        "waiting for the lab, 7 s: 7 of 13",
        "waiting for the lab, 12 s: 12 of 13",
    ]


def test_the_first_looks_come_soon_and_later_ones_after_a_part_of_what_was_waited() -> None:
    clock, looks = Clock(), list[float]()

    def question() -> None:
        looks.append(clock.now)
        assert clock.now >= 30, "not yet"

    eventually(question, what="it", timeout=60, clock=clock, sleep=clock.sleep)
    pauses = [after - before for before, after in pairwise(looks)]

    assert pauses[:20] == pytest.approx([0.05] * 20)
    assert max(pauses) == pytest.approx(0.5)
    assert all(pause <= max(0.05, at / 20) + 1e-6 for at, pause in zip(looks, pauses, strict=False))
    assert len(looks) < 150


def test_where_a_look_costs_something_all_pauses_are_as_long_as_is_said() -> None:
    clock, looks = Clock(), list[float]()

    def question() -> None:
        looks.append(clock.now)
        assert clock.now >= 3, "not yet"

    eventually(question, what="it", interval=1, clock=clock, sleep=clock.sleep)
    assert looks == [0, 1, 2, 3]


def test_the_deadline_raises_the_last_observation_with_the_time() -> None:
    clock = Clock()

    with pytest.raises(AssertionError, match="3 of 9") as raised:
        eventually(
            after(clock, 9), what="it", timeout=3, interval=1, clock=clock, sleep=clock.sleep
        )

    assert raised.value.__notes__ == ["  waited    3.0 s for it"]


def test_another_error_ends_the_wait_at_once() -> None:
    asked: list[int] = []

    def question() -> None:
        asked.append(1)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        eventually(question, what="it", sleep=lambda _: None)

    assert asked == [1]


def test_an_error_that_means_not_yet_is_waited_for() -> None:
    errors = iter([OSError("busy"), OSError("busy")])

    def question() -> str:
        for error in errors:
            raise error
        return "there"

    assert eventually(question, what="it", transient=(OSError,), sleep=lambda _: None) == "there"


def test_a_call_that_blocks_is_spoken_of_until_it_returns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "_QUIET_SECONDS", 0.01)
    monkeypatch.setattr(waiting, "_AGAIN_SECONDS", 0.01)
    said: list[str] = []
    twice = threading.Event()

    def say(line: str) -> None:
        said.append(line)
        if len(said) > 1:
            twice.set()

    with waiting_for("the model", say):
        assert twice.wait(10)

    assert said[0] == "waiting for the model, 0 s"
    assert "waiting for the model" not in {thread.name for thread in threading.enumerate()}


def test_a_call_that_returns_soon_or_fails_is_not_spoken_of() -> None:
    said: list[str] = []

    with pytest.raises(ZeroDivisionError), waiting_for("the model", said.append):
        raise ZeroDivisionError

    assert said == []


def test_a_call_that_returns_in_time_is_as_without_a_deadline() -> None:
    assert within(20.0, lambda: "done") == "done"
    with pytest.raises(ZeroDivisionError):
        within(20.0, lambda: 1 / 0)

    def late() -> None:
        raise TimeoutError("its own")

    with pytest.raises(TimeoutError, match="its own"):
        within(20.0, late)


def test_a_call_that_does_not_return_is_left_behind() -> None:
    ended = threading.Event()
    with pytest.raises(TimeoutError, match=r"no end within 0\.1 s"):
        within(0.1, ended.wait)
    ended.set()
