"""Conversations that are held beside the shared answers, and told to their scenarios."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from unittest.mock import Mock

import pytest

from acceptance.checks.proof import Answer, Turn
from acceptance.clients.ahead import Ahead
from acceptance.clients.answers import Answers
from acceptance.clients.hands import Hands
from acceptance.clients.streaming import Question
from acceptance.errors import Inconclusive
from acceptance.target import always
from acceptance.waiting import quiet
from tests.clients.test_answers import LIMIT
from tests.story import STORY

VLLM, OLLAMA = "vllm-qwen", "ollama-qwen"
PLAN = ((VLLM, ""), (OLLAMA, "first a tool"))
Says = Callable[[Turn], Turn]


class _Chats:
    """Conversations that say what they are told to, and note whom they ask."""

    def __init__(self, *says: Says) -> None:
        self.asked: list[tuple[str, str]] = []
        self.begun = 0
        self.ended = 0
        self.said: list[Turn] = []
        self._says = list(says)

    @contextmanager
    def begin(self) -> Iterator["_Chats"]:
        """One of them."""
        self.begun += 1
        yield self
        self.ended += 1

    def ask(self, model: str, nonce: str, *, before: str = "") -> Turn:
        """Its next turn."""
        self.asked.append((model, before))
        turn = Turn(model=model, nonce=nonce, text=nonce)
        return self._says.pop(0)(turn) if self._says else turn

    def turns(self) -> tuple[Turn, ...]:
        """None is kept."""
        return ()


def _answers(ahead: Ahead, *, dead: str = "") -> Answers:
    def ask(question: Question) -> Answer:
        text = "" if question.model == dead else question.nonce
        return Answer(model=question.model, nonce=question.nonce, text=text)

    hands = Hands(offered=Mock(), ask=ask, conversation=Mock())
    return Answers(
        hands,
        STORY,
        wanted=lambda: [VLLM, OLLAMA],
        beside=lambda answers: [ahead.hold(answers)],
        say=quiet,
    )


def _held(chats: _Chats, *, dead: str = "", at_rest: Callable[[], None] = always) -> Ahead:
    ahead = Ahead(chats.begin, PLAN, at_rest=at_rest)
    answers = _answers(ahead, dead=dead)
    answers.of(VLLM)
    answers.settle()
    return ahead


def test_what_was_held_is_told_turn_by_turn_and_nobody_is_asked_again() -> None:
    chats = _Chats()
    ahead = _held(chats)
    assert chats.asked == [*PLAN]

    with ahead as chat:
        first = chat.ask(VLLM, "another nonce")
        assert [*chat.said] == [first]
        second = chat.ask(OLLAMA, "another nonce", before="first a tool")
    assert [*chat.said] == [first, second]
    assert "another nonce" not in (first.nonce, second.nonce)
    assert (chats.asked, chats.begun, chats.ended) == ([*PLAN], 1, 1)


def test_one_that_nobody_held_is_held_by_its_scenario() -> None:
    chats = _Chats()
    with Ahead(chats.begin, PLAN) as chat:
        assert chat.ask(VLLM, "own nonce").nonce == "own nonce"
    assert (chats.asked, chats.ended) == ([PLAN[0]], 1)


def test_a_model_that_does_not_answer_by_itself_is_asked_nothing_more() -> None:
    chats = _Chats()
    with _held(chats, dead=OLLAMA) as chat:
        assert chats.asked == [PLAN[0]]
        chat.ask(VLLM, "")
        chat.ask(OLLAMA, "the scenario's own", before="first a tool")
    assert chats.asked == [*PLAN]


def _fails(_turn: Turn) -> Turn:
    raise AssertionError("it is not stored yet")


def test_what_went_wrong_is_told_where_it_is_asked_for_and_is_not_tried_again() -> None:
    chats = _Chats(lambda turn: turn, _fails)
    with _held(chats) as chat:
        chat.ask(VLLM, "")
        with pytest.raises(AssertionError, match="not stored"):
            chat.ask(OLLAMA, "", before="first a tool")
    assert chats.asked == [*PLAN]


def test_an_error_is_as_good_a_turn_as_an_answer() -> None:
    chats = _Chats(lambda turn: replace(turn, text="", error="out of order"))
    with _held(chats) as chat:
        assert chat.ask(VLLM, "").error == "out of order"
    assert chats.asked == [*PLAN]


@pytest.mark.parametrize("wrong", [_fails, lambda turn: replace(turn, error="502")])
def test_a_pod_that_went_away_meanwhile_excuses_what_went_wrong_then(wrong: Says) -> None:
    def gone() -> None:
        raise Inconclusive("Pod ml/litellm went away")

    with _held(_Chats(wrong), at_rest=gone) as chat, pytest.raises(Inconclusive, match="went away"):
        chat.ask(VLLM, "")


def test_a_key_that_is_refused_for_asking_too_much_says_nothing_of_a_conversation() -> None:
    chats = _Chats(lambda turn: turn, lambda turn: replace(turn, text="", error=LIMIT))
    with _held(chats) as chat:
        assert (chats.begun, chats.ended) == (1, 1)
        assert not chat.ask(VLLM, "").error
        assert not chat.ask(OLLAMA, "", before="first a tool").error
    assert (chats.asked, chats.begun, chats.ended) == ([*PLAN, *PLAN], 2, 2)


def test_one_that_is_left_while_a_turn_is_held_ends_after_that_turn() -> None:
    asked, may_answer = threading.Event(), threading.Event()

    def late(turn: Turn) -> Turn:
        asked.set()
        assert may_answer.wait(60)
        return turn

    chats = _Chats(late)
    ahead = Ahead(chats.begin, PLAN)
    answers = _answers(ahead)
    answers.of(VLLM)
    assert asked.wait(60)
    ahead.close()
    assert chats.ended == 0
    may_answer.set()
    answers.settle()
    assert (chats.asked, chats.ended) == ([PLAN[0]], 1)


def test_one_provider_is_asked_one_thing_at_a_time() -> None:
    busy, at_once, enough = threading.Lock(), list[str](), threading.Event()

    def ask(turn: Turn) -> Turn:
        if busy.acquire(blocking=False):
            enough.wait(0.02)  # for another one to come, if it may
            busy.release()
        else:
            at_once.append(turn.model)
        return turn

    chats = [_Chats(*[ask] * 2) for _ in range(4)]
    ahead = [Ahead(each.begin, [(VLLM, ""), (VLLM, "")]) for each in chats]
    hands = Hands(
        offered=Mock(),
        ask=lambda question: Answer(
            model=question.model, nonce=question.nonce, text=question.nonce
        ),
        conversation=Mock(),
    )
    answers = Answers(
        hands,
        STORY,
        wanted=lambda: [VLLM],
        beside=lambda answers: [each.hold(answers) for each in ahead],
        say=quiet,
    )
    answers.of(VLLM)
    answers.settle()
    assert at_once == []
    assert all(len(each.asked) == 2 for each in chats)
