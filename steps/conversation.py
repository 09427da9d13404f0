"""Sentences about a conversation that changes its model."""

from pytest_bdd import given, parsers, then, when

from domain.answering import check_kept, check_returned, check_turn
from domain.story import MODELS
from domain.target import Target
from drivers.answers import going_on, nonce
from drivers.hands import Conversation, Hands
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
    chosen, turn = MODELS[model], conversation.said[-1]
    if target.witness:
        check_turn(turn, chosen, target.witness.calls())
        return
    # a stored turn has no headers: where nobody saw who answered it, the same conversation is
    # asked to go on, beside what is stored, and that answer says whose it is
    check_returned(turn, chosen)
    well.check_given(api_hands.ask(going_on(conversation.said, model)), model, chosen.provider)


@then("the conversation keeps every turn with its model")
def _(conversation: Conversation) -> None:
    check_kept(conversation.turns(), conversation.said)
