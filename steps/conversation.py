"""Sentences about a conversation that changes its model."""

from pytest_bdd import given, parsers, then, when

from domain.answering import check_kept, check_turn
from domain.story import MODELS
from domain.target import Witness
from drivers.answers import nonce
from drivers.hands import Conversation
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
def _(conversation: Conversation, witness: Witness, model: str) -> None:
    check_turn(conversation.said[-1], MODELS[model], witness.calls())


@then("the conversation keeps every turn with its model")
def _(conversation: Conversation) -> None:
    check_kept(conversation.turns(), conversation.said)
