"""Questions to models: each asked once a run, several providers at a time, one a provider."""

import uuid
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

from domain.contract import Contract
from domain.message import excerpt
from domain.proof import Answer
from domain.refusals import refusal
from domain.waiting import Say, aloud
from drivers.hands import Hands
from drivers.streaming import Question


def nonce() -> str:
    """A code that no earlier answer can hold."""
    return f"K{uuid.uuid4().hex[:10].upper()}"


INVENTED = f"invented-{nonce()}"
"""A model that nobody serves."""


class Answers:
    """Answers to a user's questions, shared by all scenarios that disturb nothing."""

    def __init__(
        self,
        hands: Hands,
        contract: Contract,
        *,
        wanted: Callable[[], Iterable[str]],
        say: Say,
    ) -> None:
        """Ask nothing yet.

        Args:
            hands: the account that judges.
            contract: knows which models have one provider, who is asked one thing at a time.
            wanted: the models that the selected scenarios will ask for.
            say: shows progress.
        """
        self._hands = hands
        self._contract = contract
        self._wanted = wanted
        self._say = say
        self._answers: dict[str, Future[Answer]] = {}

    def of(self, model: str) -> Answer:
        """The model's answer; the first call asks all wanted models, each provider in its turn.

        Raises:
            UnexpectedAnswerError: Open WebUI did not answer.
            Exception: what asking raised else.
        """
        if not self._answers:
            self._ask_all([*self._wanted()])
        if model not in self._answers:
            self._ask_all([model])
        return self._answers[model].result()

    def _ask_all(self, models: list[str]) -> None:
        lanes: dict[str, list[str]] = {}
        for model in models:
            lanes.setdefault(self._provider(model), []).append(model)
            self._answers[model] = Future()
        with ThreadPoolExecutor(max_workers=max(1, len(lanes))) as pool:
            list(pool.map(self._ask_in_turn, lanes.values()))

    def _ask_in_turn(self, models: list[str]) -> None:
        for model in models:
            try:
                self._answers[model].set_result(self._fairly(model))
            except Exception as error:  # noqa: BLE001  # raised where the answer is asked for
                self._answers[model].set_exception(error)

    def _fairly(self, model: str) -> Answer:
        """One answer; a second question where the first failed in a way that passes by itself.

        A rate limit is not asked again. Both questions are counted in the evidence.
        """
        answer = self.fresh(model)
        passing = "5xx" in refusal(answer.error) if answer.error else not answer.returned
        if not passing:
            return answer
        told = answer.error or f"its code did not come back in {excerpt(answer.text, 80)!r}"
        self._say(f"{model} is asked a second time: {told}")
        return replace(self.fresh(model), attempts=2)

    def fresh(self, model: str) -> Answer:
        """An answer to a new question, asked once.

        Raises:
            UnexpectedAnswerError: Open WebUI did not answer.
        """
        with aloud(f"the answer of {model}", self._say):
            return self._hands.ask(Question(model=model, nonce=nonce()))

    def _provider(self, model: str) -> str:
        """Whose lane a model is asked in; one that is not the contract's stands alone."""
        known = self._contract.models.get(model)
        return known.provider.name if known else model
