"""What a run found out besides its verdicts: who answered how fast, the settings as they are."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from acceptance.checks.proof import Answer, Deployment


@dataclass(frozen=True, kw_only=True, slots=True)
class Served:
    """A model as the gateway has it."""

    name: str
    upstream: str = ""
    """Provider and model behind it, as LiteLLM spells them."""
    host: str = ""
    """The host that LiteLLM asked for its answer."""
    first_seconds: float | None = None
    """Seconds until its own first word; None when it was not proven to answer."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Failover:
    """What a user got while providers were away."""

    asked: str
    away: tuple[str, ...]
    """What was taken away, as the feature says it: `vLLM refuses connections`."""
    answered: str
    """The model that answered; empty when the user got an error."""
    seconds: float
    """Seconds until the first word, or until the error."""

    def __str__(self) -> str:
        return f"{self.asked} while {' and '.join(self.away)}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Recovery:
    """What was given back after a drill, and answers again."""

    model: str
    certificate: str
    """What was compared with the time before: the spec of what was away, and its pods."""
    seconds: float
    """Seconds from giving back until the model answered by itself."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Findings:
    """All of it; empty where a run did not look."""

    endpoint: str = ""
    """The address in use, as Open WebUI tells it."""
    models: tuple[Served, ...] = ()
    chain: tuple[str, ...] = ()
    failovers: tuple[Failover, ...] = ()
    recoveries: tuple[Recovery, ...] = ()
    substituted: Mapping[str, str] = field(default_factory=dict)
    """Who gave a model's answer while nothing was away, by model, as LiteLLM itself says."""
    images: Mapping[str, str] = field(default_factory=dict)
    """Image by program; with its digest where the cluster tells it."""
    locks: Mapping[str, str] = field(default_factory=dict)
    """SHA-256 of the lock file by program, where the lab installed it: which packages ran."""
    fingerprints: Mapping[str, str] = field(default_factory=dict)
    """Of the settings that were judged, by whose they are; no key is in any of them."""

    def serving(self, names: Iterable[str]) -> "Findings":
        """With these models served, in this order; what was known of each stays."""
        known = {each.name: each for each in self.models}
        order = dict.fromkeys((*names, *known))
        return replace(self, models=tuple(known.get(each) or Served(name=each) for each in order))

    def behind(self, deployments: Iterable[Deployment]) -> "Findings":
        """With what stands behind each model."""
        behind: dict[str, dict[str, None]] = {}
        for each in deployments:
            behind.setdefault(each.group, {})[each.upstream] = None
        served = self.serving(behind)
        return replace(
            served,
            models=tuple(
                replace(each, upstream=", ".join(behind.get(each.name, ())) or each.upstream)
                for each in served.models
            ),
        )

    def given(self, answer: Answer, expected: str) -> "Findings":
        """With who gave an answer while nothing was away, where that is not the one expected."""
        who = answer.provenance.group if answer.provenance and answer.text else ""
        if who in ("", answer.model, expected):
            return self
        return replace(self, substituted={**self.substituted, answer.model: who})

    def answering(self, answer: Answer, away: Iterable[str] = ()) -> "Findings":
        """With an answer, or an error, that was proven to be what it should be.

        The first one stands: what the API saw, and not what the page took longer to show.
        """
        who, absent = answer.provenance, tuple(away)
        seconds = round(answer.first_seconds or answer.seconds, 3)
        if absent:
            group = who.group if who and answer.text else ""
            drill = Failover(asked=answer.model, away=absent, answered=group, seconds=seconds)
            if str(drill) in map(str, self.failovers):
                return self
            return replace(self, failovers=(*self.failovers, drill))
        if not answer.text:
            return self
        served = self.serving([answer.model])
        host = who.host if who else ""
        return replace(
            served,
            models=tuple(
                replace(each, host=host, first_seconds=seconds)
                if each.name == answer.model and each.first_seconds is None
                else each
                for each in served.models
            ),
        )
