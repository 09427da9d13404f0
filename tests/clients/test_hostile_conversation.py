"""A stored conversation of whatever shape: a turn, or the words for what is missing."""

import json
import uuid

import pytest

from acceptance.checks.proof import Turn
from acceptance.clients.conversation import Conversation
from tests.clients.clients import KEY, SHORT, clients
from tests.clients.hostile import Answer, http
from tests.clients.hostile_answers import ANSWERS


@pytest.fixture(autouse=True)
def _known_identity(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every question is called `ID`."""
    monkeypatch.setattr(uuid, "uuid4", lambda: "ID")


ENDLESS = ("a slow drip", "silence", "silence after the headers")
QUICK = {name: answer for name, answer in ANSWERS.items() if name not in ENDLESS}


@pytest.mark.parametrize("answer", QUICK.values(), ids=QUICK.keys())
def test_any_answer_to_a_question_in_a_conversation(answer: Answer) -> None:
    with clients(answer, timeout=SHORT) as (_, open_webui):
        conversation = Conversation(open_webui, timeout=SHORT)
        with pytest.raises(AssertionError) as caught:
            conversation.ask("vllm-qwen", "K1")
    assert str(caught.value)
    assert KEY not in str(caught.value)
    assert conversation.said == []


CHATS: dict[str, object] = {
    "no chat": None,
    "a chat in words": "x",
    "a list of chats": [{}],
    "no history": {},
    "a history in words": {"history": "x"},
    "messages as a list": {"history": {"messages": [{"done": True}]}},
    "messages of texts": {"history": {"messages": {"ID": "x"}}},
    "not done": {"history": {"messages": {"ID": {"content": "K1", "done": False}}}},
}


@pytest.mark.parametrize("chat", CHATS.values(), ids=CHATS.keys())
def test_a_chat_that_holds_no_answer(chat: object) -> None:
    with (
        clients(_stored(chat)) as (_, open_webui),
        Conversation(open_webui, timeout=SHORT) as conversation,
        pytest.raises(AssertionError, match="it is not stored yet"),
    ):
        conversation.ask("vllm-qwen", "K1")


ITEM = {"type": "message", "content": [{"type": "output_text", "text": "K1"}]}
MESSAGES: dict[str, tuple[dict[str, object], str, str]] = {
    "an answer": ({"content": "K1", "done": True, "model": "vllm-qwen"}, "K1", ""),
    "an error": ({"error": {"content": "away"}}, "", "away"),
    "an error in words": ({"error": "away", "content": "K"}, "K", "away"),
    "an error of nothing": ({"error": {"a": 1}}, "", "{'a': 1}"),
    "an answer in items, as 0.10.2 stores it": (
        {"content": "", "done": True, "output": [ITEM, {"type": "reasoning"}, ITEM]},
        "K1K1",
        "",
    ),
    "items of whatever shape": (
        {"done": True, "output": ["x", {"type": "message", "content": [1, {"text": None}]}]},
        "",
        "",
    ),
    "an answer of nothing": ({"done": True, "content": None, "model": None}, "", ""),
}


@pytest.mark.parametrize(("message", "text", "error"), MESSAGES.values(), ids=MESSAGES.keys())
def test_a_stored_message(message: dict[str, object], text: str, error: str) -> None:
    with (
        clients(_stored({"history": {"messages": {"ID": message}}})) as (_, open_webui),
        Conversation(open_webui) as conversation,
    ):
        turn = conversation.ask("vllm-qwen", "K1")
    assert turn == Turn(model=str(message.get("model") or ""), nonce="K1", text=text, error=error)


def _stored(chat: object) -> Answer:
    """Open WebUI with this chat; `ID` stands for the question that was asked."""
    return http(json.dumps({"chat_id": "c", "chat": chat}).encode())
