"""What each sentence is: declared once, beside its step function, and never matched again.

A step module gives pytest-bdd the parser that `sentence` returns. By the same parsers a contract
is read, a browser knows which actions are a user's, and a drill what it will take away.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from pytest_bdd.parser import Step
from pytest_bdd.parsers import StepParser, get_parser

from acceptance.budget import SAID, TOOLS
from acceptance.errors import Subject
from acceptance.target import Outage

MODEL, PROVIDER, OUTAGE = "model", "provider", "outage"
"""Names of a sentence's values; a table has its models in the column `model`."""
ORDER = "order"
"""The column of a table of a chain that numbers its rows, from 1."""


class States(Enum):
    """What a sentence states about the deployment."""

    OFFERED = auto()
    """Models that must stand in the selector: its value, or its table."""
    ASKED = auto()
    """A model that must answer somebody."""
    ANSWERER = auto()
    """A model, and the provider that must give its answers."""
    CHAIN_OF = auto()
    """The model at which a chain begins; its table comes with a later sentence."""
    CHAIN = auto()
    """The models of that chain, in order, in its table."""
    DECLARED_ENDPOINT = auto()
    KEY_SOURCE = auto()


@dataclass(frozen=True, kw_only=True, slots=True)
class Asks:
    """What a sentence asks its model; that, and the answer that all scenarios share, costs."""

    shared: bool = True
    """Whether it needs that answer."""
    own: int = 0
    """Questions of its own."""
    again: int = 0
    """Further ones, where the first did not tell."""
    unseen: bool = False
    """Only where nobody at the providers' side saw who answered."""
    more: int = 0
    """Tokens that go along with each, at most."""
    how: str = ""
    """How its own are asked, as a person says it."""


EARLIER = 4 * SAID
"""Tokens of what was said before in a conversation of the story, at most."""
A_TURN = Asks(own=1, more=TOOLS + EARLIER, how="in a conversation")
"""Of a conversation that is kept."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sentence:
    """A sentence, and what it is."""

    parser: StepParser
    states: States | None
    proves: Subject | None
    by_a_user: bool
    outage: Outage | None
    takes_away: bool
    about: States | None
    turn: str | None
    asks: Asks | None

    def values(self, text: str) -> Mapping[str, Any]:
        """The values that a step's text holds."""
        return self.parser.parse_arguments(text) or {}


_KNOWN: list[Sentence] = []


def sentence(  # noqa: PLR0913  # each a mark that few sentences carry
    text: str | StepParser,
    *,
    states: States | None = None,
    proves: Subject | None = None,
    by_a_user: bool = False,
    takes_away: bool = False,
    outage: Outage | None = None,
    about: States | None = None,
    turn: str | None = None,
    asks: Asks | None = None,
) -> StepParser:
    """The parser for a step function, its marks noted.

    Args:
        text: the words, or a parser where values stand in them.
        states: what it states of the deployment.
        proves: what is proven by it, on which other scenarios rest.
        by_a_user: whether a user does this in the page, so that a browser can play it.
        takes_away: whether it takes a provider (its value `provider`) away for a while.
        outage: in which way, where no value `outage` says it.
        about: what it compares of all that the contract states in this way.
        turn: where it is a turn of a conversation, what is asked for besides the words that prove.
        asks: what it asks its model.
    """
    parser = get_parser(text)
    _KNOWN.append(
        Sentence(
            parser=parser,
            states=states,
            proves=proves,
            by_a_user=by_a_user,
            takes_away=takes_away,
            outage=outage,
            about=about,
            turn=turn,
            asks=asks,
        )
    )
    return parser


def known(text: str) -> Sentence | None:
    """The marks of a step's text; None where nobody declared any."""
    return next((each for each in _KNOWN if each.parser.is_matching(text)), None)


def outages(steps: list[Step]) -> Iterator[tuple[str, Outage]]:
    """The outages that a scenario's steps bring about: provider and way, in their order."""
    for step in steps:
        found = known(step.name)
        if found and found.takes_away:
            values = found.values(step.name)
            yield values[PROVIDER], found.outage or Outage(values[OUTAGE])


def returning(steps: list[Step]) -> Iterator[str]:
    """The providers whose return a scenario is about: its sentence takes them and gives them back.

    It is the one that names no outage of its own.
    """
    for step in steps:
        found = known(step.name)
        if found and found.takes_away and found.outage:
            yield found.values(step.name)[PROVIDER]


def turns(steps: list[Step]) -> Iterator[tuple[str, str]]:
    """The turns of a conversation with which a scenario begins: models, and what is asked for."""
    for step in steps:
        found = known(step.name)
        if found is None or found.turn is None:
            return
        yield found.values(step.name)[MODEL], found.turn


def column(table: Sequence[Sequence[str]], name: str) -> tuple[str, ...]:
    """The cells of a step's table below one of its titles.

    Raises:
        AssertionError: no column has this title.
    """
    titles, *rows = table
    assert name in titles, f"the table has no column {name!r}, but {', '.join(titles)}"
    return tuple(row[titles.index(name)] for row in rows)


def by_a_user(steps: list[Step]) -> bool:
    """Whether a user acts in these steps."""
    return any((found := known(step.name)) and found.by_a_user for step in steps)
