"""What real models and servers do that a simple emulation does not."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from acceptance.lab.providers.behaviour import Behaviour, Kind
from acceptance.lab.providers.catalogue import OFFERS, Offer
from acceptance.lab.providers.client import Providers
from acceptance.lab.providers.handover import Handover
from tests.lab.providers.asking import (
    CHAT,
    GEMINI,
    GOOD_KEY,
    GROQ,
    MISTRAL,
    OPENAI,
    VLLM,
    Way,
    Wire,
    items,
)

WORDS = "kettle spoon ladder pillow"
TOOLS = [{"type": "function", "function": {"name": "get_time", "parameters": {}}}]


@pytest.mark.parametrize("stream", [True, False])
def test_gemini_thinks_first_and_its_thoughts_count(wire: Wire, *, stream: bool) -> None:
    limit = {"maxOutputTokens": 64}
    response = wire.ask(GEMINI, WORDS, stream=stream, generationConfig=limit)

    bodies = items(response) if stream else [response.json()]
    assert "".join(map(GEMINI.text, bodies)) == ""
    last = bodies[-1]
    assert last["candidates"][0]["finishReason"] == "MAX_TOKENS"
    assert last["usageMetadata"]["thoughtsTokenCount"] == 64
    assert last["usageMetadata"]["candidatesTokenCount"] == 0


def test_gemini_answers_where_there_is_no_limit_or_no_thinking(wire: Wire) -> None:
    unthinking = {"maxOutputTokens": 64, "thinkingConfig": {"thinkingBudget": 0}}

    for settings in ({}, unthinking):
        answer = wire.ask(GEMINI, WORDS, generationConfig=settings).json()
        assert WORDS in GEMINI.text(answer)


@pytest.mark.parametrize("shown", [True, False])
def test_gemini_shows_its_thoughts_where_it_is_asked_to(wire: Wire, *, shown: bool) -> None:
    settings = {"thinkingConfig": {"includeThoughts": shown}}

    parts = [
        part
        for item in items(wire.ask(GEMINI, WORDS, stream=True, generationConfig=settings))
        for part in item["candidates"][0]["content"].get("parts", [])
    ]

    assert any(part.get("thought") for part in parts) is shown


def test_a_character_is_split_over_two_pieces_and_words_come_one_after_another(wire: Wire) -> None:
    with (
        wire.client("mistral") as client,
        client.stream("POST", MISTRAL.path, json=MISTRAL.body(WORDS, stream=True)) as response,
    ):
        pieces = list(response.iter_raw())

    assert "écrit" in b"".join(pieces).decode()
    assert len(pieces) > 5
    with pytest.raises(UnicodeDecodeError):
        [piece.decode() for piece in pieces]


STRICT = {
    "mistral": (MISTRAL, 422, "extra_forbidden"),
    "groq": (GROQ, 400, "property 'reasoning_content' is unsupported"),
}


@pytest.mark.parametrize(("way", "status", "word"), STRICT.values(), ids=STRICT.keys())
def test_a_strict_provider_refuses_parts_of_a_history(
    wire: Wire, way: Way, status: int, word: str
) -> None:
    history = [
        {"role": "user", "content": "one"},
        {"role": "assistant", "content": "two", "reasoning_content": "hm"},
        {"role": "user", "content": WORDS},
    ]
    response = wire.ask(way, "", messages=history)

    assert response.status_code == status
    assert word in response.text
    assert wire.ask(OPENAI, "", messages=history).status_code == 200


def test_a_tool_that_the_user_names_is_called_first_and_its_result_must_be_there(
    wire: Wire,
) -> None:
    asked = {"role": "user", "content": f"Call get_time first. {WORDS}"}
    response = wire.ask(OPENAI, "", messages=[asked], tools=TOOLS)
    choice = response.json()["choices"][0]
    assert choice["finish_reason"] == "tool_calls"

    called = choice["message"]
    result = {"role": "tool", "tool_call_id": called["tool_calls"][0]["id"], "content": "noon"}
    whole = wire.ask(OPENAI, "", messages=[asked, called, result], tools=TOOLS)
    assert WORDS in OPENAI.text(whole.json())

    for way in (OPENAI, GROQ, MISTRAL):
        lacking = wire.ask(way, "", messages=[asked, called, {"role": "user", "content": WORDS}])
        assert lacking.status_code == 400
        assert "must be followed by tool messages" in lacking.text


LONG = {
    "vllm": (VLLM, "maximum context length is 32768 tokens"),
    "openai": (OPENAI, "context_length_exceeded"),
    "mistral": (MISTRAL, "too large for model with 131072 maximum context length"),
    "gemini": (GEMINI, "exceeds the maximum number of tokens allowed"),
}


@pytest.mark.parametrize(("way", "words"), LONG.values(), ids=LONG.keys())
def test_a_conversation_that_is_too_long_is_refused(wire: Wire, way: Way, words: str) -> None:
    count = 1_100_000 if way.provider == "gemini" else 140_000
    response = wire.ask(way, "word " * count)

    assert response.status_code == 400
    assert words in response.text


REFUSED = {
    "vllm": (VLLM, '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser'),
    "ollama": (CHAT, "does not support tools"),
    "openai": (OPENAI, "tools is not supported"),
}


@pytest.mark.parametrize(("way", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_tools_are_refused_where_a_server_cannot_take_them(
    providers: Providers, wire: Wire, way: Way, words: str
) -> None:
    assert wire.ask(way, WORDS, tools=TOOLS).status_code == 200

    providers.behave(way.provider, Behaviour(kind=Kind.NO_TOOLS))

    assert wire.ask(way, WORDS).status_code == 200
    response = wire.ask(way, WORDS, tools=TOOLS)
    assert response.status_code == 400
    assert words in str(response.json())
    assert [call.status for call in providers.ledger()] == [200, 200, 400]


@pytest.mark.parametrize("way", [VLLM, CHAT, OPENAI, MISTRAL], ids=lambda way: way.provider)
def test_half_an_answer_ends_properly(providers: Providers, wire: Wire, way: Way) -> None:
    providers.behave(way.provider, Behaviour(kind=Kind.HALF))

    bodies = items(wire.ask(way, f"Please repeat these words: {WORDS}", stream=True))

    text = "".join(map(way.text, bodies))
    assert text
    assert WORDS not in text
    assert '"stop"' in json.dumps(bodies)


def test_ollama_says_json_where_it_is_told_to(wire: Wire) -> None:
    text = CHAT.text(wire.ask(CHAT, WORDS, format="json").json())

    assert WORDS in json.loads(text)["answer"]


CLAUDE = Offer(
    name="anthropic", dialect="anthropic", models=("claude-sonnet-4-5",), host="api.anthropic.com"
)
AZURE = Offer(name="azure", dialect="azure", models=("my-gpt",), host="lab.openai.azure.com")
ROUTER = Offer(
    name="openrouter",
    dialect="compatible",
    models=("meta/llama", "qwen/qwq-32b"),
    host="openrouter.ai",
    base="/api/v1",
)


@pytest.fixture
def others(providers: Providers) -> Iterator[Providers]:
    """Providers that the story does not have, beside its own."""
    providers.offer([*OFFERS, CLAUDE, AZURE, ROUTER])
    yield providers
    providers.offer(OFFERS)


def test_offers_come_and_go_and_who_stays_keeps_its_port(
    others: Providers, directory: Path
) -> None:
    ports = {name: endpoint.port for name, endpoint in others.endpoints.items()}
    others.offer([*OFFERS, ROUTER])

    assert "anthropic" not in others.endpoints
    assert Handover.read(directory).providers == others.endpoints
    assert {name: each.port for name, each in others.endpoints.items()}.items() <= ports.items()
    with pytest.raises(ValueError, match="no provider"):
        others.behave("anthropic", Behaviour())


def _claude(**more: Any) -> dict[str, Any]:  # noqa: ANN401  # any JSON
    messages = [{"role": "user", "content": [{"type": "text", "text": WORDS}]}]
    return {"model": "claude-sonnet-4-5", "max_tokens": 500, "messages": messages, **more}


def test_anthropic_answers_whole_and_in_events_with_names(others: Providers, wire: Wire) -> None:
    with wire.client("anthropic") as client:
        whole = client.post("/v1/messages", json=_claude()).json()
        events = client.post("/v1/messages", json=_claude(stream=True)).text

    assert WORDS in whole["content"][0]["text"]
    assert whole["stop_reason"] == "end_turn"
    names = [line.removeprefix("event: ") for line in events.splitlines() if "event: " in line]
    assert names[:2] == ["message_start", "content_block_start"]
    assert names[-3:] == ["content_block_stop", "message_delta", "message_stop"]
    assert [call.provider for call in others.ledger()] == ["anthropic", "anthropic"]


@pytest.mark.parametrize(
    ("change", "key", "status", "word"),
    [
        ({"model": "claude-9"}, GOOD_KEY, 404, "model: claude-9"),
        ({}, "invalid", 401, "authentication_error"),
        ({"max_tokens": 2}, GOOD_KEY, 200, '"max_tokens"'),
        ({"thinking": {"type": "enabled", "budget_tokens": 99}}, GOOD_KEY, 200, '"thinking"'),
    ],
)
def test_anthropic_in_its_own_words(
    others: Providers, wire: Wire, change: dict[str, Any], key: str, status: int, word: str
) -> None:
    del others
    with wire.client("anthropic", key=key) as client:
        response = client.post("/v1/messages", json=_claude(**change))

    assert response.status_code == status
    assert word in response.text


def test_azure_has_its_deployment_in_the_path(others: Providers, wire: Wire) -> None:
    del others
    body = {"messages": [{"role": "user", "content": WORDS}]}
    path = "/openai/deployments/{}/chat/completions?api-version=2024-10-21"
    with wire.client("azure", key="") as client:
        client.headers["api-key"] = GOOD_KEY
        assert WORDS in client.post(path.format("my-gpt"), json=body).text
        assert client.post(path.format("other"), json=body).status_code == 404


def test_what_speaks_as_openai_does_has_paths_models_and_thoughts(
    others: Providers, wire: Wire
) -> None:
    del others
    way = Way(provider="openrouter", model="meta/llama", path="/api/v1/chat/completions")

    assert WORDS in way.text(wire.ask(way, WORDS).json())
    assert wire.ask(replace(way, path="/v1/chat/completions"), WORDS).status_code == 404
    assert wire.ask(replace(way, model="meta/lama"), WORDS).status_code == 404
    assert wire.ask(way, WORDS, key="").status_code == 401
    thinking = wire.ask(replace(way, model="qwen/qwq-32b"), WORDS).json()
    assert thinking["choices"][0]["message"]["reasoning_content"]
