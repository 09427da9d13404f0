"""The emulated providers as ports of the suite: taking them away, and what they were asked."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from types import MappingProxyType

import httpx

from acceptance.contract.values import Provider
from acceptance.lab.providers.behaviour import Behaviour, Kind
from acceptance.lab.providers.client import Providers
from acceptance.target import Call, Outage, StabilityCheck, always

BEHAVIOURS: Mapping[Outage, Behaviour] = {
    Outage.REFUSED: Behaviour(kind=Kind.REFUSE),
    Outage.ERROR: Behaviour(kind=Kind.ERROR, status=500),
    Outage.OTHER_MODEL: Behaviour(kind=Kind.ERROR, status=404),
    Outage.RATE_LIMITED: Behaviour(kind=Kind.ERROR, status=429),
    Outage.HANGS: Behaviour(kind=Kind.HANG),
    Outage.BREAKS_OFF: Behaviour(kind=Kind.CUT),
}


class EmulatedOutages:
    """`acceptance.target.Outages`, by switching emulated providers."""

    slow_to_return = False

    def __init__(
        self,
        providers: Providers,
        contract: Mapping[str, Provider],
        *,
        at_rest: StabilityCheck = always,
        behind: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Switch nothing yet.

        Args:
            providers: those that are switched.
            contract: the contract's providers, by their names there.
            behind: the lab's name for what emulated pods of a Service are, by the Service's host.
            at_rest: asked before a drill; the lab's programs, where somebody watches them.
        """
        self._providers = providers
        self._names = {name: _names_in(providers, each, behind) for name, each in contract.items()}
        self._at_rest = at_rest

    def check(self, provider: str, outage: Outage) -> None:  # noqa: ARG002  # each can fail anyhow
        """Return: every provider can fail in every way, as long as the lab lives.

        Raises:
            Inconclusive: one of its programs was killed, and would not come back.
        """
        self._at_rest()

    def take_away(self, provider: str, outage: Outage) -> None:
        """Let a provider of the contract fail in this way; in force on return."""
        for name in self._names.get(provider, (provider.lower(),)):
            self._providers.behave(name, BEHAVIOURS[outage])

    def restore(self, keep: Collection[str] = ()) -> tuple[str, ...]:  # noqa: ARG002  # none is slow
        """Let all providers be well again."""
        self._providers.restore()
        return ("all providers are well",)


class ProvidersLedger:
    """`acceptance.target.Witness`, by the providers' own ledger."""

    def __init__(
        self,
        providers: Providers,
        contract: Mapping[str, Provider],
        *,
        behind: Mapping[str, str] = MappingProxyType({}),
        shadows: Mapping[str, Collection[str]] = MappingProxyType({}),
    ) -> None:
        """Read nothing yet.

        Args:
            providers: those that are asked.
            contract: the contract's providers, by their names there.
            behind: the lab's name for what emulated pods of a Service are, by the Service's host.
            shadows: upstreams that are asked beside another one, by that other one.
        """
        self._providers = providers
        self._shadows = shadows
        self._names = {
            each: name
            for name, provider in contract.items()
            for each in _names_in(providers, provider, behind)
        }

    def calls(self) -> tuple[Call, ...]:
        """Every question that reached a provider."""
        ledger = self._providers.ledger()
        together = defaultdict[str, set[str]](set)
        for call in ledger:
            together[call.text].add(call.model)
        return tuple(
            Call(
                provider=self._names.get(call.provider, call.provider),
                model=call.model,
                question=call.text,
                at=call.at,
                answered=call.status == httpx.codes.OK,
                tokens=call.prompt_tokens + call.completion_tokens,
                messages=call.messages,
                until=call.at + call.lasts if call.lasts else 0.0,
                shadow=any(
                    call.model in self._shadows.get(other, ()) for other in together[call.text]
                ),
            )
            for call in ledger
        )


def _names_in(
    providers: Providers, provider: Provider, behind: Mapping[str, str]
) -> tuple[str, ...]:
    """The lab's names for a provider of the contract: those at its hosts, else its own."""
    places = {**behind, **{end.host: each for each, end in providers.endpoints.items()}}
    hosts = {*provider.hosts}
    known = [name for host, name in places.items() if hosts & _spellings(host)]
    known += [name for name, end in providers.endpoints.items() if end.host in hosts]
    return tuple(dict.fromkeys(known)) or (provider.name.lower(),)


def _spellings(host: str) -> set[str]:
    """The names by which a host is found; a Service's short ones among them."""
    service, is_one, _ = host.partition(".svc.")
    name = service.rpartition(".")[0]
    return {host, service, f"{service}.svc", name} if is_one else {host}
