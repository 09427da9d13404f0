"""Whatever a server sends, cut wherever: a value or the drivers' own error, in time, no key in it.

What each answer leads to is tried in `test_hostile_answers.py`; here nobody chose the answers.
"""

import itertools
import json
from collections.abc import Iterator
from threading import Event

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acceptance.clients.gateway import Gateway
from acceptance.clients.open_webui import OpenWebUI
from acceptance.errors import NotProven
from tests.clients.clients import KEY, SHORT, clients
from tests.clients.hostile import Send
from tests.clients.test_hostile_answers import QUESTIONS, Ask, outcome
from tests.odd import LEAVES, TEXTS, values

_FIELDS = (
    *("data", "id", "name", "role", "token", "detail", "error", "message", "code", "info", "key"),
    *("model_name", "model_info", "litellm_params", "model", "api_base", "cooldown_time", "fields"),
    *("fallbacks", "field_name", "field_value", "fallback_models", "router_settings", "aliases"),
    *("OPENAI_API_BASE_URLS", "OPENAI_API_KEYS", "OPENAI_API_CONFIGS", "0", "model_ids", "headers"),
    *("urlIdx", "base_model_id", "is_active", "litellm_version", "version", "choices", "delta"),
    *("content", "finish_reason", "tool_calls", "function", "usage", "completion_tokens"),
)
_ODD = values(_FIELDS, leaves=6)
_LISTED = st.fixed_dictionaries(
    {
        "id": LEAVES,
        "model_name": LEAVES,
        "urlIdx": LEAVES,
        "info": _ODD,
        "model_info": st.fixed_dictionaries({"id": LEAVES, "cooldown_time": LEAVES}),
        "litellm_params": st.fixed_dictionaries(
            {"model": LEAVES, "cooldown_time": LEAVES, "fallbacks": _ODD}
        ),
    }
)
_RULES = ("fallbacks", "context_window_fallbacks", "model_group_alias", "cooldown_time")
_BODIES = st.one_of(
    values(_FIELDS),
    st.fixed_dictionaries(
        {
            "data": st.lists(_LISTED, max_size=2),
            "fields": st.lists(
                st.fixed_dictionaries({"field_name": st.sampled_from(_RULES), "field_value": _ODD}),
                max_size=3,
            ),
            "fallback_models": _ODD,
            "info": _ODD,
        }
    ),
    st.fixed_dictionaries(
        {
            "OPENAI_API_BASE_URLS": st.lists(_ODD, max_size=2),
            "OPENAI_API_KEYS": _ODD,
            "OPENAI_API_CONFIGS": st.fixed_dictionaries({"0": _ODD}),
            "token": LEAVES,
            "role": LEAVES,
        }
    ),
)
_EVENTS = st.fixed_dictionaries(
    {},
    optional={
        "choices": st.lists(
            st.fixed_dictionaries(
                {},
                optional={
                    "delta": st.fixed_dictionaries({}, optional={"content": LEAVES}) | _ODD,
                    "message": _ODD,
                    "finish_reason": LEAVES,
                },
            ),
            max_size=2,
        ),
        "usage": st.fixed_dictionaries({"completion_tokens": LEAVES}) | _ODD,
        "error": st.fixed_dictionaries({"message": _ODD, "code": LEAVES}) | _ODD,
    },
)
_LINES = st.lists(
    st.tuples(
        st.sampled_from([b"data: ", b"data: ", b"data:", b"event: ", b": ", b"\xff"]),
        _EVENTS.map(json.dumps).map(str.encode) | st.binary(max_size=12),
        st.sampled_from([b"\n\n", b"\r\n\r\n", b"\n", b"\r", b""]),
    ),
    max_size=5,
).map(lambda lines: b"".join(part for line in lines for part in line))
_HEADERS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                *(b"x-litellm-model-id", b"x-litellm-model-group", b"x-litellm-model-api-base"),
                *(b"x-litellm-version", b"llm_provider-date", b"llm_provider-set-cookie"),
                *(b"retry-after", b"content-type", b"content-encoding", b"transfer-encoding"),
                *(b"content-length", b"location", b"connection", b""),
            ]
        ),
        st.sampled_from(
            [
                *(b"gzip", b"br", b"deflate", b"chunked", b"close", b"text/event-stream", b"-1"),
                *(b"application/json; charset=\xff", b"\xff\xfe", b"\xed\xa0\xbd", b"1e5", b"nan"),
                *(text.encode(errors="surrogatepass") for text in TEXTS),
            ]
        )
        | st.binary(max_size=6),
    ),
    max_size=4,
)
_STATUS = st.sampled_from(
    [b"200 OK"] * 6 + [b"500 x", b"401 x", b"302 x", b"100 x", b"204", b"999"]
)


class _Server:
    """Sends what it is told, piece by piece."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []

    def __call__(self, send: Send, _ended: Event) -> None:
        for piece in self.pieces:
            send(piece)


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[_Server, Gateway, OpenWebUI]]:
    """What it sends next is said by `pieces`."""
    sending = _Server()
    with clients(sending, timeout=SHORT) as (gateway, open_webui):
        yield sending, gateway, open_webui


def _ask(server: tuple[_Server, Gateway, OpenWebUI], name: str, *pieces: bytes) -> None:
    sending, gateway, open_webui = server
    sending.pieces = [*pieces]
    open_webui.role = "admin"  # what an earlier answer made of it
    ask: Ask = QUESTIONS[name]
    try:
        told = outcome(ask, gateway, open_webui)
    except NotProven as error:
        told = str(error)
    assert KEY not in told


@settings(max_examples=250)
@given(name=st.sampled_from([*QUESTIONS]), body=_BODIES)
def test_any_json_to_any_question(
    server: tuple[_Server, Gateway, OpenWebUI], name: str, body: object
) -> None:
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n"
    _ask(server, name, head, json.dumps(body).encode())


@settings(max_examples=150)
@given(
    name=st.sampled_from(["gateway: an answer", "page: an answer"]),
    stream=_LINES,
    cuts=st.lists(st.integers(0, 400), max_size=3),
)
def test_any_stream_cut_anywhere(
    server: tuple[_Server, Gateway, OpenWebUI], name: str, stream: bytes, cuts: list[int]
) -> None:
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nx-litellm-model-id: 1\r\n\r\n"
    places = [0, *sorted(cuts), len(stream)]
    pieces = [stream[first:end] for first, end in itertools.pairwise(places)]
    _ask(server, name, head, *pieces)


@settings(max_examples=150)
@given(
    name=st.sampled_from([*QUESTIONS]),
    status=_STATUS,
    headers=_HEADERS,
    body=_LINES | _BODIES.map(json.dumps).map(str.encode),
    end=st.integers(0, 600),
)
def test_any_headers_and_any_end(  # the parts of one answer
    server: tuple[_Server, Gateway, OpenWebUI],
    name: str,
    status: bytes,
    headers: list[tuple[bytes, bytes]],
    body: bytes,
    end: int,
) -> None:
    lines = [b"HTTP/1.1 " + status, *(each + b": " + value for each, value in headers), b"", body]
    _ask(server, name, b"\r\n".join(lines)[: end or None])
