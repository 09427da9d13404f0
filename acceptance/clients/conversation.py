"""A stored conversation, asked as the page asks; checked with Open WebUI 0.7.2 to 0.12.4."""

import uuid
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Self

from acceptance.budget import TOOLS
from acceptance.checks.proof import Turn
from acceptance.clients.lost import Lost
from acceptance.clients.open_webui import ANSWER_TIMEOUT, OpenWebUI
from acceptance.clients.streaming import Question, usage
from acceptance.clients.transport import Reply
from acceptance.json_values import mapping, sequence
from acceptance.message import explain
from acceptance.spans import Kind, span
from acceptance.waiting import Progress, eventually, quiet, waiting_for

_STREAM = "data:"
"""How an answer begins that is streamed to whoever asked."""


class Conversation:
    """A chat in Open WebUI that is deleted at the end; a context."""

    def __init__(
        self,
        open_webui: OpenWebUI,
        *,
        lost: Lost | None = None,
        say: Progress = quiet,
        timeout: float = ANSWER_TIMEOUT,
    ) -> None:
        """Nothing is asked yet.

        Args:
            open_webui: asked as one account.
            lost: puts a question again that was lost on its way.
            say: shows progress.
            timeout: seconds until an answer must be stored.
        """
        self._open_webui = open_webui
        self._lost = lost or Lost(say)
        self._say = say
        self._timeout = timeout
        self._chat = ""
        self.said: list[Turn] = []
        """What was answered, in order, as it was received."""
        self._messages: list[Mapping[str, str]] = []
        self._asked: list[tuple[str, Question]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        if self._chat:
            self._open_webui.api.delete(f"/api/v1/chats/{self._chat}")

    @property
    def chat(self) -> str:
        """Its identity in Open WebUI; empty before the first question."""
        return self._chat

    @property
    def history(self) -> tuple[Mapping[str, str], ...]:
        """What was said so far, as it is sent along with the next question."""
        return tuple(self._messages)

    def ask(self, model: str, nonce: str, *, before: str = "") -> Turn:
        """Ask within this conversation and wait until the answer is stored."""
        question = Question(model=model, nonce=nonce, before=before, history=self.history)
        with (
            self._open_webui.budget.question(model, question.most_tokens + TOOLS) as asking,
            span(Kind.QUESTION, model, words=nonce),
        ):
            turn = self._lost.once_more(model, lambda: self._answered(question))
            asking.counted(asked=turn.prompt_tokens, said=turn.tokens)
        self.said.append(turn)
        self._messages += [
            {"role": "user", "content": question.text},
            {"role": "assistant", "content": turn.text},
        ]
        return turn

    def _answered(self, question: Question) -> Turn:
        """What came of a question; put again, it takes the place of the one that was lost."""
        model, identity = question.model, str(uuid.uuid4())
        self._asked = [(earlier, asked) for earlier, asked in self._asked if asked is not question]
        with waiting_for(f"Open WebUI to take a question for {model}", self._say):
            reply = self._put(question, identity)
        if reply.status != HTTPStatus.OK or not isinstance(reply.json, dict):
            raise self._not_taken(model, f"{reply.status}: {reply.error}")
        self._chat = str(reply.json.get("chat_id") or self._chat)
        self._asked.append((identity, question))
        return eventually(
            lambda: self._finished(identity),
            what=f"the answer of {model}",
            timeout=self._timeout,
            say=self._say,
        )

    def _put(self, question: Question, identity: str) -> Reply:
        """Open WebUI's answer to a question, which is no model's.

        From 0.10 on Open WebUI makes the chat of a first question itself (0.10.2, 0.12.4). Before,
        the page makes it, and a question without a chat is answered at once (0.7.2, 0.8.12): that
        answer is part of no conversation, so the question is put again, as those pages do.
        """
        if not self._open_webui.page_keeps_chats:
            reply = self._post(self._request(question, identity))
            if not reply.text.startswith(_STREAM):
                return reply
            self._open_webui.page_keeps_chats = True
        return self._post(self._kept_by_the_page(question, identity))

    def _post(self, body: Mapping[str, Any], path: str = "/api/chat/completions") -> Reply:
        return self._open_webui.api.post(path, body)

    def _not_taken(self, model: str, found: str) -> AssertionError:
        return AssertionError(
            explain(
                f"Open WebUI does not take a question for {model}.",
                expected="the question is accepted into the conversation",
                found=found,
                where=f"POST {self._open_webui.api.base_url}/api/chat/completions",
                fix="ask the same in the page, and read Open WebUI's log",
            )
        )

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

    def _kept_by_the_page(self, question: Question, identity: str) -> Mapping[str, Any]:
        """The request, once the chat holds the question and the place of its answer."""
        request = self._request(question, identity)
        asked = {**request.pop("user_message"), "childrenIds": [identity]}
        answer = {
            "id": identity,
            "parentId": asked["id"],
            "childrenIds": [],
            "role": "assistant",
            "content": "",
            "model": question.model,
        }
        messages = {**self._messages_kept(), asked["id"]: asked, identity: answer}
        chat = {
            "title": "New Chat",
            "models": [question.model],
            "history": {"messages": messages, "currentId": identity},
        }
        reply = self._post({"chat": chat}, f"/api/v1/chats/{self._chat or 'new'}")
        self._chat = str(mapping(reply.json).get("id") or "")
        if not self._chat:
            raise self._not_taken(question.model, f"no chat: {reply.status}, {reply.error}")
        return {**request, "chat_id": self._chat, "parent_id": asked["id"], "parent_message": asked}

    def _finished(self, identity: str) -> Turn:
        message = self._messages_kept().get(identity)
        turn = _turn(mapping(message), dict(self._asked)[identity])
        assert turn is not None, "it is not stored yet"
        if "done" not in mapping(message) and not turn.error:  # 0.7.2 never says so of an answer
            tasks = self._open_webui.api.mapping(f"/api/tasks/chat/{self._chat}").get("task_ids")
            assert not tasks, "it is not complete yet"
        return turn

    def turns(self) -> tuple[Turn, ...]:
        """Every turn, as the stored chat has it now."""
        messages = self._messages_kept()
        turns = (_turn(mapping(messages.get(identity)), asked) for identity, asked in self._asked)
        return tuple(turn for turn in turns if turn is not None)

    def _messages_kept(self) -> Mapping[str, Any]:
        """The messages of the stored chat by identity; none where there is no chat yet."""
        return _messages_of(self._open_webui, self._chat) if self._chat else {}


def words_of(open_webui: OpenWebUI, chat: str) -> tuple[str, ...]:
    """What was said in a stored chat, in alphabetical order.

    Raises:
        UnexpectedAnswerError: this account cannot open it.
    """
    messages = map(mapping, _messages_of(open_webui, chat).values())
    return tuple(sorted(str(each.get("content") or _written(each)) for each in messages))


def _messages_of(open_webui: OpenWebUI, chat: str) -> Mapping[str, Any]:
    held = mapping(open_webui.api.mapping(f"/api/v1/chats/{chat}").get("chat"))
    return mapping(mapping(held.get("history")).get("messages"))


def _turn(message: Mapping[str, Any], question: Question) -> Turn | None:
    error, text = message.get("error"), str(message.get("content") or _written(message))
    if not message.get("done", bool(text)) and not error:
        return None
    told = mapping(error).get("content") or error
    prompt_tokens, tokens = usage(message)
    return Turn(
        model=str(message.get("model") or ""),
        nonce=question.nonce,
        text=text,
        error=str(told or ""),
        prompt_tokens=prompt_tokens,
        tokens=tokens,
    )


def _written(message: Mapping[str, Any]) -> str:
    """The words of an answer that is stored as items of output; 0.10.2 leaves `content` empty.

    What the model thought, and the tools that it called, are items of other types.
    """
    items = [mapping(each) for each in sequence(message.get("output"))]
    parts = [
        mapping(part)
        for item in items
        if item.get("type") == "message"
        for part in sequence(item.get("content"))
    ]
    return "".join(str(part.get("text") or "") for part in parts)
