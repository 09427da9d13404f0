"""Both drivers before a server that answers as it is told to."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from acceptance.clients.gateway import Gateway
from acceptance.clients.open_webui import OpenWebUI
from acceptance.clients.streaming import Question
from acceptance.secret import Secret
from acceptance.target import Account
from tests.clients.hostile import Answer, serving

KEY = "sk-hostile-0123456789"
ACCOUNT = Account(email="judge@example", password=Secret(KEY))
ASKED = Question(model="vllm-qwen", nonce="K1")
SHORT = 0.3
"""Seconds after which an answer that never ends is given up."""
AMPLE = 20.0
"""Seconds that a whole answer does not need on the busiest machine."""


@contextmanager
def clients(answer: Answer, *, timeout: float = AMPLE) -> Iterator[tuple[Gateway, OpenWebUI]]:
    """LiteLLM and Open WebUI, both of which answer so."""
    with ExitStack() as closing:
        address = closing.enter_context(serving(answer))
        gateway = Gateway(address, Secret(KEY), timeout=timeout)
        open_webui = OpenWebUI(address, ACCOUNT, name="judge", timeout=timeout)
        open_webui.role = "admin"
        closing.callback(gateway.close)
        closing.callback(open_webui.close)
        yield gateway, open_webui
