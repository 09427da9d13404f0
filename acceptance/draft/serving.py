"""What LiteLLM serves, and who answers for it: the models, providers and chains of a draft."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from acceptance.checks.chain import ALIAS
from acceptance.checks.proof import Chain
from acceptance.contract.values import Model, Provider
from acceptance.draft.found import CHAINS, SELECTOR, Found, Remarks, unsayable
from acceptance.json_values import mapping
from acceptance.lab.embedded.model_list import Entry
from acceptance.lab.providers.catalogue import PREFIXES, PUBLIC, host_and_port
from acceptance.resources import ServiceName

_TITLES = {
    "anthropic": "Anthropic",
    "azure": "Azure",
    "azure_ai": "Azure AI",
    "cerebras": "Cerebras",
    "codestral": "Codestral",
    "deepseek": "DeepSeek",
    "fireworks_ai": "Fireworks AI",
    "gemini": "Gemini",
    "github": "GitHub Models",
    "groq": "Groq",
    "hosted_vllm": "vLLM",
    "lm_studio": "LM Studio",
    "mistral": "Mistral",
    "nvidia_nim": "NVIDIA",
    "ollama": "Ollama",
    "ollama_chat": "Ollama",
    "openai": "OpenAI",
    "openrouter": "OpenRouter",
    "perplexity": "Perplexity",
    "sambanova": "SambaNova",
    "together_ai": "Together AI",
    "vllm": "vLLM",
    "xai": "xAI",
}
"""Providers as people write them, by LiteLLM's prefix."""
_CHAT = ("", "chat", "responses")
_NO_CHAT = re.compile(
    r"embed|rerank|whisper|transcri|moderation|diffusion|dall-e|imagen|nano-banana|recraft"
    r"|realtime|minilm|(gpt-image|flux[.-]|[-_/]image(?!\w))|(?<![a-z])veo-|sora-|orpheus"
    r"|(?<![a-z])(tts|stt|asr|ocr|bge|gte|e5|sdxl|audio|speech|lyria)(?![a-z])"
    r"|(llama|prompt|shield)-?guard|turbo-instruct|(babbage|davinci)-002|(?<![a-z])ada(?![a-z])",
    re.IGNORECASE,
)
"""Names of models that are no chat models, or that do not do what they are told."""
_LONGEST = 60.0
"""Seconds until LiteLLM gives a model up that does not answer; of a longer time people see an
error first, or leave."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Who is asked at an address."""

    title: str
    """As people call it, as long as no other place is called so."""
    host: str
    service: ServiceName | None = None
    doubt: str = ""

    @property
    def key(self) -> str:
        """The same for all addresses of one place."""
        return str(self.service.name + "/" + self.service.namespace) if self.service else self.host


PlaceOf = Callable[[Entry], Place | str]
"""Who is asked for an entry; or why nobody can say."""


def public_place(entry: Entry) -> Place | str:
    """Who is asked at an address outside of the cluster, or why nobody can say."""
    _, host, _ = host_and_port(entry.address)
    if not host:
        return f"nothing tells whom LiteLLM asks ({entry.prefix or 'a provider that is not known'})"
    prefix = PUBLIC.get(host) or ("" if PREFIXES[entry.prefix][1] else entry.prefix)
    return Place(title=_TITLES.get(prefix, host), host=host.lower())


def service_place(entry: Entry, service: ServiceName, program: str = "") -> Place:
    """Who is asked at a Service of the cluster; `program` is what runs behind it, if that shows."""
    title = _TITLES.get(program) or (
        "Ollama" if entry.prefix.startswith("ollama") else service.name
    )
    return Place(title=title, host=service.host, service=replace(service, port=0))


def kept_from_chat(entry: Entry) -> str:
    """Why a model is no chat model; empty where it is one."""
    mode = str(mapping(entry.given.get("model_info")).get("mode") or "")
    if mode not in _CHAT:
        return f"its mode is {mode}"
    if mode == "" and (found := _NO_CHAT.search(entry.model) or _NO_CHAT.search(entry.name)):
        return f"its name ({found.group()}) tells of no chat model"
    return ""


class Serving:
    """Reads the entries of a gateway, one by one."""

    def __init__(
        self,
        entries: Iterable[Entry],
        aliases: Mapping[str, tuple[str, ...]],
        place_of: PlaceOf,
        remarks: Remarks,
    ) -> None:
        """Read them.

        Args:
            entries: of its `model_list`, in order.
            aliases: other names, each with the model that is asked.
            place_of: who is asked for an entry.
            remarks: takes what is to be said.
        """
        self._remarks = remarks
        self._place_of = place_of
        self._groups: dict[str, list[Entry]] = {}
        for entry in entries:
            self._groups.setdefault(entry.name, []).append(entry)
        self.wildcards = tuple(name for name in self._groups if "*" in name)
        self._aliases = aliases
        self.served = tuple(
            dict.fromkeys([*(name for name in self._groups if "*" not in name), *self._aliases])
        )
        self._refused = unsayable(self.served)
        self.offered = tuple(name for name in self.served if name not in self._refused)
        self.models: Mapping[str, Model] = dict(self._models())
        self._tell()

    def _tell(self) -> None:
        for name, why in self._refused.items():
            self._remarks.doubt(
                SELECTOR, f"{name!r} is served, and no sentence can hold its name: {why}"
            )
        for name in self.wildcards:
            self._remarks.tell(
                SELECTOR,
                f"{name} stands for any model of {self._groups[name][0].model or 'its provider'}: "
                "those that people need can be listed here, and asked",
            )
        behind: dict[tuple[str, str], str] = {}
        for name, model in self.models.items():
            first = behind.setdefault((model.provider.name, model.upstream), name)
            if first != name and model.upstream:
                self._remarks.doubt(name, f"{name} and {first} are one model ({model})")

    def _models(self) -> Iterator[tuple[str, Model]]:
        asked = {name: places for name in self.offered if (places := self._asked(name))}
        providers = _providers(asked.values())
        for name, places in asked.items():
            upstream = self._groups[name][0].model
            yield name, Model(name=name, provider=providers[places[0].key], upstream=upstream)

    def _reasons(self, name: str) -> Iterator[str]:
        """Why nobody can say which one model answers for a name."""
        entries = self._groups.get(name, [])
        if name in self._aliases:
            beside = " as well as a model" if entries else ", which answers for it"
            yield f"an alias of {', '.join(self._aliases[name])}{beside}"
            return
        yield from filter(None, map(kept_from_chat, entries))
        told = [str(mapping(each.given.get("litellm_params")).get("model")) for each in entries]
        behind = list(dict.fromkeys(told))
        if len(behind) > 1:
            yield f"it stands for {' and '.join(behind)}, and LiteLLM chooses one of them"
        if "*" in behind[0]:
            yield f"it stands for any model of {behind[0]}"
        if entries[0].prefix not in PREFIXES:
            yield f"the suite cannot tell who answers for {behind[0]}"

    def _asked(self, name: str) -> tuple[Place, ...]:
        """Who answers for a model; nobody where it is not to be asked, which is told."""
        reasons = [*self._reasons(name)]
        entries = self._groups.get(name, [])
        places = [] if reasons else [self._place_of(each) for each in entries]
        reasons += [each for each in places if isinstance(each, str)]
        if reasons:
            self._remarks.tell(name, f"{name} is offered, and not asked: {reasons[0]}")
            return ()
        known = tuple({each.key: each for each in places if isinstance(each, Place)}.values())
        for each in known:
            if each.doubt:
                self._remarks.doubt(name, f"{name}: {each.doubt}")
        if len(known) > 1:
            hosts = " and ".join(each.host for each in known)
            self._remarks.doubt(name, f"{name} is spread over {hosts}")
        elif len(entries) > 1:
            self._remarks.doubt(name, f"{name} stands {len(entries)} times in model_list")
        return known

    def takes_any_name(self) -> bool:
        """Whether a name that nobody knows is passed on to some provider."""
        return any(fnmatchcase("invented", pattern) for pattern in self.wildcards)

    def stated(
        self, found: Found, chains: Iterable[Chain], *, retries: object, otherwise: object
    ) -> Found:
        """What was found, with all that sentences can state of the gateway.

        Args:
            found: what else was.
            chains: of the models that are offered.
            retries: how often LiteLLM asks again, by its settings.
            otherwise: seconds for a model whose entry names none.
        """
        found = replace(
            found,
            offered=self.offered,
            models=self.models,
            refuses_unknown=not self.takes_any_name(),
        )
        found = self._chained(found, chains)
        heads = {chain[0] for chain in found.chains}
        entries = [each for group in self._groups.values() for each in group]
        noticed = _given_up_in_time(entries, heads, retries=retries, otherwise=otherwise)
        return replace(found, hangs_are_noticed=noticed)

    def _chained(self, found: Found, chains: Iterable[Chain]) -> Found:
        """What was found, with the chains as far as sentences can state them."""
        said: dict[tuple[str, ...], Chain] = {}
        unsaid = set[str]()
        alone = True
        for chain in chains:
            head = chain.order[0]
            ghosts = [each for each in chain.unknown if each != head]
            if why := self._unsayable(chain):
                self._remarks.doubt(CHAINS, f"the chain {chain} is not stated, nor judged: {why}")
                unsaid.update(chain.order)
                continue
            for ghost in ghosts:
                self._remarks.doubt(
                    CHAINS, f"{head} falls back to {ghost}, which LiteLLM does not serve"
                )
            order = tuple(each for each in chain.order if each not in ghosts)
            if len(order) > 1:
                said[*order, *chain.cycles] = chain
            elif any(each.model == head and each.kind != ALIAS for each in chain.otherwise):
                alone = False
                for each in chain.otherwise:
                    self._remarks.doubt(
                        CHAINS, f"{each} is a fallback that no sentence states: it is not judged"
                    )
        implied = {
            each
            for each in said
            for longer, chain in said.items()
            if each[0] in chain.links and longer[-len(each) :] == each
        }
        return replace(
            found,
            chains=tuple(each for each in said if each not in implied),
            parallel_stand_alone=alone and not unsaid & set(self.models),
        )

    def _unsayable(self, chain: Chain) -> str:
        if refused := [each for each in chain.order if each in self._refused]:
            return f"no sentence can hold {', '.join(refused)}"
        passed_on = [
            each
            for each in chain.unknown
            if any(fnmatchcase(each, pattern) for pattern in self.wildcards)
        ]
        if passed_on:
            return f"{', '.join(passed_on)} is served by a wildcard only"
        if len(chain.order) > 1 and len(chain.cycles) > 1:
            return f"it leads back to {' and to '.join(chain.cycles)}"
        rest = chain.order
        astray = [
            each
            for each in chain.otherwise
            if each.kind != ALIAS
            and len(chain.order) > 1
            and not set(each.targets) <= set(rest[rest.index(each.model) :])
        ]
        if astray:
            others = "; ".join(map(str, astray))
            return f"{others}: what is replaced for another reason goes elsewhere"
        return ""


def _given_up_in_time(
    entries: Iterable[Entry], heads: Collection[str], *, retries: object, otherwise: object
) -> frozenset[str]:
    """The heads of chains that LiteLLM gives up in time where nobody answers."""
    tries = 1 + (retries if isinstance(retries, int) else 2)  # the OpenAI client's own two
    seconds = dict[str, list[float]]()
    for each in entries:
        own = mapping(each.given.get("litellm_params")).get("timeout") or otherwise
        given = float(own) if isinstance(own, int | float) else 6000.0  # 1.106.2
        seconds.setdefault(each.name, []).append(given * tries)
    return frozenset(name for name in heads if max(seconds.get(name, [6000.0])) <= _LONGEST)


def _providers(sets: Iterable[Sequence[Place]]) -> Mapping[str, Provider]:
    """A provider for each place; places that share a model are one."""
    groups: list[dict[str, Place]] = []
    for places in sets:
        mine = {each.key: each for each in places}
        touching = [group for group in groups if group.keys() & mine.keys()]
        for group in touching:
            mine = {**group, **mine}
            groups.remove(group)
        groups.append(mine)
    titles = [_title(group) for group in groups]
    plain = [
        title if titles.count(title) == 1 else " and ".join(_plain(each) for each in group.values())
        for title, group in zip(titles, groups, strict=True)
    ]
    found: dict[str, Provider] = {}
    for name, group in zip(plain, groups, strict=True):
        called = name if plain.count(name) == 1 else " and ".join(group)
        services = [each.service for each in group.values() if each.service]
        hosts = dict.fromkeys(
            [each.host for each in group.values() if each.service]
            + [each.host for each in group.values() if not each.service]
        )
        provider = Provider(
            name=called, hosts=tuple(hosts), service=services[0] if services else None
        )
        found |= dict.fromkeys(group, provider)
    return found


def _title(group: Mapping[str, Place]) -> str:
    titles = dict.fromkeys(each.title for each in group.values())
    return " and ".join(titles)


def _plain(place: Place) -> str:
    return place.service.name if place.service else place.host
