"""Whether each model of the story stands for the upstream that the story puts behind it."""

from collections.abc import Callable, Iterable, Iterator
from types import MappingProxyType

from domain.kubernetes import Environment, named, same_host
from domain.message import explain
from domain.proof import Deployment, host_of
from domain.story import MODELS, Model

Same = Callable[[str, str], bool]
"""Whether a host that the gateway asks is the one that it should ask."""


def check_own_upstreams(
    deployments: Iterable[Deployment],
    environment: Environment = MappingProxyType({}),
    same: Same = same_host,
) -> None:
    """Raise AssertionError where models share an upstream, have several, or have another's.

    Two names of one address are no fault: one GPU serves in several modes. Names that are not the
    story's are the owner's business.

    Args:
        deployments: what LiteLLM tells of its entries.
        environment: of the gateway, where it can be seen: LiteLLM reads addresses from it for
            entries that name none (`OPENAI_BASE_URL`, 1.106.2).
        same: how hosts are compared.

    Raises:
        NotProven: an address in it may not be read.
    """
    known = tuple(deployments)
    wrong = [*_wrong(known), *_elsewhere(known, same), *_sent_elsewhere(known, environment, same)]
    if wrong:
        raise AssertionError(
            explain(
                "A model does not stand for one upstream of its own.",
                expected="behind each model of the story its own upstream, and no other",
                found="; ".join(wrong),
                where="GET /model/info: LiteLLM spreads requests over all entries of one name",
                fix="correct model_name, litellm_params.model and api_base in LiteLLM's model_list",
            )
        )


def as_agreed(deployments: Iterable[Deployment], name: str) -> bool:
    """Whether every entry of a model asks for the story's upstream, at its host, by its own path.

    An address of the entry's own may hold a path that the provider does not have.
    """
    entries = [each for each in deployments if each.group == name]
    return bool(entries) and all(
        _serves(each.upstream, MODELS[name].upstream)
        and (not each.api_base or each.api_base.rstrip("/") in _ADDRESSES)
        for each in entries
    )


_ADDRESSES = (
    "https://api.openai.com/v1",
    "https://api.groq.com/openai/v1",
    "https://api.mistral.ai/v1",
    "https://generativelanguage.googleapis.com",
)
"""What LiteLLM 1.106.2 asks where an entry names no address."""


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


def _elsewhere(deployments: tuple[Deployment, ...], same: Same) -> Iterator[str]:
    """Entries whose own address is another host's: of two that share a name, one may be dead."""
    for each in deployments:
        model = MODELS.get(each.group)
        host = host_of(each.api_base)
        if model and host and not same(host, model.host):
            yield f"{each.group} has an entry at {each.api_base}, not at {model.host}"


def _sent_elsewhere(
    deployments: tuple[Deployment, ...], environment: Environment, same: Same
) -> Iterator[str]:
    """Variables that send an entry elsewhere; one that names its own address reads none."""
    told = set()
    for each in deployments:
        model = MODELS.get(each.group)
        if model is None or each.api_base:
            continue
        read = ((name, named(environment, name)) for name in _variables(each, model))
        name, url = next(
            ((name, value.value.reveal()) for name, value in read if value and value.value),
            ("", ""),
        )
        if host_of(url) and not same(host_of(url), model.host) and name not in told:
            told.add(name)
            yield f"{name} in LiteLLM's environment sends {model.provider}'s models to {url}"


def _variables(entry: Deployment, model: Model) -> tuple[str, ...]:
    """The variables from which LiteLLM 1.106.2 takes a provider's address, the first one set."""
    bare = entry.upstream == model.upstream
    prefix = model.provider if bare else entry.upstream.partition("/")[0]
    provider = prefix.removesuffix("_chat").upper()
    return (f"{provider}_BASE_URL", f"{provider}_API_BASE")[provider != "OPENAI" :]


def _serves(upstream: str, model: str) -> bool:
    return upstream == model or upstream.endswith(f"/{model}")
