"""Sentences about a conversation that changes its model."""

from pytest_bdd import given, then, when
from pytest_bdd.parsers import parse

from acceptance.checks.answering import check_kept
from acceptance.clients.answers import Answers, nonce
from acceptance.clients.baseline import Baseline
from acceptance.clients.hands import Conversation
from acceptance.clients.turns import check_last
from acceptance.contract.sentences import A_TURN, EARLIER, Asks, States, sentence
from acceptance.contract.values import Contract
from acceptance.report.run import Attach
from acceptance.target import Target

_WHERE_UNSEEN = Asks(shared=False, own=1, unseen=True, more=EARLIER, how="to see who answered")


@given(
    sentence(
        parse('a conversation answered by "{model}"'), states=States.ASKED, turn="", asks=A_TURN
    )
)
@given(sentence(parse('it went on with "{model}"'), states=States.ASKED, turn="", asks=A_TURN))
def _(conversation: Conversation, well: Baseline, model: str, attach: Attach) -> None:
    well.require(model)
    attach(f"asked {model}", conversation.ask(model, nonce()))


@when(
    sentence(
        parse('the user switches to "{model}" and asks again'),
        states=States.ASKED,
        by_a_user=True,
        turn="",
        asks=A_TURN,
    )
)
def _(conversation: Conversation, well: Baseline, model: str, attach: Attach) -> None:
    well.require(model)
    attach(f"asked {model}", conversation.ask(model, nonce()))


@then(
    sentence(parse('the last answer comes from "{model}"'), states=States.ASKED, asks=_WHERE_UNSEEN)
)
def _(  # all that can tell who answered
    conversation: Conversation,
    contract: Contract,
    target: Target,
    api_answers: Answers,
    well: Baseline,
    model: str,
) -> None:
    check_last(conversation.said, contract.models[model], target.witness, api_answers.ask, well)


@then("the conversation keeps every turn with its model")
def _(conversation: Conversation) -> None:
    check_kept(conversation.turns(), conversation.said)
