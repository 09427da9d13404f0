"""How a test asks each provider, whole and streamed, and reads what comes back."""

import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from acceptance.lab.providers.client import Providers
from acceptance.lab.providers.handover import CERTIFICATE

GOOD_KEY = "lab-test-0123456789"
TIMEOUT = 5.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Way:
    """One way to ask one provider."""

    provider: str
    model: str
    path: str
    """With `{model}` and `{verb}` where Gemini has them."""

    def body(self, text: str, *, stream: bool, **extra: object) -> dict[str, Any]:
        """The request's body."""
        messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": text}]
        if self.provider == "gemini":
            return {"contents": [{"role": "user", "parts": [{"text": text}]}], **extra}
        if self.path == "/api/generate":
            return {"model": self.model, "prompt": text, "stream": stream, **extra}
        return {"model": self.model, "messages": messages, "stream": stream, **extra}

    def url(self, *, stream: bool) -> str:
        """Path and query."""
        if self.provider != "gemini":
            return self.path
        verb = "streamGenerateContent?alt=sse" if stream else "generateContent"
        return self.path.format(model=self.model, verb=verb)

    def text(self, item: dict[str, Any]) -> str:
        """The text in a whole answer or in one item of a stream."""
        if self.provider == "gemini":
            parts = item["candidates"][0]["content"].get("parts", [])
            return "".join(part["text"] for part in parts if not part.get("thought"))
        if self.provider == "ollama":
            return str(item.get("response", item.get("message", {}).get("content")))
        choices = item["choices"]
        if not choices:
            return ""
        return str(choices[0].get("message", choices[0].get("delta", {})).get("content", ""))

    def usage(self, item: dict[str, Any]) -> tuple[int, int] | None:
        """Prompt and completion tokens, where the item tells them."""
        if self.provider == "gemini" and "usageMetadata" in item:
            counts = item["usageMetadata"]
            return counts["promptTokenCount"], counts["candidatesTokenCount"]
        if self.provider == "ollama" and item.get("done"):
            return item["prompt_eval_count"], item["eval_count"]
        counts = item.get("usage") or item.get("x_groq", {}).get("usage")
        return (counts["prompt_tokens"], counts["completion_tokens"]) if counts else None


WAYS = (
    Way(provider="vllm", model="Qwen/Qwen2.5-7B-Instruct-AWQ", path="/v1/chat/completions"),
    Way(provider="ollama", model="qwen2.5:3b", path="/api/generate"),
    Way(provider="ollama", model="qwen2.5:3b", path="/api/chat"),
    Way(provider="openai", model="gpt-4o-mini", path="/v1/chat/completions"),
    Way(provider="groq", model="llama-3.3-70b-versatile", path="/openai/v1/chat/completions"),
    Way(provider="gemini", model="gemini-2.5-flash", path="/v1beta/models/{model}:{verb}"),
    Way(provider="mistral", model="mistral-small-latest", path="/v1/chat/completions"),
)
VLLM, GENERATE, CHAT, OPENAI, GROQ, GEMINI, MISTRAL = WAYS


class Wire:
    """Connections to the providers, as their host names and certificates demand."""

    def __init__(self, providers: Providers, directory: Path) -> None:
        self._providers = providers
        self._tls = ssl.create_default_context(cafile=directory / CERTIFICATE)

    @contextmanager
    def client(self, provider: str, *, key: str = GOOD_KEY) -> Iterator[httpx.Client]:
        """A client of one provider that sends this key; an empty one is not sent."""
        endpoint = self._providers.endpoints[provider]
        name = "x-goog-api-key" if provider == "gemini" else "authorization"
        value = key if provider == "gemini" else f"Bearer {key}"
        with httpx.Client(
            base_url=f"{endpoint.scheme}://127.0.0.1:{endpoint.port}",
            headers={"host": endpoint.host} | ({name: value} if key else {}),
            verify=self._tls,
            trust_env=False,
            timeout=TIMEOUT,
        ) as client:
            client.event_hooks["request"] = [
                lambda request: request.extensions.update(sni_hostname=endpoint.host)
            ]
            yield client

    def ask(
        self, way: Way, text: str, *, stream: bool = False, key: str = GOOD_KEY, **extra: object
    ) -> httpx.Response:
        """The response, read to its end."""
        with self.client(way.provider, key=key) as client:
            body = way.body(text, stream=stream, **extra)
            return client.post(way.url(stream=stream), json=body)

    def begin(
        self, way: Way, text: str, *, stream: bool, timeout: float
    ) -> tuple[list[str], httpx.TransportError | None]:
        """What arrived before the connection broke or `timeout` seconds were silent."""
        arrived: list[str] = []
        with self.client(way.provider) as client:
            try:
                with client.stream(
                    "POST",
                    way.url(stream=stream),
                    json=way.body(text, stream=stream),
                    timeout=timeout,
                ) as response:
                    arrived.extend(response.iter_text())
            except httpx.TransportError as error:
                return arrived, error
        return arrived, None


def items(response: httpx.Response) -> list[dict[str, Any]]:
    """The objects of a streamed answer: server-sent events, or a JSON object a line."""
    lines = [line.removeprefix("data: ") for line in response.text.splitlines() if line.strip()]
    return [json.loads(line) for line in lines if line != "[DONE]"]
