"""Whether an answer is the whole one: the words of the question come back, at its end."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acceptance.checks.answering import check_answer, check_returned, limit_of_the_key
from acceptance.checks.proof import Answer, Provenance, Turn, breaks_off, holds, question_with
from acceptance.checks.witnessing import with_witness
from acceptance.errors import Inconclusive, NotProven
from acceptance.target import Call
from tests.checks.making import refused
from tests.story import MODELS, STORY

NONCE = "kettle spoon ladder pillow"
VLLM = "http://vllm-api.ml.svc.cluster.local:8000/v1"
WHO = Provenance(group="vllm-qwen", deployment="d1", api_base=VLLM, upstream=True)
GOOD = Answer(model="vllm-qwen", nonce=NONCE, text=NONCE, provenance=WHO, tokens=9)


@pytest.mark.parametrize(
    "text",
    [
        NONCE,
        "Kettle, spoon, ladder, pillow.",
        "**kettle** _spoon_ `ladder` pillow",
        "1. \nkettle\nspoon\nladder\npillow\n",
        f"<think>They want four words.</think>\n{NONCE}",
        f'<details type="reasoning" done="true"><summary>Thought</summary>x</details>\n{NONCE}',
        f'{{"answer": "{NONCE}"}}',
    ],
)
def test_the_words_came_back(text: str) -> None:
    assert holds(text, NONCE)
    assert not breaks_off(text, NONCE)


@pytest.mark.parametrize(
    "text",
    ["", "kettle spoon ladder", "kettle spoon ladder pillowcase", "spoon kettle ladder pillow",
     f"<think>{NONCE}", f"<think>{NONCE}</thi", "Hello, world!"],
)  # fmt: skip
def test_the_words_did_not_come_back(text: str) -> None:
    assert not holds(text, NONCE)


@given(st.integers(min_value=1))
def test_an_answer_that_repeats_its_question_is_known_wherever_it_stops(cut: int) -> None:
    question = question_with(NONCE)
    part = question[: 4 + cut % (len(question) - 5)]
    assert breaks_off(f"You said: {part}", NONCE) or part == question


@pytest.mark.parametrize("text", ["kett", "kettle spoon lad", "Sure: kettle spoon ladder"])
def test_an_answer_that_stops_inside_the_words_is_known(text: str) -> None:
    assert breaks_off(text, NONCE)


@pytest.mark.parametrize("text", ["", "P", "Hello, world!", "I cannot repeat that."])
def test_another_answer_is_none_that_stops(text: str) -> None:
    assert not breaks_off(text, NONCE)


CUT = {
    "G14 half of the answer, and a proper end": (
        replace(GOOD, text="You said: Please repeat these wo", finish="stop"),
        "cut off before its end",
        "ends its streams early",
    ),
    "half of the words alone": (replace(GOOD, text="kettle spoon"), "cut off", "streams early"),
    "a limit": (
        replace(GOOD, text="Of course! Here", finish="length"),
        "cut off before its end (finish_reason length)",
        "raise max_tokens",
    ),
    "R3 a limit that is spent on thoughts": (
        replace(GOOD, text="", tokens=64, finish="length"),
        "the answer is empty, although it counts 64 tokens (finish_reason length)",
        "raise max_tokens",
    ),
    "a content filter": (
        replace(GOOD, text="Please repeat these wo", finish="content_filter"),
        "cut off before its end (finish_reason content_filter)",
        "a content filter stopped it",
    ),
    "nothing, by a content filter": (
        replace(GOOD, text="", finish="content_filter"),
        "the answer is empty",
        "a content filter stopped it",
    ),
    "thoughts and nothing else": (
        replace(GOOD, text=f"<think>{NONCE}? They want"),
        "the answer is empty",
        "reasoning mode",
    ),
    "a tool and nothing else": (
        replace(GOOD, text="", finish="tool_calls", tools=("search_web",)),
        "asks for the tool search_web, and answers nothing",
        "LiteLLM's configuration",
    ),
}


@pytest.mark.parametrize(("answer", "found", "fix"), CUT.values(), ids=CUT.keys())
def test_half_an_answer_is_not_taken_for_one(answer: Answer, found: str, fix: str) -> None:
    with refused(found, fix):
        check_answer(answer, MODELS["vllm-qwen"])


LIMITS = [
    "Rate limit exceeded for api_key: 88dc. Limit type: max_parallel_requests. Current limit: 1",
    "Max parallel request limit reached Hit limit for api_key: 88dc. tpm_limit: 9, rpm_limit: 2",
    "Crossed TPM / RPM / Max Parallel Request Limit",
]


@pytest.mark.parametrize("error", LIMITS)
def test_the_limit_of_a_key_is_named_and_says_nothing_of_the_model(error: str) -> None:
    limited = replace(GOOD, text="", provenance=None, status=429, error=error)
    with refused("LiteLLM limits", error[:40], "max_parallel_requests", error=Inconclusive):
        check_answer(limited, MODELS["vllm-qwen"])
    with refused("LiteLLM limits", error=Inconclusive):
        check_returned(Turn(model="m", nonce=NONCE, text="", error=error), MODELS["vllm-qwen"])


@pytest.mark.parametrize(
    "error",
    ["litellm.RateLimitError: Rate limit reached for gpt-4o-mini on requests per min (RPM).", ""],
)
def test_a_providers_own_limit_is_another(error: str) -> None:
    assert limit_of_the_key(error) == ""


class _Saw:
    def calls(self) -> tuple[Call, ...]:
        model = MODELS["vllm-qwen"]
        question = question_with(NONCE)
        return (Call(provider="vLLM", model=model.upstream, question=question, answered=True),)


def test_an_answer_in_one_body_is_proven_by_a_witness_or_not_at_all() -> None:
    whole = replace(GOOD, provenance=None, streamed=False)

    check_answer(with_witness(whole, _Saw(), STORY), MODELS["vllm-qwen"])
    with refused("streaming is switched off", error=NotProven):
        check_answer(with_witness(whole, None, STORY), MODELS["vllm-qwen"])
    assert with_witness(GOOD, _Saw(), STORY) is GOOD
