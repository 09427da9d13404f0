"""What is judged: the only thing handed from the world to the suite."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from acceptance.cluster import Cluster
from acceptance.resources import ServiceName
from acceptance.secret import Secret

_NO_TOKEN = Secret("")


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """Somebody who signs in to Open WebUI."""

    email: str
    password: Secret
    token: Secret = _NO_TOKEN
    """A session's token or an API key, where there is no form to sign in by."""
    header: str = ""
    """The header by which a proxy tells Open WebUI who asks, where it takes a proxy's word."""

    @property
    def named(self) -> bool:
        """Whether it says who signs in; with `WEBUI_AUTH=false` nobody has to."""
        return bool(self.email or self.token.reveal())


class Outage(StrEnum):
    """The ways in which a provider goes away."""

    REFUSED = "refuses connections"
    ERROR = "answers with an error"
    OTHER_MODEL = "serves another model"
    RATE_LIMITED = "limits the rate"
    HANGS = "does not answer"
    BREAKS_OFF = "breaks off in mid-answer"


class Outages(Protocol):
    """Taking providers away, and giving them back."""

    slow_to_return: bool
    """Whether a provider that is given back may need minutes, as a model is loaded anew."""

    def check(self, provider: str, outage: Outage) -> None:
        """Return if a provider of the story (`vLLM`) could be made to fail in this way.

        Raises:
            NotProven: this target does not allow it; says what would.
        """

    def take_away(self, provider: str, outage: Outage) -> None:
        """Let a provider fail in this way until `restore`; raises like `check`."""

    def restore(self, keep: Collection[str] = ()) -> tuple[str, ...]:
        """Give back what was taken, but for these providers if `slow_to_return`.

        Returns:
            What was compared with the time before, for the report: a line each.
        """


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """A question that reached a provider."""

    provider: str
    model: str
    question: str
    answered: bool
    tokens: int = 0
    at: float = 0.0
    """Unix seconds when it arrived; 0 where nobody says."""
    messages: int = 0
    """How many it held, all that was said before included."""
    until: float = 0.0
    """Unix seconds before which the last word of its answer was not said; 0: not streamed."""
    shadow: bool = False
    """Whether it only mirrors another one (LiteLLM's `silent_model`), so that nobody sees what
    comes back."""


class Witness(Protocol):
    """Somebody at the providers' side who saw what they were asked."""

    def calls(self) -> tuple[Call, ...]:
        """Every question so far, oldest first."""


class StabilityCheck(Protocol):
    """Whether what is judged still is what the run began with."""

    def __call__(self) -> None:
        """Return if it is; asked before anything is called wrong.

        Raises:
            SetupError: it cannot be reached any more.
            Inconclusive: somebody else replaced it meanwhile.
        """


def always() -> None:
    """At rest: nobody else can reach it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """Addresses, credentials, the cluster (or none) and what may be disturbed.

    Targets differ in nothing else that a step can see.
    """

    name: str
    """`embedded`, `kind`, `live` or `url`."""
    open_webui: str
    """Base URL for the runner; empty when it does not serve."""
    gateway: str | None
    """Base URL for the runner; None when it cannot be reached from here."""
    administrator: Account
    gateway_address: str = ""
    """The gateway's own address outside of the cluster, where the settings of `live` give it."""
    user: Account | None = None
    """An ordinary user, where one is given."""
    gateway_key: Secret | None = None
    """A key that may read LiteLLM's settings."""
    cluster: Cluster | None = None
    open_webui_service: ServiceName
    gateway_service: ServiceName
    outages: Outages | None = None
    witness: Witness | None = None
    notes: tuple[str, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    locks: Mapping[str, str] = field(default_factory=dict)
    """SHA-256 of the lock file of each program that the target itself installed."""
    open_webui_problem: str = ""
    gateway_problem: str = ""
    """Why it does not serve, where the target knows; empty when it does."""
    may_make_user: bool = False
    """Whether the suite may add an ordinary user, and delete it again."""
    not_emulated: Collection[str] = ()
    """Models of a lab for which nobody answers: their providers cannot be emulated."""
    docs: str = ""
    """Path of the application's README; empty where none is given."""
    begins: Callable[[], None] = always
    """Called as each scenario begins: what happened before is no excuse for what it sees."""
    at_rest: StabilityCheck = always
    went_away: Callable[[], Collection[str]] = tuple
    """What went away since the run began, by the names that messages give it."""
