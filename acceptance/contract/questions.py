"""Which questions the scenarios of a run put to models: planned, before anybody is asked."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from pytest_bdd.parser import Step

from acceptance.budget import FREE, SAID, TOOLS, Price
from acceptance.contract.sentences import MODEL, Asks, known, outages
from acceptance.contract.values import Contract
from acceptance.target import Outage

NOBODY = "(an invented model)"
_BY_ITSELF = "by itself, once for all scenarios"
_ON_THE_PAGE = "likewise, on the page"
_OF_THE_PAGE = "by the page itself, for title and tags"
_IN_A_DRILL, _GIVEN_BACK = "in a drill", "given back after a drill"
_BACKGROUND = 3
"""Questions of Open WebUI's own about one that is put on its page (0.12.4)."""
_TRIES = 4
"""Of the shared answer, at most: an ordinary user's, the account's that judges, a second one where
the first failed in a way that passes, and one without tools."""
_WORDS = 80
"""Tokens of a question, at most, with what is asked for besides."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Planned:
    """Questions to one model, asked in one way."""

    model: str
    how: str
    questions: int = 1
    """Where all is well."""
    at_most: int = 1
    each: int = _WORDS
    """Tokens of one, at most, and of all that goes along with it."""

    @property
    def asked(self) -> int:
        """Tokens of all the questions, at most; a model that does not exist takes none."""
        return 0 if self.model == NOBODY else self.at_most * self.each

    @property
    def said(self) -> int:
        """Tokens of all the answers, at most."""
        return 0 if self.model == NOBODY else self.at_most * SAID

    @property
    def tokens(self) -> int:
        """Of the questions and the answers together, at most."""
        return self.asked + self.said

    def price(self, contract: Contract, prices: Mapping[str, Price]) -> float | None:
        """US dollars, at most: where a chain begins, any of its models may answer.

        None where a price is not known. What runs in the cluster is not paid for by tokens.
        """
        if self.model == NOBODY:
            return 0.0
        chain = next((each for each in contract.chains if each[0] == self.model), (self.model,))
        costs = []
        for name in chain:
            price = prices.get(name) or (FREE if local(name, contract) else None)
            if price is None:
                return None
            costs.append(price.of(asked=self.asked, said=self.said))
        return max(costs)


def local(model: str, contract: Contract) -> bool:
    """Whether a model is served in the cluster."""
    found = contract.models.get(model)
    return bool(found and found.provider.service)


def concerned(provider: str, contract: Contract) -> list[str]:
    """A model of a provider's, and those that begin a chain in which its models stand."""
    own = [model.name for model in contract.models_of(provider)]
    heads = [chain[0] for chain in contract.chains if {*own} & {*chain}]
    return [*dict.fromkeys([*heads, *own[:1]])]


def plan(
    scenarios: Iterable[tuple[list[Step], bool]],
    contract: Contract,
    *,
    witness: bool,
    takes: Callable[[str, Outage], bool],
) -> tuple[Planned, ...]:
    """All questions to models, by model and way, in the contract's order.

    Args:
        scenarios: the steps of each that is selected, and whether a browser plays it.
        contract: knows who answers, and the chains.
        witness: whether somebody at the providers' side sees who answers.
        takes: whether the target lets a provider go away in this way.
    """
    shared: dict[Planned, None] = {}
    own: dict[tuple[str, str, int], Planned] = {}
    for steps, in_browser in scenarios:
        shared |= dict.fromkeys(_shared(steps, contract, on_page=in_browser and witness))
        if not all(takes(*each) for each in outages(steps)):
            continue  # then nothing more is asked, since it cannot be proven
        for each in _own(steps, contract, in_browser=in_browser, witness=witness):
            key = (each.model, each.how, each.each)
            earlier = own.get(key, replace(each, questions=0, at_most=0))
            own[key] = replace(
                each,
                questions=earlier.questions + each.questions,
                at_most=earlier.at_most + each.at_most,
            )
    order = [*contract.models, NOBODY]
    listed = [each for each in (*shared, *own.values()) if each.at_most]
    return tuple(sorted(listed, key=lambda each: [*order, each.model].index(each.model)))


def _shared(steps: list[Step], contract: Contract, *, on_page: bool) -> Iterator[Planned]:
    """The answers that all scenarios share, as far as these steps rest on them.

    On the page nothing is asked where nobody could tell who answers.
    """
    each = _WORDS + TOOLS
    for asks, model in _asking(steps):
        if asks.shared and on_page:
            yield Planned(model=model, how=_ON_THE_PAGE, at_most=_TRIES, each=each)
            yield from _background(model, asked=1, at_most=_TRIES)
        if asks.shared:  # the page's is held against the one by the API
            yield Planned(model=model, how=_BY_ITSELF, at_most=_TRIES, each=each)
    for provider, _ in outages(steps):
        for model in concerned(provider, contract):
            yield Planned(model=model, how=_BY_ITSELF, at_most=_TRIES, each=each)


def _own(
    steps: list[Step], contract: Contract, *, in_browser: bool, witness: bool
) -> Iterator[Planned]:
    """The questions that these steps ask for themselves alone."""
    away = [provider for provider, _ in outages(steps)]
    for asks, model in _asking(steps):
        if not (asks.unseen and witness):
            yield Planned(
                model=model,
                how=asks.how,
                questions=asks.own,
                at_most=asks.own + asks.again,
                each=_WORDS + asks.more,
            )
            if in_browser and model != NOBODY:
                yield from _background(model, asked=asks.own, at_most=asks.own + asks.again)
    for model in _by_a_user(steps) if away else ():
        yield Planned(model=model, how=_IN_A_DRILL, each=_WORDS + TOOLS)
    for provider in away:
        for known_model in contract.models_of(provider)[:1]:
            yield Planned(model=known_model.name, how=_GIVEN_BACK)


def _background(model: str, *, asked: int, at_most: int) -> Iterator[Planned]:
    yield Planned(
        model=model,
        how=_OF_THE_PAGE,
        questions=_BACKGROUND * asked,
        at_most=_BACKGROUND * at_most,
        each=_WORDS + 2 * SAID,  # its own words, and what was said
    )


def _asking(steps: list[Step]) -> Iterator[tuple[Asks, str]]:
    """What the steps ask, and which model."""
    for step in steps:
        said = known(step.name)
        if said and said.asks:
            yield said.asks, said.values(step.name).get(MODEL, NOBODY)


def _by_a_user(steps: list[Step]) -> Iterator[str]:
    """The models that a user asks in these steps."""
    for step in steps:
        said = known(step.name)
        if said and said.asks and said.by_a_user and not said.asks.own:
            yield said.values(step.name)[MODEL]


def is_quick(steps: list[Step], contract: Contract) -> bool:
    """Whether a scenario takes nothing away, and asks no more than local models' shared answers."""
    return not any(outages(steps)) and all(
        asks.shared and not asks.own and not asks.again and local(model, contract)
        for asks, model in _asking(steps)
    )
