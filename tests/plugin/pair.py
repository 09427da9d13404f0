"""Open WebUI and LiteLLM at one address, as far as that shows them: every question is noted."""

import json
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.servers import listening
from tests.story import MODELS, STORY

ASKED, SAID = 300, 100
"""Tokens of a question and of its answer, as this pair counts them."""
DEAR = 0.01
"""Dollars a token of a question."""


@dataclass(kw_only=True)
class Pair:
    """What it is asked."""

    address: str = ""
    priced: Collection[str] = ()
    requests: list[str] = field(default_factory=list)
    questions: Counter[str] = field(default_factory=Counter)
    """By model."""

    @property
    def options(self) -> tuple[str, ...]:
        """Of a run that judges it."""
        urls = (f"--open-webui-url={self.address}", f"--gateway-url={self.address}")
        return ("--target=url", *urls, "--account-email=me@example")

    def told(self, path: str) -> object:
        """The JSON at a path of either program."""
        listed = {"data": [{"id": name, "name": name, "urlIdx": 0} for name in STORY.offered]}
        config = {
            "ENABLE_OPENAI_API": True,
            "OPENAI_API_BASE_URLS": [f"{self.address}/v1"],
            "OPENAI_API_KEYS": ["sk-pair-0123456789"],
            "OPENAI_API_CONFIGS": {},
        }
        known: dict[str, object] = {
            "/api/v1/auths/signin": {"token": "a-session", "role": "admin"},
            "/openai/config": config,
            "/api/models": listed,
            "/v1/models": listed,
            "/openai/models/0": listed,
            "/model/info": {"data": [self._entry(name) for name in MODELS]},
            "/router/settings": {"fields": []},
            "/health/liveliness": "I'm alive!",
            "/health/readiness": {"litellm_version": "1.106.2"},
            "/api/version": {"version": "0.12.4"},
        }
        return known.get(path.partition("?")[0], {"data": []})

    def _entry(self, name: str) -> dict[str, Any]:
        model = MODELS[name]
        price = {"input_cost_per_token": DEAR, "output_cost_per_token": 0.0}
        return {
            "model_name": name,
            "litellm_params": {
                "model": f"openai/{model.upstream}",
                "api_base": f"https://{model.provider.hosts[0]}/v1",
            },
            "model_info": {"id": name, **(price if name in self.priced else {})},
        }


class _Handler(BaseHTTPRequestHandler):
    pair: Pair

    def do_GET(self) -> None:
        self.pair.requests.append(f"GET {self.path}")
        self._send(json.dumps(self.pair.told(self.path)), "application/json")

    def do_POST(self) -> None:
        self.pair.requests.append(f"POST {self.path}")
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if not self.path.endswith("/chat/completions"):
            self._send(json.dumps(self.pair.told(self.path)), "application/json")
            return
        model = MODELS[body["model"]]
        self.pair.questions[model.name] += 1
        text = body["messages"][-1]["content"].rpartition(": ")[2]
        events = [
            {"choices": [{"delta": {"content": text}}]},
            {"choices": [{"delta": {}, "finish_reason": "stop"}]},
            {"choices": [], "usage": {"prompt_tokens": ASKED, "completion_tokens": SAID}},
        ]
        stream = "".join(f"data: {json.dumps(each)}\n\n" for each in events)
        self._send(
            f"{stream}data: [DONE]\n\n",
            "text/event-stream",
            ("x-litellm-model-group", model.name),
            ("x-litellm-model-id", model.name),
            ("x-litellm-model-api-base", f"https://{model.provider.hosts[0]}/v1"),
            ("llm_provider-server", "a provider"),
        )

    def _send(self, text: str, kind: str, *more: tuple[str, str]) -> None:
        data = text.encode()
        self.send_response(200)
        for name, value in (("Content-Type", kind), ("Content-Length", str(len(data))), *more):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def pair(*priced: str) -> Iterator[Pair]:
    """One whose gateway knows the prices of these models."""
    known = Pair(priced=priced)
    handler = type("Handler", (_Handler,), {"pair": known})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    known.address = f"http://127.0.0.1:{server.server_port}"
    with listening(server):
        yield known
