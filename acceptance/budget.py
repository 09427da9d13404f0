"""What questions to models cost: what one may take, what was spent, and where a budget ends.

Every question of a run passes here, whoever asks it. Tokens are counted, and not money: each
question has some, and not each model has a price.
"""

import re
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from acceptance.errors import OverBudget

SAID = 1024
"""Tokens of an answer, as is assumed until a model said more. Four words are asked for; a model
that thinks says more, and its thoughts are paid for. Nobody is told to keep to it: a limit would
starve such a model."""
TOOLS = 12_000
"""Tokens, at most, of the tools that Open WebUI adds to a question of its page: all of its own in
0.12.4, 42,000 letters. Those that somebody has added to it are not known."""
_LETTERS = 3
"""Of plain English words: no tokenizer makes a token of fewer, on the whole."""


def tokens_in(text: str) -> int:
    """Tokens of some plain English words, at most."""
    return -(-len(text) // _LETTERS)


@dataclass(frozen=True, kw_only=True, slots=True)
class Price:
    """What a model costs, in US dollars a token."""

    asked: float
    said: float

    def of(self, *, asked: int, said: int) -> float:
        """What so many tokens cost."""
        return self.asked * asked + self.said * said


FREE = Price(asked=0, said=0)


def dearest(told: Iterable[tuple[str, Price | None]]) -> Mapping[str, Price]:
    """The highest price of each name, of several entries; one without a known price leaves it out.

    Args:
        told: names, in any order, each with the price of an entry.
    """
    entries: dict[str, list[Price | None]] = {}
    for name, price in told:
        entries.setdefault(name, []).append(price)
    known = {name: [each for each in prices if each] for name, prices in entries.items()}
    return {
        name: Price(
            asked=max(each.asked for each in prices), said=max(each.said for each in prices)
        )
        for name, prices in known.items()
        if len(prices) == len(entries[name])
    }


def price_in(*told: Mapping[str, Any]) -> Price | None:
    """The highest price that is told: of a long question, or of thoughts, it may be another one.

    None where LiteLLM knows none. Its batches and other services are not what is asked here.
    """
    asked, said = (
        [
            each
            for part in told
            for name, each in part.items()
            if re.fullmatch(rf"{way}_cost_per_(reasoning_)?token(_above_\d+k_tokens)?", name)
            and isinstance(each, int | float)
        ]
        for way in ("input", "output")
    )
    return Price(asked=max(asked), said=max(said)) if asked and said else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Spent:
    """Questions to a model, and their tokens."""

    questions: int = 0
    asked: int = 0
    """Tokens of the questions, and of all that went along with them."""
    said: int = 0
    """Tokens of the answers."""
    bounded: int = 0
    """Questions whose tokens nobody counted: they stand here with what they may have taken."""

    @property
    def tokens(self) -> int:
        """All of them."""
        return self.asked + self.said

    def __add__(self, other: "Spent") -> "Spent":
        return Spent(
            questions=self.questions + other.questions,
            asked=self.asked + other.asked,
            said=self.said + other.said,
            bounded=self.bounded + other.bounded,
        )


class Asking:
    """A question that is under way; until somebody counts, it takes all that it may."""

    def __init__(self, asked: int, said: int) -> None:
        self.spent = Spent(questions=1, asked=asked, said=said, bounded=1)

    def counted(self, *, asked: int, said: int) -> None:
        """What whoever answered has counted; nothing where he did not."""
        if asked or said:
            self.spent = replace(self.spent, asked=asked, said=said, bounded=0)

    def refused(self) -> None:
        """Nobody answered, so nothing is to be paid."""
        self.spent = replace(self.spent, asked=0, said=0, bounded=0)


class Budget:
    """What the questions of a run have taken, and whether there is room for one more."""

    def __init__(self, limit: int = 0, *, only: Collection[str] | None = None) -> None:
        """Nothing is spent yet.

        Args:
            limit: tokens, of questions and answers together; 0: as many as it takes.
            only: the models that may be asked; None: any.
        """
        self._limit = limit
        self._only = only
        self.prices: Mapping[str, Price] = {}
        """What models cost, as far as somebody has told that by the end of the run."""
        self._spent: dict[str, Spent] = {}
        self._longest: dict[str, int] = {}
        """Tokens of the longest answer so far, by the model that was asked for."""
        self._under_way: list[Asking] = []
        self._settled = threading.Condition()

    @property
    def spent(self) -> dict[str, Spent]:
        """What was spent so far, by the model that was asked for."""
        with self._settled:
            return dict(self._spent)

    @contextmanager
    def question(self, model: str, asked: int) -> Iterator[Asking]:
        """One question, which is counted when it ends, and begins only where it fits.

        Args:
            model: the one that is asked for.
            asked: tokens of the question and of all that goes along with it, at most.

        Raises:
            OverBudget: it does not fit; nothing is asked.
        """
        if self._only is not None and model not in self._only:
            raise OverBudget(f"a quick run asks local providers only, and not {model}")
        with self._settled:
            asking = Asking(asked, self._longest.get(model, SAID))
            self._settled.wait_for(lambda: self._fits(asking) or not self._under_way)
            if not self._fits(asking):
                raise OverBudget(
                    f"the budget of {self._limit:,} tokens has no room for another question to "
                    f"{model}, which may take {asking.spent.tokens:,}"
                )
            self._under_way.append(asking)
        try:
            yield asking
        finally:
            with self._settled:
                self._under_way.remove(asking)
                known = self._spent.get(model, Spent())
                self._spent[model] = known + asking.spent
                self._longest[model] = max(asking.spent.said, self._longest.get(model, SAID))
                self._settled.notify_all()

    def _fits(self, asking: Asking) -> bool:
        if not self._limit:
            return True
        taken = (*self._spent.values(), *(each.spent for each in self._under_way), asking.spent)
        return sum(each.tokens for each in taken) <= self._limit
