"""Hands: who plays the user's part. No sentence knows whether that is an API or a page."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from acceptance.checks.proof import Answer, Listing, Turn
from acceptance.clients.streaming import Question


class Conversation(Protocol):
    """Questions and answers that belong together; deleted at the end."""

    @property
    def said(self) -> Sequence[Turn]:
        """What was answered, in order, as it was received."""

    def ask(self, model: str, nonce: str, *, before: str = "") -> Turn:
        """Ask within this conversation; returns when the answer is complete.

        Args:
            model: who is asked.
            nonce: the words that tell this question from any other.
            before: what is asked for besides.
        """

    def turns(self) -> tuple[Turn, ...]:
        """Every turn, as it is kept now."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Hands:
    """What one account does, by one way in."""

    offered: Callable[[], Listing]
    """Opens the model selector, afresh."""
    ask: Callable[[Question], Answer]
    """Asks one question outside of any conversation."""
    conversation: Callable[[], AbstractContextManager[Conversation]]
    """Begins a conversation."""
