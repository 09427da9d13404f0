"""Taking providers away for one scenario, and waiting until they really serve again."""

import re
import time
from collections.abc import Sequence
from functools import partial

from domain.errors import Inconclusive, NotProven
from domain.proof import Answer
from domain.story import CHAIN, MODELS
from domain.target import Outage, Outages
from domain.timeline import Moment, Timeline
from domain.waiting import Say, aloud, eventually
from drivers.answers import nonce
from drivers.gateway import Gateway
from drivers.streaming import Question
from drivers.well import Well

_RECOVERY_TIMEOUT = 90.0
"""Seconds; LiteLLM keeps a rate-limited deployment aside for its cooldown, 5 to 60 in practice."""
ONE_TRY = {"disable_fallbacks": True, "num_retries": 0}
"""LiteLLM's own switches, in the body of a request (1.106.2)."""


_SENTENCE = re.compile(
    rf"^(?P<provider>\w+) (?:(?P<outage>{'|'.join(Outage)})|was away and is back)$", re.MULTILINE
)
"""How a feature says that a provider is taken away."""


def planned_outages(sentences: str) -> tuple[tuple[str, Outage], ...]:
    """The outages that a scenario's sentences, one a line, will bring about."""
    return tuple(
        (found["provider"], Outage(found["outage"] or Outage.REFUSED))
        for found in _SENTENCE.finditer(sentences)
    )


class Drill:
    """Outages of one scenario; `end` gives everything back."""

    def __init__(
        self,
        outages: Outages | None,
        gateway: Gateway,
        well: Well,
        *,
        planned: Sequence[tuple[str, Outage]] = (),
        say: Say,
    ) -> None:
        """Disturb nothing yet.

        Args:
            outages: takes providers away; None where nothing may be.
            gateway: asked whether a model serves again.
            well: which models answered before.
            planned: all outages of the scenario: if one of them cannot be, none is begun.
            say: shows what is done.
        """
        self._outages = outages
        self._planned = planned
        self._gateway = gateway
        self._well = well
        self._say = say
        self._away: dict[str, Outage] = {}
        self._moments: list[tuple[float, str]] = []
        self.away: tuple[str, ...] = ()
        """What is away now, as the feature says it."""

    @property
    def active(self) -> bool:
        """Whether this scenario disturbed anything."""
        return bool(self._away)

    def take_away(self, provider: str, outage: Outage) -> None:
        """Let a provider fail in this way until the scenario ends.

        Raises:
            NotProven: the target allows no drill.
        """
        if self._outages is None:
            raise NotProven(
                "not proven without a drill: --drill=CONTEXT allows one on `live`; the target "
                "`embedded` needs no leave"
            )
        for each in (*self._planned, (provider, outage)):
            self._outages.check(*each)
        self._was(CHAIN[0])  # the shared answers are asked before anything is disturbed
        self._away[provider] = outage
        self._say(f"drill: {provider} {outage}")
        self._outages.take_away(provider, outage)
        self.away = (*self.away, f"{provider} {outage}")
        self._note(self.away[-1])

    def bring_back(self) -> None:
        """Restore the providers, and return once each of their models serves by itself again.

        A fixed wait would not do: a rate limit cools a deployment down at once.

        Raises:
            AssertionError: a model did not recover in time.
        """
        if self._outages is None or not self._away:
            return
        certificate = self._outages.restore()
        self.away = ()
        self._note(f"given back: {certificate}")
        for model in self._affected():
            eventually(
                partial(self._check_serves, model),
                what=f"{model} to serve again",
                timeout=_RECOVERY_TIMEOUT,
                interval=0.5,
                say=self._say,
            )
            self._note(f"{model} serves again")

    def timeline(self, answer: Answer | None = None) -> Timeline:
        """What happened so far, with an answer that has just ended."""
        moments = list(self._moments)
        if moments and answer:
            ended = time.monotonic()
            asked = ended - answer.seconds
            moments.append((asked, f"{answer.model} is asked"))
            if answer.first_seconds:
                group = answer.provenance.group if answer.provenance else "an unknown model"
                moments.append((asked + answer.first_seconds, f"first word of {group}"))
            moments.append((ended, "the user gets an error" if answer.error else "answered"))
        began = moments[0][0] if moments else 0.0
        return Timeline(
            moments=tuple(Moment(seconds=max(0.0, at - began), what=what) for at, what in moments)
        )

    def _note(self, what: str) -> None:
        self._moments.append((time.monotonic(), what))

    def _affected(self) -> list[str]:
        """One model of each provider that was taken away; only those that were well before."""
        chosen = {model.provider: model.name for model in reversed(MODELS.values())}
        return [
            name for provider, name in chosen.items() if provider in self._away and self._was(name)
        ]

    def _was(self, model: str) -> bool:
        try:
            self._well.check(model)
        except (AssertionError, Inconclusive):
            return False
        return True

    def _check_serves(self, model: str) -> None:
        with aloud(f"{model} to answer by itself", self._say):
            answer = ask_alone(self._gateway, model)
        assert not answer.error, f"{model}: {answer.error}"


def ask_alone(gateway: Gateway, model: str) -> Answer:
    """The model's own answer, with no retry and no fallback that could hide that it is dead."""
    return gateway.ask(Question(model=model, nonce=nonce(), options=ONE_TRY))
