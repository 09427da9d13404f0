"""Sentences about switching that nobody notices, beyond one question at a time."""

from collections.abc import Callable

from pytest_bdd import given, then, when
from pytest_bdd.parsers import parse

from acceptance.budget import TOOLS
from acceptance.checks.proof import Answer, Turn
from acceptance.checks.seamless import (
    check_each,
    check_long,
    check_own_answers,
    check_streamed,
    check_told,
    check_whole_or_error,
)
from acceptance.clients.answers import Answers, nonce
from acceptance.clients.baseline import Baseline
from acceptance.clients.hands import Conversation, Hands
from acceptance.clients.seamless import (
    CALL_A_TOOL,
    LISTENED,
    LONG,
    ask_at_once,
    ask_at_the_end,
    listened,
)
from acceptance.contract.sentences import A_TURN, Asks, States, sentence
from acceptance.contract.values import Contract
from acceptance.report.run import Attach
from acceptance.target import Target, Witness

_ASKS_AT_ONCE = 'everybody who may use "{model}" asks it at once, in two conversations'
_TOO_LONG = 'the answer comes from "{model}", or the user is told that it is too long'

_EACH = 2
"""Conversations of each account: the one that judges, and an ordinary user's."""
_WITH_A_TOOL = Asks(own=2, more=TOOLS, how="with a tool, and its result")
_AT_ONCE = Asks(shared=False, own=2 * _EACH, more=TOOLS, how="at once")
_AT_LENGTH = Asks(shared=False, own=1, more=LONG, how="after a very long conversation")


@when(
    sentence(
        parse('the words of "{model}" are listened to'),
        states=States.ASKED,
        asks=Asks(again=LISTENED - 1, more=TOOLS, how="listened to"),
    ),
    target_fixture="answer",
)
def _(answers: Answers, target: Target, model: str, attach: Attach) -> Answer:
    answer = listened(answers, model, target.witness.calls if target.witness else tuple)
    attach(f"words from {answer.first_seconds:.2f} to {answer.last_seconds:.2f} s", answer)
    return answer


@then("the first word arrives before the last one is said")
def _(answer: Answer, target: Target) -> None:
    check_streamed(answer, target.witness.calls() if target.witness else None)


@given(
    sentence(
        parse('a tool was called in it by "{model}"'),
        states=States.ASKED,
        turn=CALL_A_TOOL,
        asks=_WITH_A_TOOL,
    )
)
def _(conversation: Conversation, well: Baseline, model: str, attach: Attach) -> None:
    well.require(model)
    attach(f"asked {model}", conversation.ask(model, nonce(), before=CALL_A_TOOL))


@when(
    sentence(
        parse('the conversation comes back to "{model}"'), states=States.ASKED, turn="", asks=A_TURN
    )
)
def _(conversation: Conversation, well: Baseline, model: str, attach: Attach) -> None:
    well.require(model)
    attach(f"asked {model}", conversation.ask(model, nonce()))


@then("each of its answers comes from the model that was chosen")
def _(conversation: Conversation, contract: Contract, target: Target) -> None:
    calls = target.witness.calls() if target.witness else None
    check_each(conversation.said, contract.models, calls)


@then("each model was told all that was said before")
def _(conversation: Conversation, witness: Witness) -> None:
    check_told(conversation.said, witness.calls())


@when(sentence(parse(_ASKS_AT_ONCE), states=States.ASKED, asks=_AT_ONCE), target_fixture="turns")
def _(
    api_hands: Hands,
    ordinary_user_of: Callable[[str], Hands | None],
    model: str,
    attach: Attach,
) -> tuple[Turn, ...]:
    accounts = [each for each in (api_hands, ordinary_user_of(model)) if each]
    turns = ask_at_once(accounts, model, conversations=_EACH)
    attach(f"{len(turns)} conversations of {len(accounts)} accounts", turns)
    return turns


@then("each conversation has the answer to its own question")
def _(turns: tuple[Turn, ...], contract: Contract) -> None:
    check_own_answers(turns, contract.models[turns[0].model])


@when(
    sentence(
        parse('"{model}" is asked at the end of a very long conversation'),
        states=States.ASKED,
        asks=_AT_LENGTH,
    ),
    target_fixture="answer",
)
def _(api_answers: Answers, model: str, attach: Attach) -> Answer:
    answer = ask_at_the_end(api_answers, model)
    attach(f"answer after {answer.seconds:.1f} s", answer)
    return answer


@then(sentence(parse(_TOO_LONG), states=States.ASKED))
def _(answer: Answer, model: str, located: Contract, target: Target) -> None:
    calls = target.witness.calls() if target.witness else ()
    namespace = located.gateway.namespace
    check_long(answer, located.models[model], namespace=namespace, calls=calls)


@then("the user gets the whole answer, or an error")
def _(answer: Answer) -> None:
    check_whole_or_error(answer)
