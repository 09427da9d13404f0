"""What was found of a deployment, as far as a contract can say it, and what is doubtful in it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from acceptance.contract.sentences import MODEL, known
from acceptance.contract.values import NOWHERE, Model, Provider
from acceptance.resources import ServiceName
from acceptance.shapes import without_shapes
from acceptance.shown import line

ENDPOINT, KEY, SELECTOR, ANSWERS, CHAINS = "endpoint", "key", "selector", "answers", "chains"
"""What a remark is about, beside a model's name: it is written where that is stated."""
DOUBT, MEANT = "? ", ". Found so; is it meant so?"
"""How a remark begins, and ends, that a person must decide on."""
_SIGN_IN = re.compile(r"(?<=://)[^/@\s]*@")
_SAID_OF_A_MODEL = (
    '"{name}" is offered',
    '"{name}" is offered by way of the gateway',
    'a user asks "{name}" a question',
    '"{name}" answers by itself',
    '"{name}" is asked with fallbacks switched off',
    'the answer comes from "{name}" at somebody',
    'a conversation answered by "{name}"',
    'it went on with "{name}"',
    'the user switches to "{name}" and asks again',
    'the last answer comes from "{name}"',
    'the chain of "{name}" is read from the gateway',
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """A deployment, in the words of a contract."""

    title: str
    origin: str
    """Where it was found, and how: `declared in DIR`, or `in force at ADDRESS`."""
    open_webui: ServiceName = NOWHERE
    gateway: ServiceName = NOWHERE
    endpoint: str = ""
    """Empty where nothing tells it."""
    key: bool = True
    """Whether Open WebUI is given any key."""
    key_secret: str = ""
    """The Secret of the key; empty where it comes from elsewhere."""
    cluster: bool = True
    """Whether it was found in a cluster, or in what is meant for one: else two addresses are all
    that will be judged, and nothing is taken away there."""
    asked_directly: bool = True
    """Whether LiteLLM itself can be asked, and not by way of Open WebUI alone."""
    offered: tuple[str, ...] = ()
    models: Mapping[str, Model] = field(default_factory=dict)
    """Those that are asked, by name; the others that are offered are not."""
    chains: tuple[tuple[str, ...], ...] = ()
    """Each one's models; a last one that stands before is where it leads back."""
    hangs_are_noticed: frozenset[str] = frozenset()
    """Heads of chains that are given up in time where their provider does not answer."""
    parallel_stand_alone: bool = True
    """Whether no model outside of the chains is ever replaced."""
    refuses_unknown: bool = True
    """Whether the gateway knows its models: a wildcard takes any name."""
    remarks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """What is to be said where something is stated, by what that is about."""

    @property
    def providers(self) -> tuple[Provider, ...]:
        """Those of the models that are asked, in their order."""
        return tuple({each.provider.name: each.provider for each in self.models.values()}.values())

    @property
    def parallel(self) -> tuple[str, ...]:
        """Models that are asked and stand in no chain."""
        chained = {name for chain in self.chains for name in chain}
        return tuple(name for name in self.models if name not in chained)


class Remarks:
    """Collects what is to be said, each under what it is about."""

    def __init__(self) -> None:
        self._said: dict[str, dict[str, None]] = {}

    def doubt(self, about: str, text: str) -> None:
        """Say what a person must decide."""
        self.tell(about, f"{DOUBT}{text}{MEANT}")

    def tell(self, about: str, text: str) -> None:
        """Say what somebody may want to know."""
        shown = line(without_shapes(_SIGN_IN.sub("", text)))
        self._said.setdefault(about, {})[shown] = None

    def said(self) -> Mapping[str, tuple[str, ...]]:
        """All of it, by what it is about; doubts come first."""
        return {
            about: tuple(sorted(texts, key=lambda text: not text.startswith(DOUBT)))
            for about, texts in self._said.items()
        }


def unsayable(names: Iterable[str]) -> Mapping[str, str]:
    """Names that no sentence can hold, and why."""
    spelled: dict[str, str] = {}
    return {name: why for name in names if (why := _why_not(name, spelled))}


def _why_not(name: str, spelled: dict[str, str]) -> str:
    if name != line(name) or not name.isprintable():
        return "it has spaces at its ends, or signs that nobody sees"
    if "<" in name or ">" in name:
        return "in a sentence, what stands between < and > is a column"
    for sentence in _SAID_OF_A_MODEL:
        mark = known(text := sentence.format(name=name))
        if mark is None or mark.values(text).get(MODEL) != name:
            return "its quotes end the sentence"
    plain = "".join(sign for sign in name.lower() if sign not in " -_")
    other = spelled.setdefault(plain, name)
    return f"it differs from {other} in case, spaces or dashes only" if other != name else ""


def substitute(chain: tuple[str, ...], models: Mapping[str, Model], away: Iterable[str]) -> str:
    """Who answers for a chain's first model while these providers are away; empty: nobody."""
    gone = set(away)
    return next((each for each in chain if models[each].provider.name not in gone), "")
