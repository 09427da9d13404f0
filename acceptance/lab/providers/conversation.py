"""What a model is asked and what it says, apart from any provider's way of writing it."""

import json
import re
from dataclasses import dataclass
from typing import Literal

_TOKEN = re.compile(r"\s*\S{1,6}|\s+")
_THINKS = re.compile(
    r"gemini-(2\.5|[3-9])|deepseek-r\d|reasoner|\bqwq|\bqwen-?3\b(?!.*instruct)|gpt-oss|magistral"
    r"|gpt-5|(^|/)o\d\b",
    re.IGNORECASE,
)
"""Models that think before they answer, unless told otherwise."""
_THOUGHTS = (
    "The user has written something and expects a reply. I should look at it closely: is it a "
    "question, or are these words that I am to give back? Nothing in it needs a tool, or facts "
    "that I lack. It is best to give it back word for word, in the same order, and to add nothing "
    "that was not asked for. Let me check the words once more. They are spelt as they should be, "
    "and none is missing at the end. I will answer now, in one short sentence."
)
"""About as long as what Gemini 2.5 Flash thinks of such a question: more than 64 tokens."""
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
    tools: tuple[str, ...] = ()
    """Names of the tools that it may call."""
    calls: str = ""
    """The tool that the model calls before it answers; empty: none."""
    as_json: bool = False
    """Whether nothing but JSON may be said."""
    thinks: bool | None = None
    """Whether the model shall think first; None: as it does by itself."""
    shows_thoughts: bool = True
    """Whether its thoughts are sent along; they are counted in any case."""
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
    hidden: str = ""
    """What it thought and does not show."""
    tool: str = ""
    """The tool that it calls instead of saying anything."""
    finish: Literal["stop", "length", "tool_calls"] = "stop"

    @property
    def pieces(self) -> tuple[str, ...]:
        """The text, token by token."""
        return tokens(self.text)

    @property
    def tokens(self) -> int:
        """Size of all that was generated."""
        return len(self.pieces) + self.thoughts

    @property
    def thoughts(self) -> int:
        """Size of what it thought."""
        return len(tokens(self.reasoning)) + len(tokens(self.hidden))


def generate(question: Question) -> Answer:
    """A sentence that repeats the user's words, so that a nonce in a prompt comes back.

    What the model thinks before it counts against the limit, as it does everywhere. Where the user
    names a tool, the model calls it first.
    """
    if question.calls:
        return Answer(text="", tool=question.calls, finish="tool_calls")
    thinks = _THINKS.search(question.model) if question.thinks is None else question.thinks
    thoughts = tokens(_THOUGHTS) if thinks else ()
    task = _TASK.search(question.text)
    if task:
        key = task["key"]
        text = json.dumps({key: ["Lab"] if key in _LISTS else "Lab"})
        return _answer(question, thoughts, tokens(text), limit=None)
    text = f"{_opening(question.model)}{question.text}"
    text = json.dumps({"answer": text}, ensure_ascii=False) if question.as_json else text
    return _answer(question, thoughts, tokens(text), limit=question.max_tokens)


def _answer(
    question: Question, thoughts: tuple[str, ...], pieces: tuple[str, ...], *, limit: int | None
) -> Answer:
    cut = limit is not None and limit < len(thoughts) + len(pieces)
    if limit is not None:
        thoughts = thoughts[:limit]
        pieces = pieces[: limit - len(thoughts)]
    thought = "".join(thoughts)
    return Answer(
        text="".join(pieces),
        reasoning=thought if question.shows_thoughts else "",
        hidden="" if question.shows_thoughts else thought,
        finish="length" if cut else "stop",
    )


def _opening(model: str) -> str:
    """Some answer in a language whose letters take several bytes."""
    return "Vous avez écrit : " if "mistral" in model.lower() else "You said: "


def text_of(content: object) -> str:
    """The text of a message's content: plain, or in parts of which only the text counts."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    texts = (part.get("text") for part in parts if isinstance(part, dict))
    return "\n".join(text for text in texts if isinstance(text, str))
