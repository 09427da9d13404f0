"""Whether each model of the story stands for the upstream that the story puts behind it."""

from collections.abc import Iterable, Iterator
from types import MappingProxyType

from domain.contract import Contract
from domain.kubernetes import Environment, named
from domain.message import explain
from domain.proof import Deployment, host_of


def check_own_upstreams(
    deployments: Iterable[Deployment],
    contract: Contract,
    environment: Environment = MappingProxyType({}),
) -> None:
    """Raise AssertionError where models share an upstream, have several, or have another's.

    Two names of one address are no fault: one GPU serves in several modes. Names that are not the
    contract's are the owner's business.

    Args:
        deployments: what LiteLLM tells of its entries.
        contract: what must stand behind each name.
        environment: of the gateway, where it can be seen: LiteLLM reads addresses from it that no
            entry names (`OPENAI_BASE_URL`, 1.106.2).

    Raises:
        NotProven: an address in it may not be read.
    """
    wrong = [*_wrong(tuple(deployments), contract), *_sent_elsewhere(environment, contract)]
    if wrong:
        raise AssertionError(
            explain(
                "A model does not stand for one upstream of its own.",
                expected="behind each model of the contract its own upstream, and no other",
                found="; ".join(wrong),
                where="GET /model/info: LiteLLM spreads requests over all entries of one name",
                fix="correct model_name and litellm_params.model in LiteLLM's model_list",
            )
        )


def _wrong(deployments: tuple[Deployment, ...], contract: Contract) -> Iterator[str]:
    behind = {
        name: sorted({each.upstream for each in deployments if each.group == name})
        for name in contract.models
    }
    for name, upstreams in behind.items():
        if len(upstreams) > 1:
            yield f"{name} stands for several models: {', '.join(upstreams)}"
        own = contract.models[name].upstream
        for other in contract.models.values():
            if other.upstream in ("", own) or other.name == name:
                continue
            if any(_serves(each, other.upstream) for each in upstreams):
                yield f"{name} stands for {other.upstream}, which is {other.name}'s"
                break
        else:
            if own and upstreams and not any(_serves(each, own) for each in upstreams):
                yield f"{name} stands for {', '.join(upstreams)}, not for {own}"


def _sent_elsewhere(environment: Environment, contract: Contract) -> Iterator[str]:
    namespace = contract.gateway.namespace
    for provider in contract.providers.values():
        prefix = provider.name.upper()
        for name in (f"{prefix}_BASE_URL", f"{prefix}_API_BASE"):
            variable = named(environment, name)
            url = variable.value.reveal() if variable else ""
            host = host_of(url)
            if host and not provider.serves_at(host, namespace=namespace):
                yield f"{name} in LiteLLM's environment sends {provider.name}'s models to {url}"


def _serves(upstream: str, model: str) -> bool:
    return upstream == model or upstream.endswith(f"/{model}")
