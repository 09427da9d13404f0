"""Words as they are said, whole answers, each to who asked, and a reason where there is none."""

from dataclasses import replace

import pytest

from acceptance.checks.proof import Answer, Turn
from acceptance.checks.seamless import (
    arrived_early,
    check_each,
    check_own_answers,
    check_streamed,
    check_told,
    check_told_too_long,
    check_whole_or_error,
)
from acceptance.errors import Inconclusive, NotProven
from acceptance.target import Call
from tests.checks.making import refused
from tests.story import MODELS

GEMINI, GROQ, VLLM = "gemini/gemini-2.5-flash", "groq/llama-3.3-70b-versatile", "vllm-qwen"
HEARD = Answer(
    model=VLLM,
    nonce="kite ladle",
    text="kite ladle",
    asked_at=1000.0,
    first_seconds=0.2,
    last_seconds=0.5,
)


def _call(turn: Turn | Answer, messages: int = 1, *, until: float = 0.0) -> Call:
    model = MODELS[turn.model]
    return Call(
        provider=model.provider.name,
        model=model.upstream,
        question=f"Please repeat: {turn.nonce}",
        answered=True,
        messages=messages,
        until=until,
    )


def test_a_first_word_before_the_last_one_is_said() -> None:
    check_streamed(HEARD, [_call(HEARD, until=1000.4)])
    check_streamed(HEARD, None)


def test_words_that_are_held_back() -> None:
    said = [_call(HEARD, until=1000.1)]
    assert not arrived_early(HEARD, said)
    with refused("do not arrive as they are said", "0.20 s after", "proxy_buffering"):
        check_streamed(HEARD, said)


def test_an_answer_in_one_body_is_not_streamed() -> None:
    with refused("the whole answer in one body", "Stream Chat Response"):
        check_streamed(replace(HEARD, streamed=False), None)


def test_a_short_answer_that_nobody_saw_proves_nothing() -> None:
    with refused("all of its short answer came within 0.01 s", error=NotProven):
        check_streamed(replace(HEARD, last_seconds=0.21), None)


SAID = tuple(
    Turn(model=model, nonce=nonce, text=nonce)
    for model, nonce in ((GEMINI, "kite one"), (VLLM, "kite two"), (GROQ, "kite three"))
)
CALLS = [_call(turn, 2 * number + 1) for number, turn in enumerate(SAID)]


def test_each_turn_is_answered_by_the_model_that_was_chosen() -> None:
    check_each(SAID, MODELS, CALLS)
    check_each(SAID, MODELS, None)
    with refused(f"does not come from {VLLM}", "qwen2.5:3b at Ollama"):
        other = replace(CALLS[1], provider="Ollama", model="qwen2.5:3b")
        check_each(SAID, MODELS, [*CALLS, other])
    with refused(f"does not come from {VLLM}"):
        check_each([SAID[0], replace(SAID[1], text="Hello")], MODELS, None)


def test_a_conversation_that_does_not_go_on() -> None:
    error = "litellm.BadRequestError: GroqException - property 'reasoning_content' is unsupported"
    stuck = replace(SAID[2], text="", error=error)
    with refused(f"does not go on with {GROQ}", "reasoning_content", f"after {GEMINI}, {VLLM}"):
        check_each([*SAID[:2], stuck], MODELS, CALLS)
    limited = replace(stuck, error="litellm.RateLimitError: RateLimitError: GroqException - slow")
    with refused("429", error=Inconclusive):
        check_each([*SAID[:2], limited], MODELS, CALLS)


def test_a_model_that_is_not_told_what_was_said() -> None:
    check_told(SAID, CALLS)
    check_told(SAID, [replace(call, messages=call.messages + 2) for call in CALLS])  # a system's
    with refused(f"{GROQ} was not told", "expected  5 messages", "found     1"):
        check_told(SAID, [*CALLS[:2], replace(CALLS[2], messages=1)])
    with refused("reached no provider"):
        check_told(SAID, CALLS[:2])


def test_the_answer_to_anothers_question() -> None:
    model = MODELS[VLLM]
    turns = [replace(SAID[1], nonce=nonce, text=nonce) for nonce in ("kite one", "sofa two")]
    check_own_answers(turns, model)
    with refused("got the answer to another one", "sofa two", "2 conversations at once"):
        check_own_answers([replace(turns[0], text="sofa two"), turns[1]], model)
    with refused("got the answer to another one"):  # both of them in one answer
        check_own_answers([replace(turns[0], text="kite one sofa two"), turns[1]], model)
    with refused("does not come from vllm-qwen"):
        check_own_answers([replace(turns[0], text="Hello"), turns[1]], model)


def test_half_of_an_answer_is_no_whole() -> None:
    check_whole_or_error(HEARD)
    check_whole_or_error(replace(HEARD, text="kite", error="the stream broke off"))
    with refused("takes half of an answer for the whole", "'kite'", "finish_reason stop"):
        check_whole_or_error(replace(HEARD, text="kite", finish="stop"))


@pytest.mark.parametrize(
    "error",
    [
        "litellm.ContextWindowExceededError: GroqException - This model's maximum context length",
        "Prompt contains 146012 tokens and 0 draft tokens, too large for model",
        "The input token count (146012) exceeds the maximum number of tokens allowed",
        "prompt is too long: 146012 tokens > 131072 maximum",
    ],
)
def test_an_error_that_says_that_there_is_too_much(error: str) -> None:
    check_told_too_long(replace(HEARD, text="", error=error, status=400))


def test_an_error_that_does_not_say_why() -> None:
    with refused("is not told why", "500: Something went wrong", "client_max_body_size"):
        check_told_too_long(replace(HEARD, text="", error="Something went wrong", status=500))
    with refused("LiteLLM limits the key", error=Inconclusive):
        limit = "Rate limit exceeded for api_key: abc. Limit type: max_parallel_requests"
        check_told_too_long(replace(HEARD, text="", error=limit))
