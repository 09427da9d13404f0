"""Each provider's API as its clients meet it, over real sockets."""

import json
from dataclasses import replace
from typing import Any

import pytest

from acceptance.lab.providers.client import Providers
from tests.lab.providers.asking import (
    CHAT,
    GEMINI,
    GENERATE,
    GROQ,
    MISTRAL,
    OPENAI,
    VLLM,
    WAYS,
    Way,
    Wire,
    items,
)

NONCE = "nonce-6f1d2c9ab4"
UNTHINKING = replace(GEMINI, model="gemini-2.0-flash")
each_way = pytest.mark.parametrize("way", WAYS, ids=lambda way: f"{way.provider}{way.path}")


@each_way
def test_a_whole_answer_repeats_the_words_and_counts_tokens(wire: Wire, way: Way) -> None:
    response = wire.ask(way, NONCE)

    body = response.json()
    assert response.status_code == 200
    assert NONCE in way.text(body)
    assert min(way.usage(body) or (0, 0)) > 0


@each_way
def test_a_streamed_answer_is_the_same_in_several_chunks(wire: Wire, way: Way) -> None:
    whole = way.text(wire.ask(way, NONCE).json())

    response = wire.ask(way, NONCE, stream=True)

    texts = [text for text in map(way.text, items(response)) if text]
    assert "".join(texts) == whole
    assert len(texts) > 2
    assert not any(NONCE in text for text in texts), "a real model's tokens are shorter"


@pytest.mark.parametrize("way", [GENERATE, CHAT, GROQ, GEMINI, MISTRAL], ids=lambda way: way.path)
def test_these_streams_end_with_token_counts_unasked(wire: Wire, way: Way) -> None:
    whole = way.usage(wire.ask(way, NONCE).json())

    counts = [way.usage(item) for item in items(wire.ask(way, NONCE, stream=True))]

    assert [count for count in counts if count] == [whole]


@pytest.mark.parametrize("way", [VLLM, OPENAI], ids=lambda way: way.provider)
@pytest.mark.parametrize("asked", [True, False])
def test_these_streams_count_tokens_when_asked(wire: Wire, way: Way, *, asked: bool) -> None:
    response = wire.ask(way, NONCE, stream=True, stream_options={"include_usage": asked})

    assert any(way.usage(item) for item in items(response)) is asked
    assert response.text.endswith("data: [DONE]\n\n")


@pytest.mark.parametrize(
    ("way", "limit", "finish"),
    [
        (OPENAI, {"max_tokens": 3}, "length"),
        (VLLM, {"max_completion_tokens": 3}, "length"),
        (CHAT, {"options": {"num_predict": 3}}, "length"),
        (UNTHINKING, {"generationConfig": {"max_output_tokens": 3}}, "MAX_TOKENS"),
    ],
)
def test_max_tokens_cuts_the_answer(
    wire: Wire, way: Way, limit: dict[str, Any], finish: str
) -> None:
    body = wire.ask(way, NONCE, **limit).json()

    assert (way.usage(body) or (0, 0))[1] == 3
    assert NONCE not in way.text(body)
    assert f'"{finish}"' in json.dumps(body)


@each_way
def test_an_unknown_model_is_refused(wire: Wire, way: Way, providers: Providers) -> None:
    unknown = Way(provider=way.provider, model="no-such-model", path=way.path)

    response = wire.ask(unknown, NONCE)

    assert response.status_code == (400 if way.provider == "mistral" else 404)
    assert "no-such-model" in response.text
    assert [(call.model, call.status) for call in providers.ledger()] == [
        ("no-such-model", response.status_code)
    ]


@pytest.mark.parametrize(
    ("way", "inside", "field", "value"),
    [
        (VLLM, ["error"], "code", 404),
        (OPENAI, ["error"], "code", "model_not_found"),
        (GROQ, ["error"], "type", "invalid_request_error"),
        (MISTRAL, [], "type", "invalid_model"),
        (GEMINI, ["error"], "status", "NOT_FOUND"),
        (CHAT, [], "error", "model 'no-such-model' not found"),
    ],
)
def test_an_unknown_model_is_refused_in_the_providers_shape(
    wire: Wire, way: Way, inside: list[str], field: str, value: object
) -> None:
    body = wire.ask(Way(provider=way.provider, model="no-such-model", path=way.path), "?").json()

    for name in inside:
        body = body[name]
    assert body[field] == value


@pytest.mark.parametrize(
    ("way", "header"),
    [
        (VLLM, "x-request-id"),
        (OPENAI, "openai-version"),
        (OPENAI, "x-ratelimit-remaining-tokens"),
        (GROQ, "x-groq-region"),
        (GEMINI, "server-timing"),
        (MISTRAL, "mistral-correlation-id"),
    ],
)
@pytest.mark.parametrize("stream", [True, False])
def test_headers_are_the_providers_own(wire: Wire, way: Way, header: str, *, stream: bool) -> None:
    assert header in wire.ask(way, NONCE, stream=stream).headers


@pytest.mark.parametrize("stream", [True, False])
def test_groq_names_its_service_tier(wire: Wire, *, stream: bool) -> None:
    assert '"service_tier":"on_demand"' in wire.ask(GROQ, NONCE, stream=stream).text


def test_openai_answers_with_the_snapshots_name(wire: Wire) -> None:
    assert wire.ask(OPENAI, NONCE).json()["model"] == "gpt-4o-mini-2024-07-18"


@pytest.mark.parametrize("way", [VLLM, OPENAI, GROQ, MISTRAL, GEMINI], ids=lambda way: way.provider)
def test_models_are_listed(wire: Wire, way: Way) -> None:
    paths = {"groq": "/openai/v1/models", "gemini": "/v1beta/models"}
    with wire.client(way.provider) as client:
        body = client.get(paths.get(way.provider, "/v1/models")).json()

    names = [item.get("id", item.get("name")) for item in body.get("data", body.get("models"))]
    assert names[-1].endswith(("mixtral-8x7b-32768", way.model))


def test_ollama_tells_of_itself_and_its_models(wire: Wire) -> None:
    with wire.client("ollama") as client:
        assert client.get("/").text == "Ollama is running"
        assert "version" in client.get("/api/version").json()
        assert client.get("/api/tags").json()["models"][0]["name"] == "qwen2.5:3b"
        assert client.post("/api/show", json={"name": "qwen2.5:3b"}).json()["capabilities"]
        assert client.post("/api/show", json={"model": "other"}).status_code == 404


@pytest.mark.parametrize("way", [OPENAI, CHAT, GEMINI], ids=lambda way: way.provider)
@pytest.mark.parametrize("content", [b"{not json", b"[]", b"{}"])
def test_a_malformed_request_is_a_400(wire: Wire, way: Way, content: bytes) -> None:
    with wire.client(way.provider) as client:
        response = client.post(way.url(stream=False), content=content)

    assert response.status_code == 400
    assert "error" in response.json()
