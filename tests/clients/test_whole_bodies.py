"""An answer in one body, where streaming is switched off for a model, is an answer."""

import json
from typing import Any

import pytest

from acceptance.errors import NotProven
from tests.clients.clients import ASKED, clients
from tests.clients.hostile import http, stream

_MESSAGE = {"role": "assistant", "content": "K1"}


def _body(**more: Any) -> dict[str, Any]:  # noqa: ANN401  # any JSON
    choice = {"index": 0, "message": _MESSAGE, "finish_reason": "stop"}
    return {"choices": [choice], "usage": {"completion_tokens": 7}, **more}


def test_an_answer_in_one_body_is_read() -> None:
    with clients(http(json.dumps(_body()).encode())) as (_, open_webui):
        heard = open_webui.ask(ASKED)

    assert (heard.text, heard.error, heard.tokens, heard.finish) == ("K1", "", 7, "stop")
    assert heard.returned
    assert not heard.streamed


@pytest.mark.parametrize(
    "body",
    [_body(error={"message": "no such model"}), {"detail": "no such model"},
     {"choices": [], "detail": "no such model"}, {"choices": 3, "error": "no such model"}],
)  # fmt: skip
def test_an_error_in_one_body_is_one(body: dict[str, Any]) -> None:
    with clients(http(json.dumps(body).encode())) as (_, open_webui):
        heard = open_webui.ask(ASKED)

    assert (heard.text, heard.error) == ("", "no such model")


@pytest.mark.parametrize("content", [None, 3, [], {}])
def test_what_is_no_text_is_none(content: object) -> None:
    body = _body(choices=[{"message": {"content": content, "tool_calls": 3}}, 3, None])
    with clients(http(json.dumps(body).encode())) as (_, open_webui):
        assert open_webui.ask(ASKED).text == ""


def test_a_refusal_says_when_to_come_again() -> None:
    refusal = http(
        b'{"error": {"message": "too many"}}',
        "application/json",
        "retry-after: 60",
        status="429 Too Many Requests",
    )
    with clients(refusal) as (_, open_webui):
        heard = open_webui.ask(ASKED)

    assert (heard.status, heard.error, heard.retry_after) == (429, "too many", 60.0)


def test_a_stream_says_why_it_ended_and_which_tools_it_asks_for() -> None:
    called = {"tool_calls": [{"index": 0, "function": {"name": "search_web", "arguments": ""}}]}
    rest = {"tool_calls": [{"index": 0, "function": {"name": None, "arguments": "{}"}}]}
    events = [
        {"choices": [{"delta": called}]},
        {"choices": [{"delta": rest, "finish_reason": "tool_calls"}]},
        {"choices": [{"delta": {}, "finish_reason": None}], "usage": {"completion_tokens": 3}},
    ]
    with clients(stream(*map(json.dumps, events))) as (_, open_webui):
        heard = open_webui.ask(ASKED)

    assert (heard.tools, heard.finish, heard.tokens) == (("search_web",), "tool_calls", 3)
    assert heard.streamed


def test_the_events_of_another_api_prove_nothing() -> None:
    """As Open WebUI hands them on where a connection's API Type is Responses (0.12.4)."""
    events = [
        {"type": "response.created", "response": {"model": "a"}},
        {"type": "response.output_text.delta", "delta": "K1"},
        {"type": "response.completed", "response": {"status": "completed"}},
    ]
    with (
        clients(stream(*map(json.dumps, events))) as (_, open_webui),
        pytest.raises(NotProven, match="speaks the Responses API"),
    ):
        open_webui.ask(ASKED)
