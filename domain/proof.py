"""Proof is a value: what was seen, where, and how it reads beside what was expected."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Self
from urllib.parse import urlsplit


def host_of(url: str) -> str:
    """The host that a URL names; empty where it names none, or is no URL."""
    try:
        return urlsplit(url.strip()).hostname or ""
    except ValueError:
        return ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Connection:
    """One OpenAI connection of Open WebUI, as it is in use; its key only as a fingerprint."""

    index: int
    url: str
    key_fingerprint: str
    enabled: bool = True
    model_ids: tuple[str, ...] = ()
    """Names typed in by an administrator; where there are any, the other side is never asked."""
    prefix: str = ""

    def __str__(self) -> str:
        return f"connection #{self.index} {self.url}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Wiring:
    """Where Open WebUI sends model requests: `GET /openai/config`, Open WebUI 0.12.4."""

    enabled: bool
    """Whether OpenAI connections are used at all."""
    connections: tuple[Connection, ...]

    @property
    def in_use(self) -> tuple[Connection, ...]:
        """The connections that requests can take."""
        return tuple(each for each in self.connections if self.enabled and each.enabled)

    def __str__(self) -> str:
        if not self.enabled:
            return "OpenAI connections are switched off"
        shown = [f"{each}{'' if each.enabled else ' (disabled)'}" for each in self.connections]
        return ", ".join(shown) or "no connection at all"


@dataclass(frozen=True, kw_only=True, slots=True)
class Offered:
    """A model in the selector."""

    name: str
    connection: int | None
    """Index of the connection that serves it; None for what comes from no connection."""
    base: str = ""
    """The model that is really asked, where a workspace model stands before it."""
    label: str = ""
    """What the selector shows for it; empty where that is not known."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Listing:
    """The selector's models as one account sees them: `GET /api/models?refresh=true`."""

    account: str
    models: tuple[Offered, ...]
    seconds: float
    unseen: tuple[str, ...] = ()
    """Names that the API gives to the same account, where a page does not show them."""
    picture: bytes = field(default=b"", repr=False)
    """What the user saw, as a PNG, where there was a screen."""

    @property
    def names(self) -> frozenset[str]:
        """The exact names offered."""
        return frozenset(model.name for model in self.models)

    def find(self, name: str) -> Offered | None:
        """The model of exactly this name."""
        return next((model for model in self.models if model.name == name), None)

    def by(self, connection: int) -> frozenset[str]:
        """Names that come from one connection."""
        return frozenset(model.name for model in self.models if model.connection == connection)


@dataclass(frozen=True, kw_only=True, slots=True)
class Served:
    """What the gateway told Open WebUI when that asked it for models, with its own key."""

    status: int
    names: tuple[str, ...]
    error: str = ""
    """Its own words where it told no models."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Deployment:
    """One entry of LiteLLM's model list: `GET /model/info`, LiteLLM 1.80.17 to 1.108.7."""

    identity: str
    group: str
    upstream: str
    api_base: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Provenance:
    """Who answered, by the headers that LiteLLM gives to a streamed answer (1.80.17 to 1.108.7)."""

    group: str
    """The model that answered, under the gateway's own name: `x-litellm-model-group`, which 1.80.17
    and 1.83.14 do not send with a stream (1.93.2 does); else that of the entry. Empty: unknown."""
    deployment: str
    """`x-litellm-model-id`, the entry's identity."""
    api_base: str
    """`x-litellm-model-api-base`: the address that LiteLLM asked; 1.80.17 and 1.83.14 tell its
    whole path."""
    upstream: bool
    """Whether `llm_provider-*` headers show that an upstream was really called."""
    serves: str = ""
    """The entry's model as the judged gateway lists it, `groq/llama-3.3-70b-versatile`."""
    foreign: bool = False
    """Whether the judged gateway has no entry of this identity."""
    unread: str = ""
    """Why its entries could not be read."""

    @property
    def host(self) -> str:
        """The host that LiteLLM asked."""
        return host_of(self.api_base)

    def among(self, entries: Iterable[Deployment], asked: str) -> Self:
        """The same, with what the judged gateway's own entries tell of the one that answered.

        Args:
            entries: all that it has.
            asked: the model that was asked for: a wildcard entry answers under that name.
        """
        entry = next((each for each in entries if each.identity == self.deployment), None)
        if entry is None:
            return replace(self, foreign=True)
        named = asked if fnmatchcase(asked, entry.group) else entry.group
        return replace(self, group=self.group or named, serves=entry.upstream)

    def __str__(self) -> str:
        called = "upstream called" if self.upstream else "no sign of an upstream call"
        return f"{self.group or 'unknown model'} at {self.api_base or 'no address'}, {called}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What a user received for one question."""

    model: str
    """The model that was asked for."""
    nonce: str
    text: str = ""
    status: int = 200
    error: str = ""
    """What the user is told instead of an answer, or after the beginning of one."""
    provenance: Provenance | None = None
    first_seconds: float = 0.0
    """Seconds to the first word."""
    seconds: float = 0.0
    tokens: int = 0
    """Completion tokens, where they were counted."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """The headers that prove who answered."""
    attempts: int = 1
    """How often it was asked; a second time only for what passes by itself."""
    picture: bytes = field(default=b"", repr=False)
    """What the user saw, as a PNG, where there was a screen."""

    @property
    def returned(self) -> bool:
        """Whether the nonce came back: the text was made for this very question."""
        return self.nonce in self.text


@dataclass(frozen=True, kw_only=True, slots=True)
class Chain:
    """The order in which the gateway tries models for one that was asked."""

    order: tuple[str, ...]
    unknown: tuple[str, ...] = ()
    """Names in it that the gateway does not serve."""
    cycles: tuple[str, ...] = ()
    """Models that lead back to one already tried."""

    def __str__(self) -> str:
        return " -> ".join(self.order)


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """One question and its answer, as Open WebUI stored them."""

    model: str
    """The label: always the model that was asked for, whoever answered."""
    nonce: str
    text: str
    error: str = ""
    picture: bytes = field(default=b"", repr=False)
    """What the user saw, as a PNG, where there was a screen."""

    @property
    def returned(self) -> bool:
        """Whether the answer was made for this very question."""
        return self.nonce in self.text
