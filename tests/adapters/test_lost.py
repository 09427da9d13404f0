"""A real Open WebUI puts questions on connections that LiteLLM closes just then."""

import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from http import HTTPStatus

import pytest

from acceptance.clients.conversation import Conversation
from acceptance.clients.lost import Lost
from acceptance.clients.open_webui import OpenWebUI
from acceptance.lab.embedded.lab import EmbeddedLab
from acceptance.lab.embedded.pod.lab_network import PodNetwork
from acceptance.lab.embedded.programs import OPEN_WEBUI as OPEN_WEBUI_PROGRAM
from acceptance.lab.embedded.target import embedded_target
from acceptance.target import Target
from tests.adapters.world import GATEWAY, OPEN_WEBUI
from tests.servers import listening

PORT = 3990
QUESTION = b"POST /v1/chat/completions"


class Between(socketserver.ThreadingTCPServer):
    """Hands everything on to LiteLLM, but for questions whose connection it closes."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, gateway: tuple[str, int]) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.gateway = gateway
        self.to_lose = 0
        self.lost = 0


class _Connection(socketserver.BaseRequestHandler):
    server: Between

    def handle(self) -> None:
        with socket.create_connection(self.server.gateway) as gateway:
            threading.Thread(target=_hand_on, args=(gateway, self.request), daemon=True).start()
            while data := self.request.recv(65536):
                if data.startswith(QUESTION) and self.server.lost < self.server.to_lose:
                    self.server.lost += 1
                    return
                gateway.sendall(data)


def _hand_on(gateway: socket.socket, client: socket.socket) -> None:
    with suppress(OSError):
        while data := gateway.recv(65536):
            client.sendall(data)
        client.shutdown(socket.SHUT_WR)


@pytest.fixture(scope="module")
def target(lab: EmbeddedLab) -> Target:
    """The story's own lab."""
    return embedded_target(lab, open_webui=OPEN_WEBUI, gateway=GATEWAY)


@pytest.fixture(scope="module")
def between(lab: EmbeddedLab, target: Target) -> Iterator[Between]:
    """A server before its LiteLLM, on a port of Open WebUI's pod."""
    assert target.gateway
    host, _, port = target.gateway.removeprefix("http://").partition(":")
    server = Between((host, int(port)))
    pod = next(pod for pod in lab.pods.values() if pod.plan.program is OPEN_WEBUI_PROGRAM)
    seen = {"LAB_NETWORK": "", "LAB_POD": pod.plan.key, "LAB_PORTS": str(pod.ports_file)}
    with listening(server):
        PodNetwork(seen).listens(PORT, server.server_address[1])
        yield server


@pytest.fixture
def open_webui(target: Target, between: Between) -> Iterator[OpenWebUI]:
    """Its administrator; Open WebUI asks LiteLLM through what is between, while the test lasts."""
    account = target.administrator
    between.to_lose = between.lost = 0
    with closing(OpenWebUI(target.open_webui, account, name="judge")) as client:
        client.sign_in()
        before = client.api.mapping("/openai/config")
        changed = {**before, "OPENAI_API_BASE_URLS": [f"http://localhost:{PORT}/v1"]}
        assert client.api.post("/openai/config/update", changed).status == HTTPStatus.OK
        assert client.offered().find("ollama-qwen")
        yield client
        assert client.api.post("/openai/config/update", before).status == HTTPStatus.OK


@pytest.mark.parametrize("turn", [0, 1])
def test_a_turn_that_was_lost_is_put_again_in_its_place(
    open_webui: OpenWebUI, between: Between, turn: int
) -> None:
    lost = Lost()
    with Conversation(open_webui, lost=lost) as conversation:
        for number, nonce in enumerate(("acorn anchor", "basil badge", "candle canoe")):
            between.to_lose += number == turn
            said = conversation.ask("ollama-qwen", nonce)
            assert (said.error, said.returned) == ("", True)

        assert between.lost == 1
        assert [(each.nonce, each.error) for each in conversation.turns()] == [
            ("acorn anchor", ""),
            ("basil badge", ""),
            ("candle canoe", ""),
        ]
    assert "1 of the questions (ollama-qwen)" in lost.remark


def test_where_each_is_lost_that_is_what_is_said(open_webui: OpenWebUI, between: Between) -> None:
    lost = Lost()
    between.to_lose = 2
    with Conversation(open_webui, lost=lost) as conversation:
        said = conversation.ask("ollama-qwen", "acorn anchor")

    assert said.error == "Open WebUI: Server Connection Error"
    assert (between.lost, lost.remark) == (2, "")
