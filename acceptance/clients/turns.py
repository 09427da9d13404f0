"""Who gave the last answer of a conversation: a stored turn carries no headers."""

from collections.abc import Callable, Mapping, Sequence

from acceptance.checks.answering import check_returned, check_turn
from acceptance.checks.proof import Answer, Turn
from acceptance.clients.answers import nonce
from acceptance.clients.baseline import Baseline
from acceptance.clients.streaming import Question
from acceptance.contract.values import Model
from acceptance.target import Witness


def check_last(
    said: Sequence[Turn],
    model: Model,
    witness: Witness | None,
    ask: Callable[[Question], Answer],
    well: Baseline,
) -> None:
    """Return if the last turn was answered by this model; raises like its checks.

    Where nobody at the providers' side saw who answered it, the same conversation is asked to go
    on, beside what is stored, and that answer says by its headers whose it is. So it is where the
    page's question was too long for the model, and the rule that gives it away is told elsewhere.
    """
    if witness and not well.too_long(said[-1].nonce, model.name):
        check_turn(said[-1], model, witness.calls())
        return
    check_returned(said[-1], model)
    well.check_given(ask(_going_on(said, model.name)), model.name, model.provider.name)


def _going_on(said: Sequence[Turn], model: str) -> Question:
    """One more question, with all that was said before it."""
    history: list[Mapping[str, str]] = []
    for turn in said:
        asked = Question(model=turn.model, nonce=turn.nonce).text
        history.append({"role": "user", "content": asked})
        history.append({"role": "assistant", "content": turn.text})
    return Question(model=model, nonce=nonce(), history=tuple(history))
