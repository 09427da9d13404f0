"""A real Open WebUI puts questions on connections that LiteLLM closes just then."""

from collections.abc import Iterator
from contextlib import closing
from http import HTTPStatus

import pytest

from acceptance.clients.conversation import Conversation
from acceptance.clients.lost import Lost
from acceptance.clients.open_webui import OpenWebUI
from acceptance.lab.embedded.lab import EmbeddedLab
from acceptance.lab.embedded.target import embedded_target
from acceptance.target import Target
from tests.adapters.world import GATEWAY, OPEN_WEBUI
from tests.lab.between import ADDRESS, Between, between


@pytest.fixture(scope="module")
def target(lab: EmbeddedLab) -> Target:
    """The story's own lab."""
    return embedded_target(lab, open_webui=OPEN_WEBUI, gateway=GATEWAY)


@pytest.fixture(scope="module")
def losing(lab: EmbeddedLab, target: Target) -> Iterator[Between]:
    """A server before its LiteLLM."""
    with between(lab, target) as server:
        yield server


@pytest.fixture
def open_webui(target: Target, losing: Between) -> Iterator[OpenWebUI]:
    """Its administrator; Open WebUI asks LiteLLM through what is between, while the test lasts."""
    account = target.administrator
    losing.to_lose = losing.lost = 0
    with closing(OpenWebUI(target.open_webui, account, name="judge")) as client:
        client.sign_in()
        before = client.api.mapping("/openai/config")
        changed = {**before, "OPENAI_API_BASE_URLS": [ADDRESS]}
        assert client.api.post("/openai/config/update", changed).status == HTTPStatus.OK
        assert client.offered().find("ollama-qwen")
        yield client
        assert client.api.post("/openai/config/update", before).status == HTTPStatus.OK


@pytest.mark.parametrize("turn", [0, 1])
def test_a_turn_that_was_lost_is_put_again_in_its_place(
    open_webui: OpenWebUI, losing: Between, turn: int
) -> None:
    lost = Lost()
    with Conversation(open_webui, lost=lost) as conversation:
        for number, nonce in enumerate(("acorn anchor", "basil badge", "candle canoe")):
            losing.to_lose += number == turn
            said = conversation.ask("ollama-qwen", nonce)
            assert (said.error, said.returned) == ("", True)

        assert losing.lost == 1
        assert [(each.nonce, each.error) for each in conversation.turns()] == [
            ("acorn anchor", ""),
            ("basil badge", ""),
            ("candle canoe", ""),
        ]
    assert "1 of the questions (ollama-qwen)" in lost.remark


def test_where_each_is_lost_that_is_what_is_said(open_webui: OpenWebUI, losing: Between) -> None:
    lost = Lost()
    losing.to_lose = 2
    with Conversation(open_webui, lost=lost) as conversation:
        said = conversation.ask("ollama-qwen", "acorn anchor")

    assert said.error == "Open WebUI: Server Connection Error"
    assert (losing.lost, lost.remark) == (2, "")
