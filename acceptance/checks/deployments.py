"""Whether each model of the story stands for the upstream that the story puts behind it."""

from collections import Counter
from collections.abc import Iterable, Iterator
from types import MappingProxyType
from urllib.parse import urlsplit

from acceptance.checks.proof import Answer, Deployment, host_of, is_called
from acceptance.checks.refusals import refusal, refused
from acceptance.contract.values import Contract, Model
from acceptance.message import explain
from acceptance.resources import Environment, named


def check_own_upstreams(
    deployments: Iterable[Deployment],
    contract: Contract,
    environment: Environment = MappingProxyType({}),
) -> None:
    """Raise AssertionError where models share an upstream, have several, or have another's.

    Two names of one address are no fault: one GPU serves in several modes. Names that are not the
    contract's are the owner's business, and LiteLLM asks no entry that is paused (1.88 to 1.106.2).

    Args:
        deployments: what LiteLLM tells of its entries.
        contract: what must stand behind each name.
        environment: of the gateway, where it can be seen: LiteLLM reads addresses from it for
            entries that name none (`OPENAI_BASE_URL`, 1.106.2).

    Raises:
        NotProven: an address in it may not be read.
    """
    known = tuple(each for each in deployments if not each.paused)
    wrong = [
        *_wrong(known, contract),
        *_elsewhere(known, contract),
        *_sent_elsewhere(known, contract, environment),
    ]
    if wrong:
        raise AssertionError(
            explain(
                "A model does not stand for one upstream of its own.",
                expected="behind each model of the contract its own upstream, and no other",
                found="; ".join(wrong),
                where="GET /model/info: LiteLLM spreads requests over all entries of one name",
                fix="correct model_name, litellm_params.model and api_base in LiteLLM's "
                "model_list, and look for these names in router_settings.model_group_alias",
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
            if own.endswith(f"/{other.upstream}"):
                continue  # `openai/gpt-oss-120b` at one provider, `gpt-oss-120b` at another
            if any(is_called(each, other.upstream) for each in upstreams):
                yield f"{name} stands for {other.upstream}, which is {other.name}'s"
                break
        else:
            if own and upstreams and not any(is_called(each, own) for each in upstreams):
                yield f"{name} stands for {', '.join(upstreams)}, not for {own}"


def _elsewhere(deployments: tuple[Deployment, ...], contract: Contract) -> Iterator[str]:
    """Entries whose own address is another host's: of two that share a name, one may be dead."""
    for each in deployments:
        model, host = contract.models.get(each.group), host_of(each.api_base)
        if model and host and not _theirs(host, model, contract):
            hosts = " or ".join(model.provider.hosts)
            yield f"{each.group} has an entry at {each.api_base}, not at {hosts}"


def _sent_elsewhere(
    deployments: tuple[Deployment, ...], contract: Contract, environment: Environment
) -> Iterator[str]:
    """Variables that send an entry elsewhere; one that names its own address reads none."""
    told = set()
    for each in deployments:
        model = contract.models.get(each.group)
        if model is None or each.api_base:
            continue
        read = ((name, named(environment, name)) for name in _variables(each, model))
        name, url = next(
            ((name, value.value.reveal()) for name, value in read if value and value.value),
            ("", ""),
        )
        if host_of(url) and not _theirs(host_of(url), model, contract) and name not in told:
            told.add(name)
            yield f"{name} in LiteLLM's environment sends {model.provider.name}'s models to {url}"


def _theirs(host: str, model: Model, contract: Contract) -> bool:
    return model.provider.serves_at(host, namespace=contract.gateway.namespace)


def _variables(entry: Deployment, model: Model) -> tuple[str, ...]:
    """The variables from which LiteLLM 1.106.2 takes a provider's address, the first one set."""
    prefixed = "/" in entry.upstream and entry.upstream != model.upstream
    prefix = entry.upstream.partition("/")[0] if prefixed else model.provider.name
    provider = prefix.removesuffix("_chat").upper()
    return (f"{provider}_BASE_URL", f"{provider}_API_BASE")[provider != "OPENAI" :]


def twins(deployments: Iterable[Deployment], contract: Contract) -> tuple[Deployment, ...]:
    """Entries that share a name of the contract: retries hide one that is dead behind the other."""
    known = tuple(deployments)
    often = Counter(each.group for each in known)
    return tuple(each for each in known if each.group in contract.models and often[each.group] > 1)


def check_answers_alone(entry: Deployment, answer: Answer, model: Model) -> None:
    """Raise AssertionError if an entry that was asked by its identity did not answer.

    Raises:
        Inconclusive: an external provider refused.
    """
    known = refusal(answer.error, answer.status)
    if answer.text or not answer.error or known.of_litellm:  # by its identity nobody may ask it
        return
    raise refused(
        model,
        answer.error,
        f"entry {entry.identity} of {model.name}, {entry.upstream} at "
        f"{entry.api_base or model.provider.name}, asked by its identity: another entry of the "
        "name answers, so that LiteLLM's retries hide it",
        status=answer.status,
        as_agreed=as_agreed([entry], model),
    )


def as_agreed(deployments: Iterable[Deployment], model: Model) -> bool | None:
    """Whether every entry of a model asks for the agreed upstream, where its provider serves it.

    False where one asks a door that the provider does not have (http, or another port). None where
    nobody can tell: an address of the entry's own may hold a path that the provider lacks.
    """
    entries = [each for each in deployments if each.group == model.name and not each.paused]
    if any(_another_door(each.api_base, model) for each in entries if each.api_base):
        return False
    agreed = all(
        is_called(each.upstream, model.upstream)
        and (not each.api_base or each.api_base.rstrip("/") in _ADDRESSES)
        for each in entries
    )
    return True if entries and agreed else None


def _another_door(url: str, model: Model) -> bool:
    """Whether a URL leads to a provider of those below, by another scheme or port than theirs."""
    if not any(model.provider.serves_at(host_of(each), namespace="") for each in _ADDRESSES):
        return False
    try:
        parts = urlsplit(url.strip())
        return (parts.scheme.lower(), parts.port or _HTTPS) != ("https", _HTTPS)
    except ValueError:  # no port at all
        return True


_HTTPS = 443


_ADDRESSES = (
    "https://api.openai.com/v1",
    "https://api.groq.com/openai/v1",
    "https://api.mistral.ai/v1",
    "https://generativelanguage.googleapis.com/v1beta",
)
"""What LiteLLM 1.106.2 asks where an entry names no address, as an entry would have to name it."""
