"""The emulated providers as ports of the suite: taking them away, and what they were asked."""

from collections.abc import Collection, Iterable, Mapping

import httpx

from domain.target import AtRest, Call, Outage, always
from lab.providers.behaviour import Behaviour, Kind
from lab.providers.client import Providers

BEHAVIOURS: Mapping[Outage, Behaviour] = {
    Outage.REFUSED: Behaviour(kind=Kind.REFUSE),
    Outage.ERROR: Behaviour(kind=Kind.ERROR, status=500),
    Outage.OTHER_MODEL: Behaviour(kind=Kind.ERROR, status=404),
    Outage.RATE_LIMITED: Behaviour(kind=Kind.ERROR, status=429),
    Outage.HANGS: Behaviour(kind=Kind.HANG),
}


class EmulatedOutages:
    """`domain.target.Outages`, by switching emulated providers."""

    slow_to_return = False

    def __init__(self, providers: Providers, *, at_rest: AtRest = always) -> None:
        """Switch nothing yet.

        Args:
            providers: those that are switched.
            at_rest: asked before a drill; the lab's programs, where somebody watches them.
        """
        self._providers = providers
        self._at_rest = at_rest

    def check(self, provider: str, outage: Outage) -> None:  # noqa: ARG002  # each can fail anyhow
        """Return: every provider can fail in every way, as long as the lab lives.

        Raises:
            Inconclusive: one of its programs was killed, and would not come back.
        """
        self._at_rest()

    def take_away(self, provider: str, outage: Outage) -> None:
        """Let a provider of the contract fail in this way; in force on return."""
        self._providers.behave(provider.lower(), BEHAVIOURS[outage])

    def restore(self, keep: Collection[str] = ()) -> tuple[str, ...]:  # noqa: ARG002  # none is slow
        """Let all providers be well again."""
        self._providers.restore()
        return ("all providers are well",)


class ProvidersLedger:
    """`domain.target.Witness`, by the providers' own ledger."""

    def __init__(self, providers: Providers, contract: Iterable[str]) -> None:
        """Read nothing yet.

        Args:
            providers: those that are asked.
            contract: the providers' names as the contract has them; the lab's are in lower case.
        """
        self._providers = providers
        self._names = {name.lower(): name for name in contract}

    def calls(self) -> tuple[Call, ...]:
        """Every question that reached a provider."""
        return tuple(
            Call(
                provider=self._names.get(call.provider, call.provider),
                model=call.model,
                question=call.text,
                answered=call.status == httpx.codes.OK,
                tokens=call.prompt_tokens + call.completion_tokens,
            )
            for call in self._providers.ledger()
        )
