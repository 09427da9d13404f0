"""What a model is asked and what it says, apart from any provider's way of writing it."""

import json
import re
from dataclasses import dataclass
from typing import Literal

_TOKEN = re.compile(r"\s*\S{1,6}|\s+")
_OPENING = "You said: "
_TASK = re.compile(r'### Task:.*JSON format:[^{]{0,20}\{\s*"(?P<key>\w+)":', re.DOTALL)
"""A background task of Open WebUI (0.12.4, `config.py`, DEFAULT_*_PROMPT_TEMPLATE)."""
_LISTS = {"tags", "follow_ups", "queries"}


def tokens(text: str) -> tuple[str, ...]:
    """The text in pieces as a model would make it: a long word is several."""
    return tuple(_TOKEN.findall(text))


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """One turn of a conversation."""

    role: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """A request to a model."""

    model: str
    stream: bool
    messages: tuple[Message, ...]
    max_tokens: int | None = None
    include_usage: bool = False
    """Whether a stream shall end with token counts, where a provider leaves the choice."""

    @property
    def text(self) -> str:
        """What the user said last."""
        said = [message.text for message in self.messages if message.role == "user"]
        return said[-1] if said else ""

    @property
    def tokens(self) -> int:
        """Size of the prompt."""
        return sum(len(tokens(message.text)) for message in self.messages)


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What the model says."""

    text: str
    reasoning: str = ""
    finish: Literal["stop", "length"] = "stop"

    @property
    def pieces(self) -> tuple[str, ...]:
        """The text, token by token."""
        return tokens(self.text)

    @property
    def tokens(self) -> int:
        """Size of all that was generated."""
        return len(self.pieces) + len(tokens(self.reasoning))


def speak(question: Question) -> Answer:
    """A sentence that repeats the user's words, so that a nonce in a prompt comes back."""
    task = _TASK.search(question.text)
    if task:
        key = task["key"]
        return Answer(text=json.dumps({key: ["Lab"] if key in _LISTS else "Lab"}))
    pieces = tokens(f"{_OPENING}{question.text}")
    if question.max_tokens is None or len(pieces) <= question.max_tokens:
        return Answer(text="".join(pieces))
    return Answer(text="".join(pieces[: question.max_tokens]), finish="length")


def text_of(content: object) -> str:
    """The text of a message's content: plain, or in parts of which only the text counts."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    texts = (part.get("text") for part in parts if isinstance(part, dict))
    return "\n".join(text for text in texts if isinstance(text, str))
