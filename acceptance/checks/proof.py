"""Proof is a value: what was seen, where, and how it reads beside what was expected."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Self
from urllib.parse import urlsplit

from acceptance.budget import Price

_WORD = re.compile(r"[^\W_]+")
_THOUGHTS = re.compile(
    r"<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)|<details type=\"reasoning\".*?(?:</details>|\Z)",
    re.DOTALL | re.IGNORECASE,
)
"""What a model thinks aloud: in its own tags, or as Open WebUI 0.12.4 stores it."""
_TELLING = 4
"""Letters of a question that an answer does not end with by chance."""


def question_with(nonce: str) -> str:
    """The words of a question whose answer is complete when it holds the nonce, at its end."""
    return f"Please repeat these words and nothing else: {nonce}"


def spoken(text: str) -> str:
    """What an answer says, without what the model thinks aloud."""
    return _THOUGHTS.sub(" ", text).strip()


def holds(text: str, nonce: str) -> bool:
    """Whether an answer says the nonce, whatever its case and marks; thoughts do not count."""
    return f" {' '.join(_words(nonce))} " in f" {' '.join(_words(text))} "


def breaks_off(text: str, nonce: str) -> bool:
    """Whether an answer stops inside the words of its question, or inside the nonce."""
    said = _words(text)
    for whole in (_words(question_with(nonce)), _words(nonce)):
        for count in range(1, min(len(said), len(whole)) + 1):
            (*full, last), end = whole[:count], said[-count:]
            begun = end[:-1] == full and last.startswith(end[-1]) and end != whole
            if begun and len("".join(end)) >= _TELLING:
                return True
    return False


def _words(text: str) -> list[str]:
    return _WORD.findall(spoken(text).casefold())


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
    sent: tuple[tuple[str, str], ...] = ()
    """What its own headers send for a key, each with a fingerprint: they win over the key."""
    identity: str = ""
    """Whose key goes with each question, where it is not the connection's (`session`)."""
    also: tuple["Connection", ...] = ()
    """Further connections that lead to the same place: together they are one."""

    @property
    def parts(self) -> tuple["Connection", ...]:
        """This connection and those that are one with it."""
        return (self, *self.also)

    @property
    def indexes(self) -> frozenset[int]:
        """Of its parts."""
        return frozenset(each.index for each in self.parts)

    def shows(self, name: str) -> str:
        """The name under which it offers what the other side calls so."""
        return f"{self.prefix}.{name}" if self.prefix else name

    def asks_for(self, name: str) -> str:
        """What the other side is asked for where somebody chooses this name."""
        heads = (f"{each.prefix}." for each in self.parts if each.prefix)
        return next((name.removeprefix(each) for each in heads if name.startswith(each)), name)

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
    owner: str = ""
    """Open WebUI's `owned_by`: `openai`, `ollama`, `arena`; empty where that is not known."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Listing:
    """The selector's models as one account sees them: `GET /api/models?refresh=true`."""

    account: str
    models: tuple[Offered, ...]
    seconds: float
    unseen: tuple[str, ...] = ()
    """Names that the API gives to the same account, where a page does not show them."""
    switched_off: tuple[str, ...] = ()
    """Names that an administrator disabled under Admin Settings > Models, where they are told."""
    picture: bytes = field(default=b"", repr=False)
    """What the user saw, as a PNG, where there was a screen."""

    @property
    def names(self) -> frozenset[str]:
        """The exact names offered."""
        return frozenset(model.name for model in self.models)

    def find(self, name: str) -> Offered | None:
        """The model of exactly this name."""
        return next((model for model in self.models if model.name == name), None)

    def by(self, connections: Collection[int]) -> frozenset[str]:
        """Names that come from some connections."""
        return frozenset(model.name for model in self.models if model.connection in connections)


@dataclass(frozen=True, kw_only=True, slots=True)
class Served:
    """What the gateway told Open WebUI when that asked it for models, with its own key."""

    status: int
    names: tuple[str, ...]
    error: str = ""
    """Its own words where it told no models."""
    withheld: tuple[str, ...] = ()
    """Names that it serves, and does not tell to this key; as far as that can be known."""


def is_called(upstream: str, name: str) -> bool:
    """Whether a provider calls the model of an entry so: `groq/llama`, and `llama` there."""
    return bool(name) and f"/{upstream}".endswith(f"/{name}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Deployment:
    """One entry of LiteLLM's model list: `GET /model/info`, LiteLLM 1.80.17 to 1.108.7."""

    identity: str
    group: str
    upstream: str
    api_base: str
    """Where the entry itself sends questions; empty where it leaves that to LiteLLM."""
    paused: bool = False
    """Whether an administrator took it out of service (`model_info.blocked`)."""
    cooldown: float = 0.0
    """Seconds for which it rests after failures, where the entry itself says so."""
    parameters: str = ""
    """Fingerprint of all that the entry sets, its keys aside."""
    replaced: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The models that the entry itself puts in its place, by the parameter that names them."""
    price: Price | None = None
    """What it costs, where LiteLLM knows that."""


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

    def among(self, entries: Collection[Deployment], asked: str, named: str = "") -> Self:
        """The same, with what the judged gateway's own entries tell of the one that answered.

        A fallback that begins after the headers leaves them as they are (1.80.17, where a provider
        fails with its first words): then only the stream names who answered.

        Args:
            entries: all that it has.
            asked: the model that was asked for: a wildcard entry answers under that name.
            named: the model that the stream names.
        """
        alike = [each for each in entries if each.identity == self.deployment]
        if not alike:
            return replace(self, foreign=True)
        entry = next((each for each in alike if each.group == (self.group or asked)), alike[0])
        if not self.group and len({each.upstream for each in alike}) > 1:
            return replace(self, unread=f"several of them have the identity {self.deployment}")
        others = {each.group for each in entries if is_called(each.upstream, named)}
        own = named.startswith(entry.upstream.rpartition("/")[2])  # a date may follow
        if not self.group and others and not own:
            unread = f"the answer names {named}, which is {' or '.join(sorted(others))}"
            return replace(self, unread=unread)
        group = asked if fnmatchcase(asked, entry.group) else entry.group
        return replace(self, group=self.group or group, serves=entry.upstream)

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
    asked_at: float = 0.0
    """Unix seconds."""
    first_seconds: float = 0.0
    """Seconds to the first word."""
    last_seconds: float = 0.0
    """Seconds to the last word, where each was listened to."""
    seconds: float = 0.0
    prompt_tokens: int = 0
    """Tokens of the question and of what went along with it, where they were counted."""
    tokens: int = 0
    """Completion tokens, likewise."""
    finish: str = ""
    """Why it ended, as the model says (`finish_reason`); `length`: it is cut."""
    tools: tuple[str, ...] = ()
    """Tools that the model asked for."""
    named: str = ""
    """The model that the stream names: with LiteLLM 1.80.17 and 1.83.14 by its provider's name for
    it, later by the name that was asked for."""
    streamed: bool = True
    """False: it came in one body, to which Open WebUI 0.12.4 gives none of LiteLLM's headers."""
    retry_after: float | None = None
    """Seconds, where whoever refused named them."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """The headers that prove who answered."""
    by_a_user: bool = False
    """Whether an ordinary user asked, and not the account that judges."""
    only_to_a_user: bool = False
    """Whether the account that judges, asked the same, got the model's own answer."""
    to_a_user: "Answer | None" = None
    """What an ordinary user was told, where that is not the model's own answer and this one is."""
    attempts: int = 1
    """How often it was asked; a second time only for what passes by itself."""
    picture: bytes = field(default=b"", repr=False)
    """What the user saw, as a PNG, where there was a screen."""

    @property
    def returned(self) -> bool:
        """Whether the nonce came back: the text was made for this very question."""
        return holds(self.text, self.nonce)


@dataclass(frozen=True, kw_only=True, slots=True)
class Substitute:
    """A way to replace a model that is no link of its chain."""

    model: str
    kind: str
    """The setting that says so, as LiteLLM spells it, and whose it is."""
    targets: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.model} -> {', '.join(self.targets)} ({self.kind})"


@dataclass(frozen=True, kw_only=True, slots=True)
class Chain:
    """The order in which the gateway tries models for one that was asked."""

    order: tuple[str, ...]
    unknown: tuple[str, ...] = ()
    """Names in it that the gateway does not serve."""
    cycles: tuple[str, ...] = ()
    """Models that lead back to one already tried."""
    otherwise: tuple[Substitute, ...] = ()
    """Every other way in which one of them may be replaced."""
    links: tuple[str, ...] = field(default=(), compare=False)
    """Those after the first without whose own rule the order would be another one."""

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
    prompt_tokens: int = field(default=0, compare=False)
    tokens: int = field(default=0, compare=False)
    """As an answer has them; a turn is the same without."""
    picture: bytes = field(default=b"", repr=False)
    """What the user saw, as a PNG, where there was a screen."""

    @property
    def returned(self) -> bool:
        """Whether the answer was made for this very question."""
        return holds(self.text, self.nonce)
