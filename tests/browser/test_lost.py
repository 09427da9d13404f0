"""A user whose question is lost between Open WebUI and LiteLLM asks again on the page."""

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest

from acceptance.clients.answers import nonce
from acceptance.clients.browser.user import BrowserUser
from acceptance.clients.lost import Lost
from acceptance.clients.streaming import Question
from acceptance.lab.embedded.lab import EmbeddedLab
from acceptance.target import Target
from tests.browser.world import Administrator
from tests.lab.between import ADDRESS, Between, between

MODEL = "ollama-qwen"


@pytest.fixture(scope="module")
def losing(lab: EmbeddedLab, target: Target) -> Iterator[Between]:
    """A server before its LiteLLM."""
    with between(lab, target) as server:
        yield server


@pytest.fixture
def lost() -> Lost:
    return Lost()


@pytest.fixture
def user(
    sits_down: Callable[..., BrowserUser],
    lost: Lost,
    losing: Between,
    administrator: Administrator,
) -> Iterator[BrowserUser]:
    """Before a page whose Open WebUI asks LiteLLM through that server."""

    def through_it(config: dict[str, Any]) -> None:
        config["OPENAI_API_BASE_URLS"] = [ADDRESS]

    losing.to_lose = losing.lost = 0
    administrator.connections(through_it)
    with closing(sits_down(reload=False, lost=lost)) as sitting:
        assert sitting.offered().find(MODEL)
        yield sitting


def test_one_question_is_put_again(user: BrowserUser, losing: Between, lost: Lost) -> None:
    losing.to_lose = 1

    answer = user.ask(Question(model=MODEL, nonce=nonce()))

    assert (answer.error, answer.returned, losing.lost) == ("", True, 1)
    assert MODEL in lost.remark


@pytest.mark.parametrize("turn", [0, 1])
def test_a_turn_is_put_again_in_its_conversation(
    user: BrowserUser, losing: Between, lost: Lost, turn: int
) -> None:
    with user.conversation() as conversation:
        for number in range(2):
            losing.to_lose += number == turn
            said = conversation.ask(MODEL, nonce())
            assert (said.error, said.returned) == ("", True)

        assert losing.lost == 1
        assert [(each.nonce, each.error) for each in conversation.turns()] == [
            (each.nonce, "") for each in conversation.said
        ]
    assert MODEL in lost.remark
