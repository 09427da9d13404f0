"""Taking providers away for one scenario, and waiting until they really serve again."""

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import partial

from acceptance.checks.findings import Recovery
from acceptance.checks.proof import Answer, Deployment
from acceptance.checks.refusals import refusal
from acceptance.clients.answers import nonce
from acceptance.clients.baseline import Baseline
from acceptance.clients.gateway import Gateway
from acceptance.clients.streaming import Question
from acceptance.contract.questions import concerned
from acceptance.contract.values import Contract
from acceptance.errors import Inconclusive, NotProven, OverBudget
from acceptance.message import excerpt, explain
from acceptance.spans import NOTED, Kind, Span
from acceptance.target import Outage, Outages
from acceptance.timeline import Moment, Timeline
from acceptance.waiting import Progress, eventually, quiet, waiting_for

_MARGIN = 60.0
"""Seconds beside the cooldown, in which a model answers that is there again."""
_LOADED = 600.0
"""Seconds; a model is loaded into a GPU anew."""
ONE_TRY = {"disable_fallbacks": True, "num_retries": 0}
"""LiteLLM's own switches, in the body of a request (1.106.2)."""

NO_DRILL = (
    "not proven without a drill: --drill=CONTEXT allows one on `live`; the target `embedded` needs "
    "no leave"
)
NO_CLUSTER = "two addresses take nothing away: judge the manifests, or leave this sentence out"
"""What is said where nothing may be taken away: on a cluster, and without one."""
Plan = Sequence[tuple[str, Outage]]
"""The outages that a scenario will bring about."""


class Drill:
    """Outages, one scenario after the other; each ends with what it took given back.

    Unless giving back takes minutes and the next drill takes the same away: then it stays away.
    """

    def __init__(
        self,
        outages: Outages | None,
        contract: Contract,
        gateway: Callable[[], Gateway],
        well: Baseline,
        *,
        say: Progress,
        not_allowed: str = NO_DRILL,
    ) -> None:
        """Disturb nothing yet.

        Args:
            contract: which models a provider serves, and which chains they stand in.
            outages: takes providers away; None where nothing may be.
            gateway: the one to ask whether a model serves again, once something was taken away.
            well: which models answered before.
            say: shows what is done.
            not_allowed: what would allow it, where nothing may be taken away.
        """
        self._not_allowed = not_allowed
        self._outages = outages
        self._contract = contract
        self._gateway = gateway
        self._well = well
        self._say = say
        self._away: dict[str, Outage] = {}
        self._since: dict[str, float] = {}
        self.begin()

    def begin(self, planned: Plan = (), following: Sequence[Plan] = ()) -> None:
        """A scenario begins.

        Args:
            planned: all its outages: if one of them cannot be, none is begun.
            following: those of the scenarios after it, in their order.
        """
        self._planned = planned
        self._following = following
        self.active = False
        """Whether this scenario disturbed anything."""
        self._moments: list[tuple[float, str]] = []
        self.recoveries: tuple[Recovery, ...] = ()
        """What this scenario gave back, and what answers again."""

    @property
    def away(self) -> tuple[str, ...]:
        """What is away now, as the feature says it."""
        return tuple(f"{provider} {outage}" for provider, outage in self._away.items())

    def take_away(self, provider: str, outage: Outage) -> None:
        """Let a provider fail in this way until the scenario ends.

        Raises:
            NotProven: the target allows no drill.
        """
        if self._outages is None:
            raise NotProven(self._not_allowed)
        for each in (*self._planned, (provider, outage)):
            self._outages.check(*each)
        for model in concerned(provider, self._contract):
            self._was(model)  # the shared answers are asked before it is disturbed
        self._well.settle()
        self._away[provider], self.active = outage, True
        self._since[provider] = time.time()
        self._say(f"drill: {provider} {outage}")
        self._outages.take_away(provider, outage)
        self._gateway().forget()
        self._note(f"{provider} {outage}")

    def end(self) -> None:
        """The scenario ends; raises like `bring_back`."""
        self.bring_back(keep=self._needed_next())

    def bring_back(self, keep: Collection[str] = ()) -> None:
        """Restore the providers, and return once each of their models serves by itself again.

        A fixed wait would not do: a rate limit cools a deployment down at once.

        Args:
            keep: providers that stay away.

        Raises:
            AssertionError: a model did not recover in time.
        """
        kept = [provider for provider in self._away if provider in keep]
        back = [provider for provider in self._away if provider not in keep]
        if kept:
            self._note(f"{' and '.join(kept)}: away still, as the next drill has it")
        if self._outages is None or not back:
            return
        began = time.monotonic()
        certificates = self._outages.restore(keep)
        self._gateway().forget()
        for provider in back:
            name = f"{provider} {self._away.pop(provider)}"
            since = self._since.pop(provider)
            NOTED.append(Span(kind=Kind.DRILL, name=name, began=since, ended=time.time()))
        for line in certificates:
            self._note(line)
        for model in filter(self._was, self._one_of_each(back)):
            eventually(
                partial(self._check_serves, model),
                what=f"{model} to serve again",
                timeout=self._gateway().cooldown()
                + (_LOADED if self._outages.slow_to_return else _MARGIN),
                interval=0.5,
                say=self._say,
            )
            seconds = round(time.monotonic() - began, 3)
            words = "; ".join(certificates)
            recovery = Recovery(model=model, certificate=words, seconds=seconds)
            self.recoveries = (*self.recoveries, recovery)
            self._note(f"{model} serves again")

    def _one_of_each(self, providers: Collection[str]) -> list[str]:
        """One model of each of these providers."""
        return [models[0].name for each in providers if (models := self._contract.models_of(each))]

    def _needed_next(self) -> Collection[str]:
        """The providers that the next drill of this run takes away, if nothing else comes before.

        A scenario whose outages cannot be had begins no drill, and asks nothing of what is away.
        """
        if self._outages is None or not self._away or not self._outages.slow_to_return:
            return ()
        for plan in self._following:
            try:
                for each in plan:
                    self._outages.check(*each)
            except NotProven:
                continue
            return {provider for provider, _ in plan}
        return ()

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

    def _was(self, model: str) -> bool:
        """Whether the model answered by itself before."""
        try:
            self._well.check(model)
        except (AssertionError, Inconclusive):
            return False
        return True

    def _check_serves(self, model: str) -> None:
        with waiting_for(f"{model} to answer by itself", self._say):
            answer = _ask_once(self._gateway(), model)
        if answer.error:
            raise AssertionError(
                explain(
                    f"{model} does not serve again after the drill.",
                    expected=f"an answer within {self._gateway().cooldown():g} s of cooldown and "
                    f"{_MARGIN:g} s more, with nothing in the way any more",
                    found=f"{model}: {excerpt(answer.error)}",
                    where=f"asked for {model}, with fallbacks switched off",
                    fix=refusal(answer.error, answer.status).fix,
                )
            )


def ask_alone(gateway: Gateway, model: str, say: Progress = quiet) -> Answer:
    """The model's own answer, with no retry and no fallback that could hide that it is dead.

    While LiteLLM lets the model rest after a failure it tells nobody why, so that is waited for.
    """
    answer = _ask_once(gateway, model)
    if not refusal(answer.error).resting:
        return answer

    def awake() -> None:
        nonlocal answer
        answer = _ask_once(gateway, model)
        assert not refusal(answer.error).resting, excerpt(answer.error)

    with suppress(AssertionError):  # then that it rests is all that can be told
        eventually(
            awake,
            what=f"the end of {model}'s cooldown",
            timeout=gateway.cooldown() + _MARGIN,
            interval=1.0,
            say=say,
        )
    return answer


def answers_alone(
    gateway: Gateway, entries: Iterable[Deployment], say: Progress = quiet
) -> Iterator[tuple[Deployment, Answer]]:
    """What each of these entries answers by itself, asked by its identity.

    A key for some models alone may name none by its identity: then nobody can tell.
    """
    for each in entries:
        try:
            answer = ask_alone(gateway, each.identity, say)
        except OverBudget:
            raise
        except NotProven:
            continue
        yield each, answer


def _ask_once(gateway: Gateway, model: str) -> Answer:
    return gateway.ask(Question(model=model, nonce=nonce(), options=ONE_TRY))
