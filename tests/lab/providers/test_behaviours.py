"""Each way to misbehave, as a client meets it, and the way back."""

import json
import socket
from typing import Any

import httpx
import pytest

from acceptance.lab.providers.behaviour import Behaviour, Kind
from acceptance.lab.providers.client import Providers
from tests.lab.providers.asking import CHAT, GEMINI, GROQ, OPENAI, VLLM, WAYS, Way, Wire, items

NONCE = "nonce-0b77e1"
IMPATIENT = 0.3
one_of_each = pytest.mark.parametrize(
    "way", [VLLM, CHAT, OPENAI, GEMINI], ids=lambda way: way.provider
)
streamed_or_not = pytest.mark.parametrize("stream", [True, False], ids=["streamed", "whole"])


@one_of_each
def test_refuse_is_refused_and_comes_back_on_the_same_port(
    providers: Providers, wire: Wire, way: Way
) -> None:
    port = providers.endpoints[way.provider].port
    providers.behave(way.provider, Behaviour(kind=Kind.REFUSE))

    with socket.socket() as client:
        assert client.connect_ex(("127.0.0.1", port)) == 111  # ECONNREFUSED
    with pytest.raises(httpx.ConnectError):
        wire.ask(way, NONCE)
    assert providers.ledger() == ()

    providers.restore()
    assert NONCE in way.text(wire.ask(way, NONCE).json())


@one_of_each
def test_refuse_drops_a_pooled_connection(providers: Providers, wire: Wire, way: Way) -> None:
    with wire.client(way.provider) as client:
        body = way.body(NONCE, stream=False)
        assert client.post(way.url(stream=False), json=body).status_code == 200

        providers.behave(way.provider, Behaviour(kind=Kind.REFUSE))

        with pytest.raises(httpx.TransportError):
            client.post(way.url(stream=False), json=body)
    assert len(providers.ledger()) == 1


def test_refuse_drops_a_client_that_waits(providers: Providers, wire: Wire) -> None:
    providers.behave("openai", Behaviour(kind=Kind.STALL))
    with (
        wire.client("openai") as client,
        client.stream("POST", OPENAI.path, json=OPENAI.body(NONCE, stream=True)) as response,
    ):
        providers.behave("openai", Behaviour(kind=Kind.REFUSE))

        with pytest.raises(httpx.TransportError):
            response.read()


def test_nobody_else_is_given_the_port_of_a_refusing_provider(providers: Providers) -> None:
    providers.behave("vllm", Behaviour(kind=Kind.REFUSE))

    with socket.socket() as other, pytest.raises(OSError, match="in use"):
        other.bind(("127.0.0.1", providers.endpoints["vllm"].port))


def test_the_other_providers_stay_well(providers: Providers, wire: Wire) -> None:
    providers.behave("vllm", Behaviour(kind=Kind.REFUSE))

    assert [wire.ask(way, NONCE).status_code for way in WAYS[1:]] == [200] * 6


@pytest.mark.parametrize("way", WAYS, ids=lambda way: f"{way.provider}{way.path}")
@pytest.mark.parametrize("status", [500, 503, 429, 401, 402, 404])
def test_an_error_has_the_providers_shape(
    providers: Providers, wire: Wire, way: Way, status: int
) -> None:
    providers.behave(way.provider, Behaviour(kind=Kind.ERROR, status=status, retry_after=20))

    response = wire.ask(way, NONCE, stream=True)

    assert response.status_code == status
    assert response.headers["retry-after"] == "20"
    body: dict[str, Any] = response.json()
    assert {"error", "message", "detail"} & body.keys()
    assert [(call.status, call.completion_tokens) for call in providers.ledger()] == [(status, 0)]


@one_of_each
@streamed_or_not
def test_hang_never_answers(providers: Providers, wire: Wire, way: Way, *, stream: bool) -> None:
    providers.behave(way.provider, Behaviour(kind=Kind.HANG))

    arrived, error = wire.begin(way, NONCE, stream=stream, timeout=IMPATIENT)

    assert (arrived, type(error)) == ([], httpx.ReadTimeout)
    assert [(call.status, call.text) for call in providers.ledger()] == [(None, NONCE)]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: f"{way.provider}{way.path}")
@streamed_or_not
@pytest.mark.parametrize("kind", [Kind.EMPTY, Kind.REASONING])
def test_no_content(
    providers: Providers, wire: Wire, way: Way, kind: Kind, *, stream: bool
) -> None:
    providers.behave(way.provider, Behaviour(kind=kind))

    response = wire.ask(way, "nonce", stream=stream)

    bodies = items(response) if stream else [response.json()]
    assert response.status_code == 200
    assert "".join(map(way.text, bodies)) == ""
    assert ("nonce" in response.text) is (kind is Kind.REASONING)


@one_of_each
@streamed_or_not
def test_cut_breaks_off(providers: Providers, wire: Wire, way: Way, *, stream: bool) -> None:
    providers.behave(way.provider, Behaviour(kind=Kind.CUT))

    arrived, error = wire.begin(way, NONCE, stream=stream, timeout=5)

    assert "".join(arrived)
    assert type(error) is httpx.RemoteProtocolError


@one_of_each
@streamed_or_not
def test_stall_begins_and_stands_still(
    providers: Providers, wire: Wire, way: Way, *, stream: bool
) -> None:
    providers.behave(way.provider, Behaviour(kind=Kind.STALL))

    arrived, error = wire.begin(way, NONCE, stream=stream, timeout=IMPATIENT)

    assert "".join(arrived)
    assert type(error) is httpx.ReadTimeout


@one_of_each
@streamed_or_not
def test_truncated_json_ends_properly(
    providers: Providers, wire: Wire, way: Way, *, stream: bool
) -> None:
    providers.behave(way.provider, Behaviour(kind=Kind.TRUNCATED_JSON))

    response = wire.ask(way, NONCE, stream=stream)

    assert response.status_code == 200
    with pytest.raises(json.JSONDecodeError):
        items(response)


def test_slow_is_good_and_late(providers: Providers, wire: Wire) -> None:
    providers.behave("vllm", Behaviour(kind=Kind.SLOW, seconds=0.3))

    response = wire.ask(VLLM, NONCE)

    assert NONCE in VLLM.text(response.json())
    assert response.elapsed.total_seconds() > 0.3


@one_of_each
@streamed_or_not
def test_html_is_a_page(providers: Providers, wire: Wire, way: Way, *, stream: bool) -> None:
    providers.behave(way.provider, Behaviour(kind=Kind.HTML))

    response = wire.ask(way, NONCE, stream=stream)

    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/html")
    assert response.text.startswith("<!doctype html>")


def test_one_model_fails_and_the_other_answers(providers: Providers, wire: Wire) -> None:
    other = Way(provider="groq", model="mixtral-8x7b-32768", path=GROQ.path)
    providers.behave("groq", Behaviour(kind=Kind.ERROR, status=404, model=other.model))

    assert wire.ask(other, NONCE).status_code == 404
    assert wire.ask(GROQ, NONCE).status_code == 200


def test_a_later_behaviour_replaces_an_earlier_one(providers: Providers, wire: Wire) -> None:
    providers.behave("groq", Behaviour(kind=Kind.ERROR, status=500))
    providers.behave("groq", Behaviour())

    assert wire.ask(GROQ, NONCE).status_code == 200
