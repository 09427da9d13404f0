"""A stored conversation, asked as the page asks; checked with Open WebUI 0.12.4."""

import uuid
from collections.abc import Mapping
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self

from domain.message import explain
from domain.proof import Turn
from domain.waiting import Say, aloud, eventually, quiet
from drivers.open_webui import ANSWER_TIMEOUT, OpenWebUI
from drivers.shapes import mapping
from drivers.streaming import Question


class Conversation:
    """A chat in Open WebUI that is deleted at the end; a context."""

    def __init__(
        self, open_webui: OpenWebUI, *, say: Say = quiet, timeout: float = ANSWER_TIMEOUT
    ) -> None:
        """Nothing is asked yet.

        Args:
            open_webui: asked as one account.
            say: shows progress.
            timeout: seconds until an answer must be stored.
        """
        self._open_webui = open_webui
        self._say = say
        self._timeout = timeout
        self._chat = ""
        self.said: list[Turn] = []
        """What was answered, in order, as it was received."""
        self._messages: list[Mapping[str, str]] = []
        self._asked: list[tuple[str, Question]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._chat:
            self._open_webui.api.delete(f"/api/v1/chats/{self._chat}")

    @property
    def history(self) -> tuple[Mapping[str, str], ...]:
        """What was said so far, as it is sent along with the next question."""
        return tuple(self._messages)

    def ask(self, model: str, nonce: str) -> Turn:
        """Ask within this conversation and wait until the answer is stored."""
        question = Question(model=model, nonce=nonce, history=self.history)
        identity = str(uuid.uuid4())
        with aloud(f"Open WebUI to take a question for {model}", self._say):
            reply = self._open_webui.api.post(
                "/api/chat/completions", self._request(question, identity)
            )
        if reply.status != HTTPStatus.OK or not isinstance(reply.json, dict):
            raise AssertionError(
                explain(
                    f"Open WebUI does not take a question for {model}.",
                    expected="the question is accepted into the conversation",
                    found=f"{reply.status}: {reply.error}",
                    where=f"POST {self._open_webui.api.base_url}/api/chat/completions",
                    fix="ask the same in the page, and read Open WebUI's log",
                )
            )
        self._chat = str(reply.json.get("chat_id") or self._chat)
        self._asked.append((identity, question))
        turn = eventually(
            lambda: self._finished(identity),
            what=f"the answer of {model}",
            timeout=self._timeout,
            say=self._say,
        )
        self.said.append(turn)
        self._messages += [
            {"role": "user", "content": question.text},
            {"role": "assistant", "content": turn.text},
        ]
        return turn

    def _request(self, question: Question, identity: str) -> dict[str, Any]:
        parent = self._asked[-1][0] if self._asked else None
        return {
            **question.body,
            "chat_id": self._chat,
            "parent_id": parent,
            "id": identity,
            "session_id": f"acceptance-{identity}",
            "user_message": {
                "id": str(uuid.uuid4()),
                "parentId": parent,
                "childrenIds": [],
                "role": "user",
                "content": question.text,
                "models": [question.model],
            },
        }

    def _finished(self, identity: str) -> Turn:
        turns = {each: turn for each, turn in self._stored().items() if turn is not None}
        assert identity in turns, "it is not stored yet"
        return turns[identity]

    def turns(self) -> tuple[Turn, ...]:
        """Every turn, as the stored chat has it now."""
        return tuple(turn for turn in self._stored().values() if turn is not None)

    def _stored(self) -> Mapping[str, Turn | None]:
        chat = mapping(self._open_webui.api.mapping(f"/api/v1/chats/{self._chat}").get("chat"))
        messages = mapping(mapping(chat.get("history")).get("messages"))
        return {
            identity: _turn(mapping(messages.get(identity)), question)
            for identity, question in self._asked
        }


def _turn(message: Mapping[str, Any], question: Question) -> Turn | None:
    error = message.get("error")
    if not message.get("done") and not error:
        return None
    told = mapping(error).get("content") or error
    return Turn(
        model=str(message.get("model") or ""),
        nonce=question.nonce,
        text=str(message.get("content") or ""),
        error=str(told or ""),
    )
