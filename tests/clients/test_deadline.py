"""However slowly its bytes come, a request ends in time: all of it, and not only each read."""

import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from acceptance.budget import Budget
from acceptance.clients.deadline import ending, watch
from acceptance.clients.streaming import ask
from acceptance.clients.transport import Api, UnreachableError
from tests.clients.clients import ASKED, clients
from tests.clients.hostile import Answer, dripping, endless, head, serving
from tests.kubernetes import server as api_server

_DEADLINE = 0.6
_LONGEST = _DEADLINE + 2.0
"""Seconds; what is asked never ends, and the rest is for a machine that runs other tests too."""
_JSON = "application/json"
_STATUS = b"HTTP/1.1 200 OK\r\n"
_CHUNKED = head(_JSON, "transfer-encoding: chunked")
_STREAM = head("text/event-stream", "transfer-encoding: chunked")
_GZIP = head(_JSON, "content-encoding: gzip")
NEVER_OVER: dict[str, Answer] = {
    "a status line": dripping(b"HTTP/1.1 2", b"0"),
    "a header": dripping(_STATUS + b"x: ", b"x"),
    "headers": dripping(_STATUS, b"x: y\r\n"),
    "early hints": dripping(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"),
    "early hints, fast": endless(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"),
    "continue": dripping(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "a body": dripping(head(_JSON), b" "),
    "a body, seldom": dripping(head(_JSON), b" ", 0.4),
    "a header, seldom": dripping(_STATUS + b"x: ", b"x", 0.4),
    "chunks": dripping(_CHUNKED, b"1\r\n \r\n"),
    "the size of a chunk": dripping(_CHUNKED, b"0"),
    "an extension of a chunk": dripping(_CHUNKED + b"1;", b"x"),
    "trailers": dripping(_CHUNKED + b"0\r\n", b"x: y\r\n"),
    "gzip that tells nothing": dripping(_GZIP + b"\x1f\x8b\x08\x08\0\0\0\0\0\xff", b"x"),
    "events": dripping(_STREAM, b"6\r\n: x\n\n\n\r\n"),
    "half an event": dripping(_STREAM + b"5\r\ndata:\r\n", b"1\r\nx\r\n"),
    "the size of an event": dripping(_STREAM, b"0"),
}


@pytest.mark.parametrize("answer", NEVER_OVER.values(), ids=NEVER_OVER)
def test_a_question_of_json_ends(answer: Answer) -> None:
    with serving(answer) as address:
        api = Api(address, name="LiteLLM", timeout=_DEADLINE)
        began = time.monotonic()
        with pytest.raises(UnreachableError, match="no end within the deadline"):
            api.get("/models")
        assert time.monotonic() - began < _LONGEST
        api.close()


@pytest.mark.parametrize("answer", NEVER_OVER.values(), ids=NEVER_OVER)
def test_a_question_to_a_model_ends(answer: Answer) -> None:
    with clients(answer) as (gateway, open_webui):
        for asked in (gateway.ask, open_webui.ask):
            began = time.monotonic()
            try:
                found = asked(ASKED, timeout=_DEADLINE).error
            except UnreachableError as error:
                found = str(error)
            assert "no end " in found
            assert time.monotonic() - began < _LONGEST


def test_a_connection_that_is_kept_has_time_anew() -> None:
    with api_server.serving() as server:
        server.answers["GET /"] = [api_server.Reply()]
        api = Api(server.url, name="LiteLLM", timeout=_DEADLINE)
        began = time.monotonic()
        while time.monotonic() < began + 2 * _DEADLINE:
            assert api.get("/").json == {}
        api.close()


def test_a_proxy_is_watched_too(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(NEVER_OVER["a header"]) as address:
        monkeypatch.setenv("HTTP_PROXY", address)
        monkeypatch.setenv("NO_PROXY", "example.org")
        api = Api("http://example.com", name="LiteLLM", timeout=_DEADLINE)
        with pytest.raises(UnreachableError, match="no end within the deadline"):
            api.get("/")
        api.close()


def test_without_a_deadline_httpxs_own_time_counts() -> None:
    with serving(NEVER_OVER["a body"]) as address, httpx.Client(timeout=_DEADLINE) as client:
        watch(client)
        with client.stream("GET", address) as answer:
            assert next(answer.iter_raw()).startswith(b" ")
        with pytest.raises(TimeoutError), ending(time.monotonic() + _DEADLINE):
            client.get(address)


@pytest.mark.parametrize(
    "asked",
    [
        lambda api: api.get("/models"),
        lambda api: ask(api, "/v1/chat/completions", ASKED, {}, timeout=_DEADLINE, budget=Budget()),
    ],
    ids=["JSON", "a model"],
)
def test_a_name_that_nobody_looks_up_in_time(
    monkeypatch: pytest.MonkeyPatch, asked: Callable[[Api], object]
) -> None:
    ended = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_named: ended.wait())
    api = Api("http://litellm.example:4000", name="LiteLLM", timeout=_DEADLINE)
    began = time.monotonic()
    with pytest.raises(UnreachableError, match=r"told the address of litellm\.example in time"):
        asked(api)
    assert time.monotonic() - began < _LONGEST
    ended.set()
    api.close()


def test_each_address_of_a_name_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    with api_server.serving() as server:
        server.answers["GET /"] = [api_server.Reply()]
        port = int(server.url.rpartition(":")[2])
        known = [(0, 0, 0, "", (each, port)) for each in ("127.0.0.2", "127.0.0.1")]
        real = socket.getaddrinfo

        def look_up(host: str, *args: Any, **named: Any) -> Any:  # noqa: ANN401  # as socket has it
            return known if host == "litellm.example" else real(host, *args, **named)

        monkeypatch.setattr(socket, "getaddrinfo", look_up)
        api = Api(f"http://litellm.example:{port}", name="LiteLLM", timeout=_DEADLINE)
        assert api.get("/").json == {}
        api.close()


def test_a_name_without_an_address_is_told() -> None:
    api = Api("http://litellm.invalid:4000", name="LiteLLM")
    with pytest.raises(UnreachableError, match="ConnectError"):
        api.get("/models")
    api.close()
