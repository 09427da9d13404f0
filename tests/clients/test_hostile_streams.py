"""Streams that break off, never end, or hold something else: the answer says so."""

import json
import time

import pytest

from acceptance.checks.proof import Answer
from acceptance.secret import MASK
from tests.clients.clients import AMPLE, ASKED, SHORT, clients
from tests.clients.hostile import Answer as Bytes
from tests.clients.hostile import dripping, endless, head, http, raw, stream, then_silent
from tests.clients.hostile_answers import HUGE, JSON, PAGE

EVENTS = "text/event-stream"


def _chunk(content: object) -> str:
    return json.dumps({"choices": [{"delta": {"content": content}}]})


STREAMS: dict[str, tuple[Bytes, str, str]] = {
    "well, without [DONE]": (stream(_chunk("K"), _chunk("1")), "K1", ""),
    "well, with [DONE]": (stream(_chunk("K1"), "[DONE]"), "K1", ""),
    "cut within an event": (stream(_chunk("K1"), more='data: {"choices": [{"del'), "K1", ""),
    "an event without an empty line": (stream(more=f"data:{_chunk('K1')}"), "K1", ""),
    "line ends of another system": (raw(
        head(EVENTS) + f"data: {_chunk('K1')}\r\n\r\n".encode()
    ), "K1", ""),
    "no text": (stream("[DONE]"), "", ""),
    "nothing": (stream(), "", ""),
    "a character in two halves": (
        stream(_chunk("K1 \ud83d"), _chunk("\ude00")), "K1 \U0001f600", ""
    ),
    "half a character": (stream(_chunk("\ud83d"), _chunk("K1")), "\ufffdK1", ""),
    "an error with half a character": (
        stream('{"error": {"message": "Timeout \\ud83d"}}'), "", "Timeout \ufffd"
    ),
    "an error in a 200 stream": (stream('{"error": {"message": "Timeout"}}'), "", "Timeout"),
    "an error after text": (stream(_chunk("K1"), '{"error": "away"}'), "K1", "away"),
    "an error that is a list": (stream('{"error": ["a", 1]}'), "", "['a', 1]"),
    "events of odd shapes": (
        stream(
            "5", "[]", "null", '"x"', "{", '{"choices": 5}', '{"choices": "abc"}',
            '{"choices": [5, null, "a", []]}', '{"choices": [{"delta": "x"}]}',
            '{"choices": [{"delta": {"content": ["a"]}}]}', _chunk(5), _chunk({"a": 1}),
            '{"usage": 5}', '{"usage": {"completion_tokens": "many"}}',
            '{"usage": {"completion_tokens": Infinity}}', '{"choices": {"a": 1}}', _chunk("K1"),
        ),
        "K1", "",
    ),
    "invalid UTF-8": (raw(
        head(EVENTS) + b'data: {"choices": [{"delta": {"content": "\xff"}}]}\n'
        b"data: \xff\xfe\n\n" + f"data: {_chunk('K1')}\n\n".encode()
    ), "K1", ""),
    "a line of 1 MB": (stream(_chunk("x" * 1_000_000), _chunk("K1")), "K1", ""),
    "deep nesting": (stream("[" * 100_000, _chunk("K1")), "K1", ""),
    "a line without end": (endless(head(EVENTS), b"x" * 65_536), "", "8,000,000 bytes"),
    "comments without end": (dripping(head(EVENTS), b": ping\n\n"), "", "after 0.3 s"),
    "one byte at a time": (dripping(head(EVENTS), b"d"), "", "after 0.3 s"),
    "text without end": (
        dripping(head(EVENTS), f"data: {_chunk('K1')}\n\n".encode()), "K1", "after 0.3"
    ),
    "a stop after text": (
        then_silent(head(EVENTS) + f"data: {_chunk('K1')}\n\n".encode()),
        "K1", "the stream broke off (ReadTimeout)",
    ),
    "a broken chunk after text": (
        raw(
            head(EVENTS, "transfer-encoding: chunked")
            + f"{len(_chunk('K1')) + 8:x}\r\ndata: {_chunk('K1')}\n\n\r\nzz\r\n".encode()
        ),
        "K1", "the stream broke off (RemoteProtocolError)",
    ),
    "events that call themselves JSON": (
        raw(head(JSON) + f"data: {_chunk('K1')}\n\n".encode()), "", "data: {"
    ),
    "a page": (http(PAGE, "text/html"), "", "a web page"),
    "an error that is no stream": (
        http(b'{"detail": "Model not found"}', status="400 Bad Request"), "", "Model not found"
    ),
    "an empty answer": (http(b""), "", "an empty answer"),
    "50 MB of JSON": (http(HUGE), "", "8,000,000 bytes"),
    "a slow drip of JSON": (dripping(head(JSON), b" "), "", "after 0.3 s"),
}  # fmt: skip


@pytest.mark.parametrize(("answer", "text", "error"), STREAMS.values(), ids=STREAMS.keys())
def test_a_streamed_answer(answer: Bytes, text: str, error: str) -> None:
    started = time.monotonic()
    timeout = SHORT if "after" in error or "ReadTimeout" in error else AMPLE
    with clients(answer) as (gateway, _):
        heard = gateway.ask(ASKED, timeout=timeout)
    assert isinstance(heard, Answer)
    assert heard.text.endswith(text)
    assert bool(heard.text) == bool(text)
    assert error in heard.error
    assert bool(heard.error) == bool(error)
    assert time.monotonic() - started < AMPLE


@pytest.mark.parametrize("base", ["http://[", "", "no url", "\xff"])
def test_headers_that_tell_nothing(base: str) -> None:
    more = f"x-litellm-model-id: \xe9\r\nx-litellm-model-api-base: {base}"
    answer = raw(head(EVENTS, more).decode().encode("latin-1"))
    with clients(answer) as (gateway, _):
        heard = gateway.ask(ASKED, timeout=AMPLE)
    assert heard.provenance is not None
    assert heard.provenance.host == ""
    assert heard.provenance.group == ""


def test_headers_are_shown_by_their_names_on_a_list() -> None:
    given = {
        "x-litellm-model-id": "1a2b",
        "x-litellm-model-api-base": "http://vllm/v1",
        "x-litellm-attempted-fallbacks": "0",
        "llm_provider-x-ratelimit-remaining-requests": "7",
        "llm_provider-set-cookie": "sid=pl4nted",
        "x-litellm-key-hash": "pl4nted",
        "llm_provider-x-api-key": "pl4nted",
        "set-cookie": "sid=pl4nted",
    }
    more = "\r\n".join(f"{name}: {value}" for name, value in given.items())
    with clients(raw(head(EVENTS, more) + f"data: {_chunk('K1')}\n\n".encode())) as (gateway, _):
        heard = gateway.ask(ASKED, timeout=AMPLE)
    shown = dict(list(given.items())[:4])
    assert shown.items() <= heard.headers.items()
    assert "pl4nted" not in str(heard)
    assert heard.headers["llm_provider-set-cookie"] == MASK
