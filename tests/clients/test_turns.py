"""Who gave the last answer of a conversation."""

from dataclasses import replace

import pytest

from acceptance.checks.proof import Answer, Turn
from acceptance.clients.streaming import Question
from acceptance.clients.turns import check_last
from acceptance.target import Call, Witness
from tests.story import MODELS

FIRST = Turn(model="vllm-qwen", nonce="KFIRST", text="KFIRST")
LAST = Turn(model="ollama-qwen", nonce="KLAST", text="KLAST")


class _Well:
    """Notes what it was given to check."""

    def __init__(self) -> None:
        self.given: list[tuple[str, str, str]] = []

    def check_given(self, answer: Answer, model: str, provider: str) -> None:
        self.given.append((answer.nonce, model, provider))

    def too_long(self, nonce: str, model: str) -> bool:
        del model
        return nonce == "KLONG"


class _Witness:
    def __init__(self, *calls: Call) -> None:
        self._calls = calls

    def calls(self) -> tuple[Call, ...]:
        return self._calls


def _check(*said: Turn, witness: Witness | None) -> tuple[list[Question], _Well]:
    asked: list[Question] = []
    well = _Well()

    def ask(question: Question) -> Answer:
        asked.append(question)
        return Answer(model=question.model, nonce=question.nonce)

    check_last(said, MODELS["ollama-qwen"], witness, ask, well)  # type: ignore[arg-type]  # all it uses
    return asked, well


def _call(provider: str, model: str) -> Call:
    return Call(provider=provider, model=model, question="repeat: KLAST", answered=True)


def test_a_witness_tells_and_nothing_more_is_asked() -> None:
    asked, well = _check(FIRST, LAST, witness=_Witness(_call("Ollama", "qwen2.5:3b")))

    assert (asked, well.given) == ([], [])


def test_a_witness_tells_that_it_was_another() -> None:
    with pytest.raises(AssertionError, match="gpt-4o-mini at OpenAI"):
        _check(FIRST, LAST, witness=_Witness(_call("OpenAI", "gpt-4o-mini")))


def test_a_question_that_was_too_long_is_asked_shorter() -> None:  # P06
    long = replace(LAST, nonce="KLONG", text="KLONG")
    asked, well = _check(FIRST, long, witness=_Witness(_call("OpenAI", "gpt-4o-mini")))

    assert well.given == [(asked[0].nonce, "ollama-qwen", "Ollama")]


def test_without_one_the_same_conversation_goes_on_and_its_answer_is_judged() -> None:
    asked, well = _check(FIRST, LAST, witness=None)

    assert [message["role"] for message in asked[0].history] == ["user", "assistant"] * 2
    assert "KFIRST" in asked[0].history[0]["content"]
    assert asked[0].history[3]["content"] == "KLAST"
    assert asked[0].model == "ollama-qwen"
    assert well.given == [(asked[0].nonce, "ollama-qwen", "Ollama")]


def test_a_stored_answer_without_its_code_is_wrong_whoever_gave_it() -> None:
    with pytest.raises(AssertionError, match="does not come from ollama-qwen"):
        _check(FIRST, Turn(model="ollama-qwen", nonce="KLAST", text="hello"), witness=None)
