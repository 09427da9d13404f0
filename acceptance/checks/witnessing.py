"""Who was asked a question, by the ledger of those who answer."""

from collections.abc import Iterable
from dataclasses import replace

from acceptance.checks.proof import Answer, Provenance
from acceptance.contract.values import Contract
from acceptance.target import Call, Witness


def asked(nonce: str, calls: Iterable[Call]) -> tuple[Call, ...]:
    """The calls that carried this very question, oldest first.

    A question ends with its nonce. The calls for a title, tags and follow-up questions, which
    Open WebUI makes by itself (0.12.4), quote it in the middle of a task.
    """
    return tuple(call for call in calls if call.question.rstrip().endswith(nonce))


def answers_to(nonce: str, calls: Iterable[Call]) -> tuple[Call, ...]:
    """The calls of this very question that were answered, oldest first: one of them was shown."""
    return tuple(call for call in asked(nonce, calls) if call.answered and not call.shadow)


def given_by(nonce: str, calls: Iterable[Call]) -> Call | None:
    """The call by which this very question was answered; None where nobody saw one."""
    return next(reversed(answers_to(nonce, calls)), None)


def witnessed(nonce: str, calls: Iterable[Call], contract: Contract) -> Provenance | None:
    """Who answered a question, where no header tells; None where nobody did."""
    last = given_by(nonce, calls)
    if last is None:
        return None
    models = [
        each for each in contract.models_of(last.provider) if each.upstream in ("", last.model)
    ]
    group, host = (models[0].name, models[0].provider.hosts[0]) if models else (last.model, "")
    return Provenance(
        group=group, deployment="", api_base=f"//{host}" if host else "", upstream=True
    )


def with_witness(answer: Answer, witness: Witness | None, contract: Contract) -> Answer:
    """The answer; where it came in one body, which has no headers, with what the witness saw."""
    if answer.streamed or answer.provenance or witness is None:
        return answer
    return replace(answer, provenance=witnessed(answer.nonce, witness.calls(), contract))
