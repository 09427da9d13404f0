"""Conversations where the page makes the chat, as before Open WebUI 0.10."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from acceptance.clients.conversation import Conversation
from acceptance.clients.open_webui import OpenWebUI
from acceptance.secret import Secret
from acceptance.target import Account
from tests.servers import listening


class _OlderOpenWebUI(ThreadingHTTPServer):
    """As 0.7.2: it fills in the answer that the page made room for, and never says `done`."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.chat: dict[str, Any] = {}
        self.streamed = 0
        self.working = 2
        """Looks at the tasks until the answer is complete."""


class _Handler(BaseHTTPRequestHandler):
    server: _OlderOpenWebUI

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if self.path.startswith("/api/v1/chats/"):
            self.server.chat.update(body["chat"])
            self._answer(json.dumps({"id": "c1", "chat": self.server.chat}))
        elif not body["chat_id"]:
            self.server.streamed += 1
            self._answer('data: {"choices": []}\n\ndata: [DONE]\n\n')
        else:
            message = self.server.chat["history"]["messages"][body["id"]]
            message["content"] = body["messages"][-1]["content"][-2:]
            self.server.working = 2
            self._answer(json.dumps({"status": True, "task_id": "t1"}))

    def do_GET(self) -> None:
        if self.path == "/api/tasks/chat/c1":
            self.server.working -= 1
            self._answer(json.dumps({"task_ids": ["t1"] if self.server.working > 0 else []}))
        else:
            self._answer(json.dumps({"id": "c1", "chat": self.server.chat}))

    def do_DELETE(self) -> None:
        self.server.chat.clear()
        self._answer("true")

    def _answer(self, text: str) -> None:
        self.send_response(200)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def older() -> Iterator[_OlderOpenWebUI]:
    """The server, up."""
    server = _OlderOpenWebUI()
    with listening(server):
        yield server


def test_a_conversation_is_kept_as_the_page_keeps_it(older: _OlderOpenWebUI) -> None:
    account = Account(email="judge@example", password=Secret("secret"))
    open_webui = OpenWebUI(f"http://127.0.0.1:{older.server_port}", account, name="judge")

    with Conversation(open_webui) as conversation:
        said = [conversation.ask("vllm-qwen", "K1"), conversation.ask("ollama-qwen", "K2")]
        assert list(conversation.turns()) == said
        stored = older.chat["history"]["messages"].values()
        assert [(each["role"], each["content"][-2:]) for each in stored] == [
            ("user", "K1"),
            ("assistant", "K1"),
            ("user", "K2"),
            ("assistant", "K2"),
        ]
        parents = [each["parentId"] for each in stored]
        assert parents == [None, *(each["id"] for each in list(stored)[:3])]

    with Conversation(open_webui) as another:
        another.ask("vllm-qwen", "K3")

    open_webui.close()
    assert [(turn.model, turn.text) for turn in said] == [
        ("vllm-qwen", "K1"),
        ("ollama-qwen", "K2"),
    ]
    assert older.streamed == 1, "a question that joins no conversation is asked once a run"
    assert older.chat == {}, "both chats are deleted"
