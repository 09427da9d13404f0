"""Conversations that are held before their scenarios come to them, beside the shared answers.

Each as its scenario would hold it: the same turns in the same order, asked once, and an error is as
good a result as an answer. So a run takes as long as its slowest provider, and not as all together.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager, ExitStack
from typing import Self

from acceptance.checks.answering import limit_of_the_key
from acceptance.checks.proof import Turn
from acceptance.clients.answers import Answers, nonce
from acceptance.clients.hands import Conversation
from acceptance.errors import AcceptanceError
from acceptance.target import StabilityCheck, always

Outcome = Turn | Exception


class Ahead:
    """A conversation whose first turns may be held already; a context, as any conversation is."""

    def __init__(
        self,
        begin: Callable[[], AbstractContextManager[Conversation]],
        planned: Sequence[tuple[str, str]],
        *,
        at_rest: StabilityCheck = always,
    ) -> None:
        """Nothing is asked yet.

        Args:
            begin: begins a conversation.
            planned: the turns of its scenario: the model, and what is asked for besides.
            at_rest: asked when a turn went wrong, as it is when a scenario does.
        """
        self._begin = begin
        self._planned = planned
        self._at_rest = at_rest
        self._closing = ExitStack()
        self._chat: Conversation | None = None
        self.held: Future[list[Outcome]] | None = None
        """Done when its turns are; None where none was begun."""
        self._left: deque[Outcome] | None = None
        """What its scenario has still to hear; None before its first question."""
        self._over = False
        self.said: list[Turn] = []
        """What its scenario was told so far."""

    def hold(self, answers: Answers) -> Future[list[Outcome]]:
        """Begin to hold it in a thread of its own; what is returned is done when that ends."""
        held = self.held = Future[list[Outcome]]()

        def work() -> None:
            try:
                held.set_result(self._turns_held(answers))
            except BaseException as error:  # noqa: BLE001  # raised where its scenario asks
                held.set_exception(error)

        threading.Thread(target=work, name="a conversation held ahead", daemon=True).start()
        return held

    def _turns_held(self, answers: Answers) -> list[Outcome]:
        """What came of its turns, up to the first that went wrong.

        Only what may be asked now is: a model whose shared answer is not its own is left to the
        scenario, which says why. A key that is refused for asking too much has said nothing of the
        conversation, which is left to the scenario as a whole.
        """
        outcomes: list[Outcome] = []
        for model, before in self._planned:
            if self._over or not answers.allow_more(model):
                break
            with answers.lane(model):
                outcome = self._outcome(model, before)
            told = str(outcome) if isinstance(outcome, Exception) else outcome.error
            if limit_of_the_key(told):
                self._closing.close()
                self._chat = None
                return []
            outcomes.append(outcome)
            if isinstance(outcome, Exception):
                break
        return outcomes

    def _outcome(self, model: str, before: str) -> Outcome:
        """A turn; or what it raised, or what happened to the target while it went wrong."""
        wrong: Outcome
        try:
            wrong = turn = self._conversation().ask(model, nonce(), before=before)
            if not turn.error:
                return turn
        except Exception as error:  # noqa: BLE001  # raised where its scenario asks
            wrong = error
        try:
            self._at_rest()
        except AcceptanceError as reason:
            return reason
        return wrong

    def _conversation(self) -> Conversation:
        if self._chat is None:
            self._chat = self._closing.enter_context(self._begin())
        return self._chat

    def ask(self, model: str, nonce: str, *, before: str = "") -> Turn:
        """The turn that was held already, or one that is held now."""
        if self._left is None:
            self._left = deque(self.held.result() if self.held else ())
        outcome: Outcome
        if self._left:
            assert self._planned[len(self.said)] == (model, before), "its scenario as it is written"
            outcome = self._left.popleft()
        else:
            outcome = self._conversation().ask(model, nonce, before=before)
        if isinstance(outcome, Exception):
            raise outcome
        self.said.append(outcome)
        return outcome

    def turns(self) -> tuple[Turn, ...]:
        """Every turn, as it is kept now."""
        return self._conversation().turns()

    def close(self) -> None:
        """End it: at once, or as soon as the turn that is being held is over."""
        self._over = True
        if self.held and not self.held.done():
            self.held.add_done_callback(lambda _held: self._closing.close())
        else:
            self._closing.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()
