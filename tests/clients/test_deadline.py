"""However slowly its bytes come, a request ends in time: all of it, and not only each read."""

import time

import httpx
import pytest

from acceptance.clients.deadline import ending, watch
from acceptance.clients.transport import Api, UnreachableError
from tests.clients.clients import ASKED, clients
from tests.clients.hostile import Answer, dripping, endless, head, serving
from tests.kubernetes import server as api_server

_DEADLINE = 0.6
_LONGEST = 2 * _DEADLINE
"""Seconds; on a busy machine a thread comes late."""
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
            assert next(answer.iter_raw()) == b" "
        with pytest.raises(TimeoutError), ending(time.monotonic() + _DEADLINE):
            client.get(address)
