"""The emulation, judged by the client that real users use: LiteLLM's own SDK."""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from acceptance.lab import environments
from acceptance.lab.providers.behaviour import Behaviour, Kind
from acceptance.lab.providers.catalogue import OFFERS, PREFIXES, Offer, host_and_port, prefix_of
from acceptance.lab.providers.client import Providers
from acceptance.lab.providers.handover import CERTIFICATE
from tests.lab.providers import real_client

NONCE = "nonce-c41e7d90"
KEY = "lab-key-0123456789"
MODELS = {
    "openai/Qwen/Qwen2.5-7B-Instruct-AWQ": "vllm",
    "ollama/qwen2.5:3b": "ollama",
    "ollama_chat/qwen2.5:3b": "ollama",
    "openai/gpt-4o-mini": "openai",
    "groq/llama-3.3-70b-versatile": "groq",
    "groq/mixtral-8x7b-32768": "groq",
    "gemini/gemini-2.0-flash": "gemini",
    "gemini/gemini-2.5-flash": "gemini",
    "mistral/mistral-small-latest": "mistral",
}
ONE_EACH = [model for model in MODELS if not model.endswith(("32768", "2.0-flash", "t/qwen2.5:3b"))]
BOTH_WAYS = {
    "vllm": "llm_provider-x-request-id",
    "openai": "llm_provider-openai-version",
    "mistral": "llm_provider-mistral-correlation-id",
}
STREAMED_ONLY = {"groq": "llm_provider-x-groq-region", "ollama": "llm_provider-date"}
"""LiteLLM 1.106.2 passes no header of these on with a whole answer, and none of Gemini's ever."""
Ask = Callable[..., dict[str, Any]]
streamed_or_not = pytest.mark.parametrize("stream", [True, False], ids=["streamed", "whole"])


@pytest.fixture(scope="session")
def litellm_python() -> Path:
    """The Python of the environment in which LiteLLM is installed."""
    return environments.ensure(environments.LITELLM, cache=environments.CACHE, say=print).python


ELSEWHERE = {
    "anthropic/claude-sonnet-4-5": "anthropic",
    "cohere_chat/command-r": "cohere",
    "moonshot/kimi-k2": "moonshot",
    "zai/glm-4.6": "zai",
    "openrouter/meta-llama/llama-4-scout": "openrouter",
    "xai/grok-4": "xai",
    "deepseek/deepseek-chat": "deepseek",
    "nvidia_nim/meta/llama3": "nvidia_nim",
    "github/gpt-4.1": "github",
    "together_ai/qwen/q": "together_ai",
    "fireworks_ai/accounts/fireworks/models/q": "fireworks_ai",
    "perplexity/sonar": "perplexity",
    "cerebras/q": "cerebras",
    "azure/my-gpt": "lab.openai.azure.com:443",
    "hosted_vllm/org/q": "house:8000",
    "lm_studio/q": "house:8000",
    "openai/q": "house:8000",
}
"""Models of providers that the story does not have, and who is emulated for each."""


def _offer_of(model: str, name: str) -> Offer:
    prefix, upstream = prefix_of(model)
    dialect, default = PREFIXES[prefix]
    scheme, host, port = host_and_port(default or f"http://{name}")
    if name == "lab.openai.azure.com:443":
        scheme, host = "https", name.partition(":")[0]
    return Offer(
        name=name,
        dialect=dialect if name != "house:8000" else "compatible",
        models=(upstream, "org/q"),
        host=host,
        host_port=port,
        scheme="http" if name == "house:8000" else scheme,
        base=(urlsplit(default).path if default else "/v1") if dialect == "compatible" else None,
    )


@pytest.fixture(scope="module")
def litellm(
    litellm_python: Path, directory: Path, client: Providers
) -> Iterator[subprocess.Popen[str]]:
    """One process for all questions: importing LiteLLM takes seconds."""
    offers = {name: _offer_of(model, name) for model, name in ELSEWHERE.items()}
    client.offer([*OFFERS, *offers.values()])
    environment = {
        "SSL_CERT_FILE": str(directory / CERTIFICATE),
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "LITELLM_MODE": "PRODUCTION",
        "HF_HUB_OFFLINE": "1",
    }
    hosts = {end.host: end.port for end in client.endpoints.values() if end.scheme == "https"}
    with subprocess.Popen(
        [litellm_python, real_client.__file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    ) as process:
        assert process.stdin
        process.stdin.write(f"{json.dumps(hosts)}\n")
        yield process
        process.stdin.close()
    client.offer(OFFERS)


@pytest.fixture
def ask(litellm: subprocess.Popen[str], providers: Providers) -> Ask:
    """Asks a model by LiteLLM's name for it, once."""
    bases = {
        "house:8000": f"http://127.0.0.1:{providers.endpoints['house:8000'].port}/v1",
        "lab.openai.azure.com:443": "https://lab.openai.azure.com",
        "vllm": f"http://127.0.0.1:{providers.endpoints['vllm'].port}/v1",
        "ollama": f"http://127.0.0.1:{providers.endpoints['ollama'].port}",
    }

    def asked(model: str, *, stream: bool, **extra: object) -> dict[str, Any]:
        question = {
            "model": model,
            "messages": [{"role": "user", "content": f"Repeat {NONCE}"}],
            "stream": stream,
            "api_base": bases.get((MODELS | ELSEWHERE).get(model, "")),
            "api_key": KEY,
            "max_retries": 0,
            "timeout": 3,
            **extra,
        }
        assert litellm.stdin
        assert litellm.stdout
        litellm.stdin.write(f"{json.dumps(question)}\n")
        litellm.stdin.flush()
        answer: dict[str, Any] = json.loads(litellm.stdout.readline())
        return answer

    return asked


@pytest.mark.parametrize("model", ELSEWHERE)
@streamed_or_not
def test_models_of_other_providers_answer(
    ask: Ask, providers: Providers, model: str, *, stream: bool
) -> None:
    more = {"api_version": "2024-10-21"} if model.startswith("azure") else {}

    answer = ask(model, stream=stream, **more)

    assert NONCE in answer.get("text", ""), answer
    assert [(call.provider, call.status) for call in providers.ledger()] == [
        (ELSEWHERE[model], 200)
    ]


SECOND = {
    "openai/qwen2.5:3b": ("ollama", "http://127.0.0.1:{port}/v1"),
    "openai/gemini-2.0-flash": (
        "gemini",
        "https://generativelanguage.googleapis.com/v1beta/openai/",
    ),
    "openai/responses/gpt-4o-mini": ("openai", None),
}
"""Who has a second API, and where."""


@pytest.mark.parametrize("model", SECOND)
@streamed_or_not
def test_the_second_api_of_a_provider_answers(
    ask: Ask, providers: Providers, model: str, *, stream: bool
) -> None:
    name, base = SECOND[model]
    place = base and base.format(port=providers.endpoints[name].port)
    usage = {"stream_options": {"include_usage": True}} if stream else {}

    answer = ask(model, stream=stream, api_base=place, **usage)

    assert NONCE in answer.get("text", ""), answer
    assert answer["finish"] == ["stop"]
    assert (answer["chunks"] > 2) is stream
    (call,) = providers.ledger()
    assert (call.provider, call.stream, call.status) == (name, stream, 200)
    assert call.text == f"Repeat {NONCE}"
    assert answer["tokens"] == [call.prompt_tokens, call.completion_tokens]


def test_responses_call_a_tool_and_want_its_result(ask: Ask) -> None:
    tools = [{"type": "function", "function": {"name": "get_time", "parameters": {}}}]
    asked = {"role": "user", "content": f"Call get_time first. Repeat {NONCE}"}
    model = "openai/responses/gpt-4o-mini"
    assert ask(model, stream=True, messages=[asked], tools=tools)["finish"] == ["tool_calls"]

    function = {"name": "get_time", "arguments": "{}"}
    call = {"id": "call_1", "type": "function", "function": function}
    called = {"role": "assistant", "content": None, "tool_calls": [call]}
    result = {"role": "tool", "tool_call_id": "call_1", "content": "noon"}
    assert NONCE in ask(model, stream=True, messages=[asked, called, result], tools=tools)["text"]
    assert (
        "No tool output" in ask(model, stream=False, messages=[asked, called], tools=tools)["text"]
    )


@pytest.mark.parametrize("version", ["2025-04-01-preview", "preview"])
@streamed_or_not
def test_so_is_a_deployment_of_azure(ask: Ask, version: str, *, stream: bool) -> None:
    base = "https://lab.openai.azure.com"
    answer = ask("azure/responses/my-gpt", stream=stream, api_version=version, api_base=base)
    assert NONCE in answer.get("text", ""), answer


@pytest.mark.parametrize("model", ["openai/nobody", "anthropic/nobody", "openrouter/nobody"])
def test_a_model_that_no_entry_names_is_nobodys(ask: Ask, model: str) -> None:
    assert ask(model, stream=True)["error"] == "NotFoundError"


def test_a_model_that_thinks_needs_more_than_a_few_tokens(ask: Ask) -> None:
    model = "gemini/gemini-2.5-flash"

    starved = ask(model, stream=True, max_tokens=64)
    assert (starved["text"], starved["finish"]) == ("", ["length"])
    assert NONCE in ask(model, stream=True)["text"]


@pytest.mark.parametrize("model", MODELS)
@streamed_or_not
def test_every_model_answers(ask: Ask, providers: Providers, model: str, *, stream: bool) -> None:
    usage = {"stream_options": {"include_usage": True}} if stream else {}

    answer = ask(model, stream=stream, **usage)

    assert NONCE in answer.get("text", ""), answer
    assert answer["finish"] == ["stop"]
    assert (answer["chunks"] > 2) is stream
    (call,) = providers.ledger()
    assert (call.provider, call.stream, call.status) == (MODELS[model], stream, 200)
    assert call.text == f"Repeat {NONCE}"
    assert answer["tokens"] == [call.prompt_tokens, call.completion_tokens]


@pytest.mark.parametrize("model", [model for model in ONE_EACH if MODELS[model] in BOTH_WAYS])
@streamed_or_not
def test_the_providers_headers_come_through(ask: Ask, model: str, *, stream: bool) -> None:
    answer = ask(model, stream=stream)

    assert BOTH_WAYS[MODELS[model]] in answer["headers"], answer


@pytest.mark.parametrize("model", [model for model in ONE_EACH if MODELS[model] in STREAMED_ONLY])
def test_the_providers_headers_come_through_a_stream(ask: Ask, model: str) -> None:
    answer = ask(model, stream=True)

    assert STREAMED_ONLY[MODELS[model]] in answer["headers"], answer


@pytest.mark.parametrize("model", ONE_EACH)
@pytest.mark.parametrize(
    ("status", "name"),
    [
        (401, "AuthenticationError"),
        (404, "NotFoundError"),
        (429, "RateLimitError"),
        (500, "InternalServerError"),
    ],
)
def test_an_error_is_understood(
    ask: Ask, providers: Providers, model: str, status: int, name: str
) -> None:
    providers.behave(MODELS[model], Behaviour(kind=Kind.ERROR, status=status))

    # Not streamed: there LiteLLM wraps Gemini's errors into one that asks for a fallback.
    assert ask(model, stream=False)["error"] == name


@pytest.mark.parametrize("model", ONE_EACH)
def test_a_provider_that_is_away_is_an_error(ask: Ask, providers: Providers, model: str) -> None:
    providers.behave(MODELS[model], Behaviour(kind=Kind.REFUSE))

    assert ask(model, stream=False)["error"]
    assert providers.ledger() == ()


@pytest.mark.parametrize("model", ONE_EACH)
@streamed_or_not
def test_reasoning_is_told_from_content(
    ask: Ask, providers: Providers, model: str, *, stream: bool
) -> None:
    providers.behave(MODELS[model], Behaviour(kind=Kind.REASONING))

    answer = ask(model, stream=stream)

    assert (answer["text"], NONCE in answer["reasoning"]) == ("", True)


@pytest.mark.parametrize("model", ONE_EACH)
def test_a_cut_stream_is_noticed(ask: Ask, providers: Providers, model: str) -> None:
    providers.behave(MODELS[model], Behaviour(kind=Kind.CUT))

    assert "error" in ask(model, stream=True)
