"""Whether each model of the story stands for the upstream that the story puts behind it."""

from collections.abc import Iterable, Iterator
from types import MappingProxyType

from domain.kubernetes import Environment, named
from domain.message import explain
from domain.proof import Deployment, host_of
from domain.story import MODELS


def check_own_upstreams(
    deployments: Iterable[Deployment], environment: Environment = MappingProxyType({})
) -> None:
    """Raise AssertionError where models share an upstream, have several, or have another's.

    Two names of one address are no fault: one GPU serves in several modes. Names that are not the
    story's are the owner's business.

    Args:
        deployments: what LiteLLM tells of its entries.
        environment: of the gateway, where it can be seen: LiteLLM reads addresses from it that no
            entry names (`OPENAI_BASE_URL`, 1.106.2).

    Raises:
        NotProven: an address in it may not be read.
    """
    wrong = [*_wrong(tuple(deployments)), *_sent_elsewhere(environment)]
    if wrong:
        raise AssertionError(
            explain(
                "A model does not stand for one upstream of its own.",
                expected="behind each model of the story its own upstream, and no other",
                found="; ".join(wrong),
                where="GET /model/info: LiteLLM spreads requests over all entries of one name",
                fix="correct model_name and litellm_params.model in LiteLLM's model_list",
            )
        )


def _wrong(deployments: tuple[Deployment, ...]) -> Iterator[str]:
    behind = {
        name: sorted({each.upstream for each in deployments if each.group == name})
        for name in MODELS
    }
    for name, upstreams in behind.items():
        if len(upstreams) > 1:
            yield f"{name} stands for several models: {', '.join(upstreams)}"
        for other in MODELS.values():
            if other.name != name and any(_serves(each, other.upstream) for each in upstreams):
                yield f"{name} stands for {other.upstream}, which is {other.name}'s"


def _sent_elsewhere(environment: Environment) -> Iterator[str]:
    hosts = {model.provider.upper(): model.host for model in MODELS.values()}
    for provider, host in hosts.items():
        for name in (f"{provider}_BASE_URL", f"{provider}_API_BASE"):
            variable = named(environment, name)
            url = variable.value.reveal() if variable else ""
            if host_of(url) not in ("", host):
                yield f"{name} in LiteLLM's environment sends {provider.title()}'s models to {url}"


def _serves(upstream: str, model: str) -> bool:
    return upstream == model or upstream.endswith(f"/{model}")
