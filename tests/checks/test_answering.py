"""Who gave an answer: told by provenance and nonce, never by text or label."""

from dataclasses import replace

import pytest

from acceptance.checks.answering import (
    check_answer,
    check_asked_only,
    check_error_only,
    check_kept,
    check_no_error,
    check_turn,
    check_unknown_model,
    check_unknown_to_gateway,
)
from acceptance.checks.proof import Answer, Deployment, Provenance, Turn
from acceptance.errors import Inconclusive, NotProven
from acceptance.target import Call
from tests.checks.making import refused
from tests.story import MODELS

NONCE = "K0123456789"
VLLM = "http://vllm-api.ml.svc.cluster.local:8000/v1"
GEMINI = "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.0-flash"
WHO = Provenance(group="vllm-qwen", deployment="d1", api_base=VLLM, upstream=True)
GOOD = Answer(model="vllm-qwen", nonce=NONCE, text=NONCE, provenance=WHO, tokens=9, seconds=1.5)
AWAY = replace(GOOD, text="", provenance=None, tokens=0)


def _by(group: str, api_base: str, *, upstream: bool = True) -> Provenance:
    return Provenance(group=group, deployment="d", api_base=api_base, upstream=upstream)


HEALTHY: dict[str, Answer] = {
    "the code comes back": GOOD,
    "in a sentence": replace(GOOD, text=f"Sure! The code is {NONCE}."),
    "after a thinking block": replace(GOOD, text=f"<think>{NONCE}?</think>\n{NONCE}"),
    "another text, an upstream that was called": replace(GOOD, text="Hello, world!"),
    "the code, no upstream headers (Gemini never has any)": replace(
        GOOD,
        model="gemini/gemini-2.0-flash",
        provenance=_by("gemini/gemini-2.0-flash", GEMINI, upstream=False),
    ),
    "H24, H33 another address of the same host": replace(
        GOOD, provenance=_by("vllm-qwen", "http://vllm-api.ml.svc.cluster.local:8000")
    ),
}


@pytest.mark.parametrize("answer", HEALTHY.values(), ids=HEALTHY.keys())
def test_the_model_itself(answer: Answer) -> None:
    check_answer(answer, MODELS[answer.model])
    check_no_error(answer)


WRONG: dict[str, tuple[Answer, str, tuple[str, ...]]] = {
    "F097 the fallback under the primary's name": (
        replace(GOOD, provenance=_by("ollama-qwen", "http://ollama.ml.svc.cluster.local:11434")),
        "vllm-qwen",
        ("ollama-qwen answered in its place", "http://ollama.ml", "disable_fallbacks"),
    ),
    "F085 a default fallback": (
        replace(
            GOOD,
            model="gemini/gemini-2.0-flash",
            provenance=_by("ollama-qwen", "http://ollama.ml.svc.cluster.local:11434"),
        ),
        "gemini/gemini-2.0-flash",
        ("does not come from gemini/gemini-2.0-flash", "ollama-qwen answered in its place"),
    ),
    "F095 another upstream": (
        replace(GOOD, model="openai-gpt4o", provenance=_by("openai-gpt4o", VLLM)),
        "openai-gpt4o",
        ("LiteLLM asked http://vllm-api", "not api.openai.com", "OPENAI_BASE_URL"),
    ),
    "F092 mock_response": (
        replace(
            GOOD, text="Hello, world!", provenance=_by("vllm-qwen", VLLM, upstream=False), tokens=20
        ),
        "vllm-qwen",
        (NONCE, "does not come back", "no upstream was called: mock_response"),
    ),
    "F114 empty": (replace(GOOD, text=" \n", tokens=0), "vllm-qwen", ("the answer is empty",)),
    "F114 thinking only": (
        replace(GOOD, text="", tokens=64),
        "vllm-qwen",
        ("the answer is empty", "64 tokens", "reasoning mode"),
    ),
    "F106 it breaks off": (
        replace(GOOD, error="litellm.Timeout: no end"),
        "vllm-qwen",
        ("it breaks off with an error: litellm.Timeout",),
    ),
    "not through LiteLLM": (
        replace(GOOD, provenance=None),
        "vllm-qwen",
        ("no headers of LiteLLM", "a function (Admin Settings > Functions)"),
    ),
    "an address that is none": (
        replace(GOOD, provenance=_by("vllm-qwen", "http://[")),
        "vllm-qwen",
        ("LiteLLM asked http://[, not vllm-api",),
    ),
    "a code of another question": (
        replace(GOOD, text="K9999999999", provenance=_by("vllm-qwen", VLLM, upstream=False)),
        "vllm-qwen",
        ("does not come back",),
    ),
    "F109, F111 the house's own provider is away": (
        replace(AWAY, status=200, error="litellm.NotFoundError: 404 no such model"),
        "vllm-qwen",
        ("vllm-qwen does not answer", "404 no such model"),
    ),
    "F034 a key that LiteLLM lacks": (
        replace(
            AWAY,
            model="gemini/gemini-2.0-flash",
            error="litellm.AuthenticationError: GeminiException API key not valid",
        ),
        "gemini/gemini-2.0-flash",
        ("does not answer", "a key that LiteLLM lacks", "os.environ/"),
    ),
    "an external provider, for no known reason": (
        replace(AWAY, model="mistral/mistral-small-latest", error="something else"),
        "mistral/mistral-small-latest",
        ("does not answer", "something else"),
    ),
    "F119 an error of the whole chain tells nothing of its last model": (
        replace(AWAY, error="litellm.RateLimitError: 429 of the first one"),
        "openai-gpt4o",
        ("The answer does not come from openai-gpt4o", "429 of the first one"),
    ),
}


@pytest.mark.parametrize(("answer", "name", "phrases"), WRONG.values(), ids=WRONG.keys())
def test_somebody_else_or_nobody(answer: Answer, name: str, phrases: tuple[str, ...]) -> None:
    with refused(*phrases):
        check_answer(answer, MODELS[name])


MISTRAL = "mistral/mistral-small-latest"
ENTRIES = (
    Deployment(identity="d1", group="vllm-qwen", upstream="openai/Qwen/Q", api_base=VLLM),
    Deployment(identity="d2", group=MISTRAL, upstream=MISTRAL, api_base=""),
    Deployment(identity="d3", group="mistral/*", upstream="mistral/*", api_base=""),
)
UNNAMED = Provenance(
    group="", deployment="d2", api_base="https://api.mistral.ai/v1/chat/completions", upstream=True
)
"""What LiteLLM 1.80.17 and 1.83.14 tell of a streamed answer: no group, the whole path."""
SMALL = replace(GOOD, model=MISTRAL, provenance=UNNAMED)


def _seen(provider: str, model: str, *, answered: bool = True) -> Call:
    return Call(provider=provider, model=model, question=f"code: {NONCE}", answered=answered)


def _told(identity: str) -> Answer:
    who = replace(UNNAMED, deployment=identity).among(ENTRIES, MISTRAL)
    return replace(SMALL, provenance=who)


@pytest.mark.parametrize("identity", ["d2", "d3"], ids=["its own entry", "a wildcard"])
def test_the_entry_tells_where_no_group_is_named(identity: str) -> None:
    check_answer(_told(identity), MODELS[MISTRAL])


def test_another_entry_answered_where_no_group_is_named() -> None:
    with refused("vllm-qwen answered in its place"):
        check_answer(_told("d1"), MODELS[MISTRAL])


@pytest.mark.parametrize("group", ["", MISTRAL], ids=["no group", "the right group"])
def test_an_entry_that_the_judged_gateway_does_not_have(group: str) -> None:
    who = replace(UNNAMED, group=group, deployment="d9").among(ENTRIES, MISTRAL)
    with refused("came through another gateway", "d9", "hostAliases"):
        check_answer(replace(SMALL, provenance=who), MODELS[MISTRAL])


def test_the_ledger_tells_where_neither_group_nor_entries_do() -> None:
    check_answer(SMALL, MODELS[MISTRAL], calls=[_seen("Mistral", "mistral-small-latest")])


def test_what_no_proof_reaches_is_not_proven_and_says_why() -> None:
    unread = replace(SMALL, provenance=replace(UNNAMED, unread="set ACCEPTANCE_GATEWAY_KEY"))
    with refused("names no model", "ACCEPTANCE_GATEWAY_KEY", error=NotProven):
        check_answer(unread, MODELS[MISTRAL])


def test_the_address_disproves_what_no_proof_reaches() -> None:
    elsewhere = replace(UNNAMED, api_base="https://api.groq.com/openai/v1/chat/completions")
    with refused("LiteLLM asked https://api.groq.com", "not api.mistral.ai"):
        check_answer(replace(SMALL, provenance=elsewhere), MODELS[MISTRAL])


CONTRADICTED: dict[str, Call] = {
    "P35, P49 another provider": _seen("Groq", "llama-3.3-70b-versatile"),
    "Q302 another model of the same provider": _seen("Mistral", "mistral-tiny"),
}


@pytest.mark.parametrize("last", CONTRADICTED.values(), ids=CONTRADICTED.keys())
def test_a_ledger_that_contradicts_the_headers(last: Call) -> None:
    dead = _seen("Mistral", "mistral-small-latest", answered=False)
    with refused(f"{last.model} at {last.provider} gave it", "litellm_params"):
        check_answer(_told("d2"), MODELS[MISTRAL], calls=[dead, last])


def test_a_ledger_that_agrees_or_saw_nothing() -> None:
    others = Call(provider="Groq", model="other", question="another question", answered=True)
    for calls in ([], [others], [_seen("Mistral", "mistral-small-latest"), others]):
        check_answer(_told("d2"), MODELS[MISTRAL], calls=calls)


@pytest.mark.parametrize(
    ("fallbacks", "told", "not_told"),
    [
        ({"x-litellm-attempted-fallbacks": "0"}, "completion_model", "disable_fallbacks"),
        ({"x-litellm-attempted-fallbacks": "1"}, "disable_fallbacks", "completion_model"),
        ({}, "; or look for what sends it there", "counts no fallback"),
    ],
    ids=["nothing failed", "something failed", "nobody knows"],
)
def test_the_fix_follows_what_litellm_counts(
    fallbacks: dict[str, str], told: str, not_told: str
) -> None:
    with pytest.raises(AssertionError, match=told) as caught:
        check_answer(replace(_told("d1"), headers=fallbacks), MODELS[MISTRAL])
    assert not_told not in str(caught.value)


def test_a_model_that_is_switched_off_on_purpose() -> None:
    with refused("0 replicas", "vllm-api.ml", error=Inconclusive):
        check_answer(replace(AWAY, error="away"), MODELS["vllm-qwen"], away=lambda _provider: True)
    check_answer(GOOD, MODELS["vllm-qwen"], away=lambda _provider: True)


def test_what_the_user_is_told() -> None:
    with refused("The user sees an error", "an empty answer"):
        check_no_error(AWAY)
    with refused("The user sees an error", "broke off", "AIOHTTP_CLIENT_TIMEOUT"):
        check_no_error(replace(GOOD, error="it broke off"))
    check_error_only(replace(AWAY, error="503: nobody left"))
    with refused("is not told that the model is away", "no error", NONCE):
        check_error_only(GOOD)
    with refused("is not told", "default_fallbacks"):
        check_error_only(AWAY)
    with refused("is not told", "503", NONCE):
        check_error_only(replace(GOOD, error="503"))


def test_a_model_that_does_not_exist() -> None:
    check_unknown_model(replace(AWAY, status=400, error="Model not found"))
    for answer in (
        GOOD,
        replace(AWAY, status=200, error="Model not found"),
        replace(AWAY, status=500, error="trouble"),
    ):
        with refused("just invented is not refused", "wildcard"):
            check_unknown_model(answer)


def test_the_gateway_itself_knows_no_invented_model() -> None:
    told = "/chat/completions: Invalid model name passed in model=invented-1"
    check_unknown_to_gateway(replace(AWAY, status=400, error=told))
    for answer in (
        GOOD,
        replace(AWAY, status=404, error="litellm.NotFoundError: OpenAIException - no such model"),
        replace(AWAY, status=200, error=""),
    ):
        with refused("does not refuse a model that was just invented", "wildcard"):
            check_unknown_to_gateway(answer)


def _call(provider: str = "vLLM", *, nonce: str = NONCE, answered: bool = True) -> Call:
    return Call(
        provider=provider,
        model="Qwen/Qwen2.5-7B-Instruct-AWQ",
        question=f"Please repeat {nonce}",
        answered=answered,
    )


def test_nobody_else_was_asked() -> None:
    check_asked_only(GOOD, "vLLM", [_call(), _call(), _call("Groq", nonce="another")])
    with refused("reached other providers", "found     Ollama, vLLM"):
        check_asked_only(GOOD, "vLLM", [_call(), _call("Ollama")])
    with refused("no provider at all"):
        check_asked_only(GOOD, "vLLM", [_call(nonce="another")])


TURN = Turn(model="vllm-qwen", nonce=NONCE, text=NONCE)


def test_a_turn_of_a_conversation() -> None:
    model = MODELS["vllm-qwen"]
    check_turn(TURN, model, [_call("Ollama", answered=False), _call()])
    for turn, calls, found in (
        (TURN, [_call(), _call("Ollama")], "at Ollama"),  # the label still says vllm-qwen
        (TURN, [_call(answered=False)], "no model at nobody"),
        (replace(TURN, text="Hello", error="away"), [_call()], "away"),
        (TURN, [replace(_call(), model="another")], "another at vLLM"),
    ):
        with refused("does not come from vllm-qwen", found, "only what was asked for"):
            check_turn(turn, model, calls)


def test_a_conversation_keeps_its_turns() -> None:
    second = Turn(model="ollama-qwen", nonce="K2", text="K2")
    check_kept([TURN, second], [TURN, second])
    for stored in ([], [TURN], [second, TURN], [TURN, replace(second, text="")]):
        with refused("does not keep", f"vllm-qwen ({NONCE}), ollama-qwen (K2)"):
            check_kept(stored, [TURN, second])


def test_another_model_of_the_right_provider() -> None:  # G3
    smaller = replace(_call(), model="Qwen/Qwen2.5-0.5B")
    with refused("Qwen/Qwen2.5-0.5B gave it, another model of vLLM's", "litellm_params.model"):
        check_answer(GOOD, MODELS["vllm-qwen"], calls=[smaller])
    with refused("vllm/qwen-small gave it"):
        told = replace(GOOD, provenance=replace(WHO, serves="vllm/qwen-small"))
        check_answer(told, MODELS["vllm-qwen"])
    check_answer(GOOD, MODELS["vllm-qwen"], calls=[smaller], beside=["Qwen/Qwen2.5-0.5B"])
    check_answer(GOOD, replace(MODELS["vllm-qwen"], upstream=""), calls=[smaller])


def test_a_user_who_is_answered_otherwise_is_told_of() -> None:  # G2
    answer = replace(GOOD, by_a_user=True, provenance=_by("ollama-qwen", "http://ollama.ml:11434"))
    with refused("asked for vllm-qwen by an ordinary user", "look why vllm-qwen itself fails"):
        check_answer(answer, MODELS["vllm-qwen"])  # nobody else was asked
    answer = replace(answer, only_to_a_user=True)
    with refused("asked for vllm-qwen by an ordinary user", "looks at who asks"):
        check_answer(answer, MODELS["vllm-qwen"])


def test_an_answer_without_an_address_needs_another_sign() -> None:
    who = replace(WHO, group="gemini/gemini-2.0-flash", api_base="")
    told = replace(GOOD, model="gemini/gemini-2.0-flash", provenance=who)
    model = MODELS[told.model]
    with refused("tells no address", error=NotProven):
        check_answer(told, model)
    check_answer(told, model, calls=[replace(_call("Gemini"), model="gemini-2.0-flash")])
    check_answer(replace(told, headers={"llm_provider-x-googleapis-id": "1"}), model)
    with refused("at Groq gave it, by the providers' ledger"):
        check_answer(told, model, calls=[_call("Groq")])


@pytest.mark.parametrize("host", ["api.x.ai", "10.1.6.12", "api.models.co.uk", "llm.cat.example"])
def test_a_header_that_anybody_sends_names_no_provider(host: str) -> None:
    who = replace(WHO, api_base="")
    headers = {"llm_provider-x-request-id": "1", "llm_provider-content-location": "/1/co"}
    model = MODELS["vllm-qwen"]
    elsewhere = replace(model, provider=replace(model.provider, hosts=(host,)))
    with refused("tells no address", error=NotProven):
        check_answer(replace(GOOD, provenance=who, headers=headers), elsewhere)


def test_a_filter_that_refuses_ordinary_users_alone_is_told_as_one() -> None:  # W23
    told = Answer(
        model="vllm-qwen",
        nonce=NONCE,
        status=400,
        error="Rate limit exceeded. Please try again later.",
        by_a_user=True,
        only_to_a_user=True,
    )
    with refused("it is an error: Rate limit", "by an ordinary user", "look for a filter"):
        check_answer(told, MODELS["vllm-qwen"])
    passing = replace(told, error="litellm.ServiceUnavailableError: overloaded", status=503)
    with pytest.raises(Inconclusive):
        check_answer(
            replace(passing, model="mistral/mistral-small-latest"),
            MODELS["mistral/mistral-small-latest"],
        )


def test_an_address_that_is_reckoned_counts_less_than_who_was_seen_to_answer() -> None:  # Q780
    reckoned = replace(GOOD, provenance=_by("vllm-qwen", "https://api.openai.com"))
    upstream = MODELS["vllm-qwen"].upstream
    check_answer(reckoned, MODELS["vllm-qwen"], calls=[_seen("vLLM", upstream)])
    with refused("LiteLLM asked https://api.openai.com"):
        check_answer(reckoned, MODELS["vllm-qwen"], calls=[_seen("OpenAI", upstream)])
    with refused("LiteLLM asked https://api.openai.com"):
        check_answer(reckoned, MODELS["vllm-qwen"])
