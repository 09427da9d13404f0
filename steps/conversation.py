"""Sentences about a conversation that changes its model."""

from pytest_bdd import given, parsers, then, when

from domain.answering import check_kept
from domain.target import Target
from drivers.answers import nonce
from drivers.hands import Conversation, Hands
from drivers.turns import check_last
from drivers.well import Well
from fixtures.evidence import Attach


@given(parsers.parse('a conversation answered by "{model}"'))
@given(parsers.parse('it went on with "{model}"'))
def _(conversation: Conversation, well: Well, model: str, attach: Attach) -> None:
    well.require(model)
    attach(f"asked {model}", conversation.ask(model, nonce()))


@when(parsers.parse('the user switches to "{model}" and asks again'))
def _(conversation: Conversation, well: Well, model: str, attach: Attach) -> None:
    well.require(model)
    attach(f"asked {model}", conversation.ask(model, nonce()))


@then(parsers.parse('the last answer comes from "{model}"'))
def _(conversation: Conversation, target: Target, api_hands: Hands, well: Well, model: str) -> None:
    check_last(conversation.said, model, target.witness, api_hands.ask, well)


@then("the conversation keeps every turn with its model")
def _(conversation: Conversation) -> None:
    check_kept(conversation.turns(), conversation.said)
