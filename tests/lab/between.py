"""A server between a lab's Open WebUI and its LiteLLM that loses questions."""

import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from acceptance.lab.embedded.lab import EmbeddedLab
from acceptance.lab.embedded.pod.lab_network import PodNetwork
from acceptance.lab.embedded.programs import OPEN_WEBUI
from acceptance.target import Target
from tests.servers import listening

_PORT = 3990
ADDRESS = f"http://localhost:{_PORT}/v1"
"""As Open WebUI reaches it: a port of its own pod, as a sidecar has one."""
_QUESTION = b"POST /v1/chat/completions"
_TASK = b"### Task:"
"""In what Open WebUI (0.12.4) asks by itself: for a title, for tags."""


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
                asked = data.startswith(_QUESTION) and _TASK not in data
                if asked and self.server.lost < self.server.to_lose:
                    self.server.lost += 1
                    return
                gateway.sendall(data)


def _hand_on(gateway: socket.socket, client: socket.socket) -> None:
    with suppress(OSError):
        while data := gateway.recv(65536):
            client.sendall(data)
        client.shutdown(socket.SHUT_WR)


@contextmanager
def between(lab: EmbeddedLab, target: Target) -> Iterator[Between]:
    """Before the lab's LiteLLM, at `ADDRESS`; until the end of the `with`."""
    assert target.gateway
    host, _, port = target.gateway.removeprefix("http://").partition(":")
    server = Between((host, int(port)))
    pod = next(pod for pod in lab.pods.values() if pod.plan.program is OPEN_WEBUI)
    seen = {"LAB_NETWORK": "", "LAB_POD": pod.plan.key, "LAB_PORTS": str(pod.ports_file)}
    with listening(server):
        PodNetwork(seen).listens(_PORT, server.server_address[1])
        yield server
