"""A question that was lost between Open WebUI and LiteLLM."""

import re
from collections.abc import Iterator
from itertools import count

import pytest

from acceptance.checks.proof import Answer, Turn
from acceptance.clients.lost import Lost

LOST = "Open WebUI: Server Connection Error"


def turns(*errors: str, text: str = "") -> Iterator[Turn]:
    """Answers of a model with these errors, one after the other."""
    for error in errors:
        yield Turn(model="big", nonce="n", text=text if error else "acorn", error=error)


def test_it_is_put_once_more_and_that_is_told() -> None:
    lost, answers = Lost(), turns(LOST, "")

    assert lost.once_more("big", lambda: next(answers)).text == "acorn"
    assert re.search(r"1 of the questions \(big\) were lost .*KEEPALIVE_TIMEOUT=75", lost.remark)


def test_whoever_loses_the_second_too_has_no_excuse() -> None:
    lost, answers = Lost(), turns(LOST, LOST, "")

    assert lost.once_more("big", lambda: next(answers)).error == LOST
    assert lost.remark == ""


@pytest.mark.parametrize(
    "first", [*turns(""), *turns(LOST, text="half"), *turns("litellm.Timeout")]
)
def test_nothing_else_is_asked_again(first: Turn) -> None:
    answers = iter([first])

    assert Lost().once_more("big", lambda: next(answers)) is first


def test_what_was_waited_for_was_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = count(0, 6)
    monkeypatch.setattr("acceptance.clients.lost.time.monotonic", lambda: next(clock))
    answers = turns(LOST)

    assert Lost().once_more("big", lambda: next(answers)).error == LOST


def test_an_answer_is_as_good_as_a_turn() -> None:
    answers = iter([Answer(model="big", nonce="n", error=LOST), Answer(model="big", nonce="n")])

    assert Lost().once_more("big", lambda: next(answers)).error == ""
