"""The questions that each provider's API answers in its own way."""

import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from starlette.requests import Request
from starlette.routing import Route

from acceptance.lab.providers.conversation import Answer, Question
from acceptance.lab.providers.reply import Json, Reply, json_bytes

Complete = Callable[[Request], Awaitable[Reply]]
"""Answers a request to a model."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """An error as the provider writes it."""

    status: int
    body: Json

    def reply(self, headers: Mapping[str, str]) -> Reply:
        """The response that carries it."""
        return Reply(status=self.status, headers=headers, frames=(json_bytes(self.body),))


class ProviderApi(Protocol):
    """How a provider reads requests and writes answers."""

    def __init__(self, *, base: str | None = None, public: bool = True) -> None:
        """Speak so.

        Args:
            base: path before its own paths; None: as its provider has it.
            public: whether it asks for a key, as what stands in the internet does.
        """

    context: int
    """Tokens of the longest conversation that it takes."""

    @property
    def stream_type(self) -> str:
        """Media type of a streamed answer."""

    def routes(self, models: tuple[str, ...], complete: Complete) -> list[Route]:
        """Every path that it serves."""

    def question(self, request: Request, body: Json) -> Question:
        """What is asked.

        Raises:
            KeyError: a required field is missing.
        """

    def key(self, request: Request) -> str:
        """The API key that was sent; empty for none."""

    def refusal(self, key: str) -> Refusal | None:
        """What it says to an API key that it does not accept."""

    def unknown(self, model: str) -> Refusal:
        """What it says to the name of a model that it does not have."""

    def objection(self, body: Json, question: Question) -> Refusal | None:
        """What it says to a request that is no mistake elsewhere: it takes only what it knows."""

    def too_long(self, question: Question, context: int) -> Refusal | None:
        """What it says to a conversation of more tokens than `context`; None where it cuts it."""

    def without_tools(self, model: str) -> Refusal:
        """What it says to tools where it cannot take them."""

    def error(self, status: int, model: str) -> Json:
        """The body of an error with this status."""

    def headers(self) -> Mapping[str, str]:
        """Headers of any response to a request to a model."""

    def whole(self, question: Question, answer: Answer, path: str) -> Json:
        """The answer in one body."""

    def frames(self, question: Question, answer: Answer, path: str) -> Iterator[bytes]:
        """The answer as it is streamed, a frame at a time."""


_NOT_PUT_IN = re.compile(r"\$\{|\$\(|\{\{|^\$\w|^os\.environ|[\s\"']")
"""In a reference that nobody replaced by the key, as `${NAME}`, or in what is no key at all.

Any other word may stand for a key: manifests that are kept in git have a placeholder there.
"""
_ISSUERS = {
    "sk-ant-": "anthropic",
    "sk-or-": "openrouter",
    "gsk": "groq",
    "AIza": "gemini",
    "xai-": "xai",
    "pplx-": "perplexity",
}
"""Whose a key is, by how it begins; `sk-` tells nothing, many issue such keys."""


def valid(key: str, issuer: str) -> bool:
    """Whether a provider of the lab accepts the API key.

    Args:
        key: what was sent.
        issuer: who must have issued it: of `_ISSUERS`, or one whose keys begin anyhow; empty where
            nobody knows.
    """
    if not key or key == "placeholder" or key.startswith("invalid") or _NOT_PUT_IN.search(key):
        return False
    begun = next((of for begins, of in _ISSUERS.items() if key.startswith(begins)), issuer)
    return not issuer or begun == issuer


def event(data: object) -> bytes:
    """A server-sent event."""
    return b"data: " + json_bytes(data) + b"\n\n"


def named_event(name: str, **data: object) -> bytes:
    """A server-sent event with a name, which its data tells as well."""
    return f"event: {name}\n".encode() + event({"type": name, **data})
