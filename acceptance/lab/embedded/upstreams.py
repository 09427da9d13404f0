"""The upstreams that LiteLLM's configuration names, each as the offer of an emulated provider.

Not emulated is what signs its requests or speaks a protocol of its own, such as Bedrock and Vertex
AI: nobody answers there, and `not_emulated` says so.
"""

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import urlsplit

import yaml

from acceptance.budget import Price, dearest, price_in
from acceptance.errors import NotProven
from acceptance.json_values import mapping, sequence
from acceptance.lab.embedded.compose_names import HOST
from acceptance.lab.embedded.documents import MOST_VALUES, Loader, values_in
from acceptance.lab.embedded.made_up import MARK
from acceptance.lab.embedded.manifests import Manifests, namespace_of
from acceptance.lab.embedded.model_list import (
    Entry,
    addressed,
    credentials_in,
    entries_in,
    with_own,
)
from acceptance.lab.embedded.network import THIS_POD, behind, full_name, named_by, selects
from acceptance.lab.embedded.plan import PodPlan, plan_pods, replicas_behind
from acceptance.lab.embedded.programs import LITELLM, Emulated
from acceptance.lab.providers.catalogue import (
    OFFERS,
    PREFIXES,
    PUBLIC,
    Offer,
    host_and_port,
)
from acceptance.resources import Manifest, ServiceName, expand, service_in, text_of
from acceptance.secret import fingerprint

_TOOLS_SINCE = (0, 6)
"""vLLM before this leaves tools aside, unless a request says which one to call."""
_REFERS = re.compile(r"[$`]|\{\{")
"""In a word that a shell, or whoever renders, would put another one in the place of."""
_VERSION = re.compile(r":v?(\d{1,9})\.(\d{1,9})")
_A_FEW = {
    "anthropic": ("claude-sonnet-4-5", "claude-haiku-4-5"),
    "cohere_chat": ("command-r",),
    "deepseek": ("deepseek-chat", "deepseek-reasoner"),
    "ollama": ("llama3.2:3b",),
    "ollama_chat": ("llama3.2:3b",),
    "openrouter": ("openai/gpt-4o-mini", "anthropic/claude-sonnet-4-5"),
    "perplexity": ("sonar",),
    "xai": ("grok-4",),
}
"""What a provider has behind a wildcard that has nothing by itself, by LiteLLM's prefix."""
_BY_ADDRESS = {address: prefix for prefix, (_, address) in PREFIXES.items() if address}
_OWN_BASE = ("openai", "compatible", "groq", "mistral", "vllm")
"""Dialects whose `api_base` ends where the API's own paths begin."""


def offers_of(manifests: Manifests, plans: Iterable[PodPlan]) -> tuple[Offer, ...]:
    """What must be emulated so that each model of LiteLLM's configuration can be asked.

    A public provider has its own models and those that are named, but for misspelt ones; a vLLM of
    the manifests has what it is started with, where its arguments tell; others have what is named.
    """
    plans = tuple(plans)
    offers = {each.name: _started(each, plans) for each in (*OFFERS, *_more(plans))}
    told = {name for name in offers if _told(name, plans)}
    for entry in _entries(manifests, plans):
        models: tuple[str, ...] = (entry.model,) if entry.model else ()
        if "*" in entry.model:
            few = _A_FEW.get(entry.prefix, ())
            models = tuple(each for each in few if fnmatchcase(each, entry.model))
        service = service_of(entry, manifests)
        emulated = emulated_behind(entry, service, plans) if service else None
        if emulated:
            name = emulated.provider
            if name in told:
                continue
        else:
            offer = _elsewhere(entry, service, manifests, plans)
            if offer is None:
                continue
            known = (each.name for each in offers.values() if _place(each) == _place(offer))
            name = next(known, offer.name)
            offers.setdefault(name, offer)
        offers[name] = offers[name].with_models(models)
    return tuple(offers.values())


def configured(manifests: Manifests) -> frozenset[str]:
    """The names of the models in LiteLLM's configuration."""
    return frozenset(each.name for each in _entries(manifests, plan_pods(manifests)))


def shadows_in(manifests: Manifests) -> Mapping[str, frozenset[str]]:
    """The upstreams that are asked beside another one, whose answers nobody sees (`silent_model`).

    By the upstream of the entry that names them, LiteLLM 1.106.2.
    """
    entries = tuple(_entries(manifests, plan_pods(manifests)))
    found: dict[str, frozenset[str]] = {}
    for entry in entries:
        silent = mapping(entry.given.get("litellm_params")).get("silent_model")
        names = {silent} if isinstance(silent, str) else {*map(str, sequence(silent))}
        mirrored = {each.model for each in entries if each.name in names} - {entry.model}
        if mirrored:
            found[entry.model] = found.get(entry.model, frozenset()) | mirrored
    return found


def prices_in(manifests: Manifests, table: Mapping[str, Any]) -> Mapping[str, Price]:
    """What each model of LiteLLM's configuration costs, by LiteLLM's own table."""
    told = []
    for entry in _entries(manifests, plan_pods(manifests)):
        names = (f"{entry.prefix}/{entry.model}", entry.model)
        found = next((mapping(table[name]) for name in names if name in table), {})
        told.append((entry.name, price_in(found)))
    return dearest(told)


def not_emulated(manifests: Manifests, plans: Iterable[PodPlan]) -> tuple[str, ...]:
    """The models for which no emulated provider answers, whichever of their entries is asked."""
    known: dict[str, bool] = {}
    for entry in _entries(manifests, tuple(plans)):
        known[entry.name] = known.get(entry.name, False) or entry.prefix in PREFIXES
    return tuple(name for name, emulated in known.items() if not emulated)


def _elsewhere(
    entry: Entry, service: Manifest | None, manifests: Manifests, plans: tuple[PodPlan, ...]
) -> Offer | None:
    """The offer of a server that no pod of the manifests is; None where nobody would answer."""
    scheme, host, port = host_and_port(entry.address)
    if entry.prefix not in PREFIXES or not host or _closed(scheme, host, port):
        return None
    dialect = PREFIXES[entry.prefix][0]
    named = service_in(entry.address, namespace=entry.namespace)
    if service:
        if not _runs_elsewhere(entry, service, manifests, plans):
            return None
        if host != HOST:
            host = full_name(service)
    elif named and is_in_a_cluster(host, named, manifests):
        if is_a_slip(named, manifests):
            return None
        host = named.host
    if dialect == "openai" and not host.endswith("api.openai.com"):
        dialect = "compatible"
    return Offer(
        name=_BY_ADDRESS.get(entry.address, f"{host}:{port}"),
        dialect=dialect,
        models=(),
        host=host,
        host_port=port,
        scheme=scheme,
        base=urlsplit(entry.address).path.rstrip("/") if dialect in _OWN_BASE else None,
    )


def _closed(scheme: str, host: str, port: int) -> bool:
    """Whether nobody answers at an address, whatever runs: a public provider has one door."""
    return host in THIS_POD or (host in PUBLIC and (scheme, port) != ("https", 443))


def _place(offer: Offer) -> tuple[str, int, str]:
    return offer.host, offer.host_port, offer.scheme


# What stands behind a name


def service_of(entry: Entry, manifests: Manifests) -> Manifest | None:
    """The Service of the manifests that an entry's address names."""
    address = entry.address
    return named_by(address, manifests, seen_from=entry.namespace) if address else None


def _behind(entry: Entry, service: Manifest, plans: tuple[PodPlan, ...]) -> list[PodPlan]:
    """The pods behind a Service; of Compose's host, those that publish the port."""
    if service["metadata"]["name"] == HOST:
        return list(behind(service, host_and_port(entry.address)[2], plans))
    return [plan for plan in plans if selects(service, plan)]


def emulated_behind(entry: Entry, service: Manifest, plans: tuple[PodPlan, ...]) -> Emulated | None:
    """The emulated program of the pods behind a Service."""
    programs = (plan.program for plan in _behind(entry, service, plans))
    return next((each for each in programs if isinstance(each, Emulated)), None)


def _runs_elsewhere(
    entry: Entry, service: Manifest, manifests: Manifests, plans: tuple[PodPlan, ...]
) -> bool:
    """Whether what is behind a Service is nothing that the lab runs, and still runs."""
    if _behind(entry, service, plans):
        return False  # a real program, which answers for itself
    if not service["spec"].get("selector"):
        return True
    return bool(replicas_behind(service, manifests))


def is_in_a_cluster(host: str, named: ServiceName, manifests: Manifests) -> bool:
    """Whether a name without a Service is one of a cluster: `openrouter.ai` is none."""
    labels = host.split(".")
    if host in PUBLIC:  # `openrouter.ai` is none of a namespace that is called ai
        return False
    return len(labels) != 2 or named.namespace in _filled(manifests)  # noqa: PLR2004  # name.namespace


def is_a_slip(named: ServiceName, manifests: Manifests) -> bool:
    """Whether a Service of the manifests was meant: of another namespace, or spelt otherwise."""
    services = [
        (namespace_of(each), each["metadata"]["name"]) for each in manifests.of_kind("Service")
    ]
    near = [name for namespace, name in services if namespace == named.namespace]
    return named.name in [name for _, name in services] or bool(
        get_close_matches(named.name, near, cutoff=0.8)
    )


def _filled(manifests: Manifests) -> set[str]:
    return {namespace_of(each) for each in manifests if each["kind"] != "Namespace"}


# What a vLLM of the manifests is started with


def _started(offer: Offer, plans: tuple[PodPlan, ...]) -> Offer:
    """The offer as the pods of this program are started, where their arguments tell."""
    for plan in plans:
        if _is_vllm(plan, offer.name):
            words = _words(plan.container)
            longest = _after("--max-model-len", words)
            offer = replace(
                offer,
                models=_models_served(words) or offer.models,
                tools=offer.tools and _takes_tools(str(plan.container["image"]), words),
                context=_number(longest[:1]) or offer.context,
                keys=_keys(plan, words) or offer.keys,
            )
    return offer


def _keys(plan: PodPlan, words: list[str]) -> tuple[str, ...]:
    """What it wants to be asked with, as fingerprints; none where a key is made up, or unknown."""
    given = _after("--api-key", words) or [text_of(plan.environment, "VLLM_API_KEY")]
    try:
        keys = [expand(each, plan.environment) for each in given]
    except (NotProven, ValueError):
        return ()
    known = all(each and MARK not in each and not _REFERS.search(each) for each in keys)
    return tuple(map(fingerprint, keys)) if known else ()


def _number(words: list[str]) -> int:
    """The number that the first word is; 0 where it is none that a program would take."""
    return int(words[0]) if words and re.fullmatch("[0-9]{1,9}", words[0]) else 0


def _told(name: str, plans: tuple[PodPlan, ...]) -> bool:
    """Whether the arguments of some pod of a program tell the models that it has."""
    return any(_is_vllm(plan, name) and _models_served(_words(plan.container)) for plan in plans)


def _is_vllm(plan: PodPlan, name: str) -> bool:
    """Whether this pod is the vLLM that the lab knows by this name."""
    program = plan.program
    return isinstance(program, Emulated) and (program.provider, program.dialect) == (name, "vllm")


def _more(plans: tuple[PodPlan, ...]) -> Iterator[Offer]:
    """An offer for each workload of a program that another workload runs, too."""
    known = {each.name: each for each in OFFERS}
    programs = (plan.program for plan in plans if isinstance(plan.program, Emulated))
    for program in dict.fromkeys(programs):
        if program.provider not in known:
            base = known[program.dialect]
            yield replace(base, name=program.provider, models=(), port=0)


def _words(container: Manifest) -> list[str]:
    """The command line, a shell's one included."""
    words: list[str] = []
    for each in (*(container.get("command") or ()), *(container.get("args") or ())):
        try:
            words += shlex.split(str(each)) if " " in str(each) else [str(each)]
        except ValueError:  # a quote that is not closed: whatever it is, it is no list of models
            words.append(str(each))
    return [
        part for word in words for part in (word.split("=", 1) if word.startswith("--") else [word])
    ]


def _models_served(words: list[str]) -> tuple[str, ...]:
    """`--served-model-name`, else the model; empty where the arguments do not tell."""
    served = _after("--served-model-name", words) or _after("--model", words)[:1]
    return tuple(served or _after("serve", words)[:1])


def _after(option: str, words: list[str]) -> list[str]:
    """The values that follow an option."""
    if option not in words:
        return []
    rest = words[words.index(option) + 1 :]
    end = next((number for number, word in enumerate(rest) if word.startswith("-")), len(rest))
    return rest[:end]


def _takes_tools(image: str, words: list[str]) -> bool:
    """Whether tools of a request are taken: read, or (before 0.6) left aside."""
    version = _VERSION.search(image)
    if version and (int(version[1]), int(version[2])) < _TOOLS_SINCE:
        return True
    return "--enable-auto-tool-choice" in words


# LiteLLM's configuration


def _entries(manifests: Manifests, plans: tuple[PodPlan, ...]) -> Iterator[Entry]:
    """Every entry of every `model_list`, in whatever ConfigMap or Secret it stands."""
    gateways = [plan for plan in plans if plan.program is LITELLM]
    found = [
        (namespace_of(item), configuration)
        for item in manifests.of_kind("ConfigMap", "Secret")
        for configuration in _configurations(item, manifests)
    ]
    credentials: dict[str, Mapping[str, Any]] = {}
    for _, configuration in found:
        credentials |= credentials_in(configuration)
    for namespace, configuration in found:
        near = [plan for plan in gateways if plan.namespace == namespace] or gateways
        environment = near[0].environment if near else {}
        place = near[0].namespace if near else namespace
        whole = with_own(environment, configuration)
        for entry in entries_in(configuration, credentials, environment, place):
            yield addressed(entry, whole)


def _configurations(item: Manifest, manifests: Manifests) -> Iterator[Mapping[str, Any]]:
    """The files of LiteLLM's configuration in a ConfigMap or Secret."""
    texts = manifests.data(item["kind"], namespace_of(item), item["metadata"]["name"]) or {}
    for text in texts.values():
        if "model_list" in text or "credential_list" in text:
            try:
                configuration = next(yaml.load_all(text, Loader), None)
                if values_in(configuration) <= MOST_VALUES:
                    yield mapping(configuration)
            except (yaml.YAMLError, ValueError, RecursionError):  # LiteLLM says so when it starts
                continue
