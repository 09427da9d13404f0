"""Who may ask, and what is written down of it."""

import time
from dataclasses import replace

import pytest

from acceptance.lab.providers.catalogue import OFFERS
from acceptance.lab.providers.client import Providers
from acceptance.lab.providers.provider_api import valid
from acceptance.secret import fingerprint
from tests.lab.providers.asking import (
    CHAT,
    GEMINI,
    GOOD_KEY,
    GROQ,
    MISTRAL,
    OPENAI,
    VLLM,
    Way,
    Wire,
)

NONCE = "nonce-55a0"


@pytest.mark.parametrize("key", ["", "placeholder", "invalid-0123"])
@pytest.mark.parametrize("way", [OPENAI, GROQ, MISTRAL], ids=lambda way: way.provider)
def test_a_bad_key_is_refused(providers: Providers, wire: Wire, way: Way, key: str) -> None:
    response = wire.ask(way, NONCE, key=key)

    assert response.status_code == 401
    assert {"error", "detail"} & response.json().keys()
    assert [(call.status, call.key) for call in providers.ledger()] == [(401, fingerprint(key))]


def test_a_server_that_was_started_with_a_key_takes_no_other(client: Providers, wire: Wire) -> None:
    vllm = next(each for each in OFFERS if each.name == "vllm")
    client.offer([replace(vllm, keys=(fingerprint("sk-own"),))])
    try:
        assert wire.ask(VLLM, NONCE, key="not-needed").status_code == 401
        assert wire.ask(VLLM, NONCE, key="sk-own").status_code == 200
    finally:
        client.offer(OFFERS)


@pytest.mark.parametrize(
    ("issuer", "key", "well"),
    [
        ("mistral", "${MISTRAL_API_KEY}", False),
        ("mistral", "$MISTRAL_API_KEY", False),
        ("mistral", "os.environ.MISTRAL_API_KEY", False),
        ("mistral", "<your-key>", True),
        ("mistral", '"lab-mistral"', False),
        ("mistral", "lab-mistral", True),
        ("mistral", "gsk_lab", False),
        ("groq", "sk-of-anybody", True),
        ("groq", "gsk_lab", True),
        ("openai", "gsk_lab", False),
        ("openai", "sk-ant-lab", False),
        ("openai", "sk-proj-lab", True),
        ("anthropic", "sk-ant-lab", True),
        ("gemini", "AIza-lab", True),
        ("gemini", "made-up-0123", True),
        ("", "sk-of-anybody", True),
    ],
)
def test_a_key_is_its_providers_own_and_was_put_in(*, issuer: str, key: str, well: bool) -> None:
    """V10, V60."""
    assert valid(key, issuer) is well


@pytest.mark.parametrize(
    ("key", "status", "word"),
    [("", 403, "PERMISSION_DENIED"), ("invalid-0123", 400, "API_KEY_INVALID")],
)
def test_gemini_refuses_a_bad_key_its_own_way(wire: Wire, key: str, status: int, word: str) -> None:
    response = wire.ask(GEMINI, NONCE, key=key)

    assert response.status_code == status
    assert word in response.text


def test_gemini_takes_the_key_from_the_query(providers: Providers, wire: Wire) -> None:
    with wire.client("gemini", key="") as client:
        body = GEMINI.body(NONCE, stream=False)
        response = client.post(f"{GEMINI.url(stream=False)}?key=AIza-lab", json=body)

    assert response.status_code == 200
    assert providers.ledger()[0].key == fingerprint("AIza-lab")


@pytest.mark.parametrize("way", [VLLM, CHAT], ids=lambda way: way.provider)
@pytest.mark.parametrize("key", ["", "placeholder"])
def test_local_providers_ask_for_no_key(wire: Wire, way: Way, key: str) -> None:
    assert wire.ask(way, NONCE, key=key).status_code == 200


@pytest.mark.parametrize(
    ("provider", "path", "status"),
    [
        ("openai", "/v1/models", 401),
        ("groq", "/openai/v1/models", 401),
        ("mistral", "/v1/models", 401),
        ("gemini", "/v1beta/models", 403),
        ("vllm", "/v1/models", 200),
    ],
)
def test_the_list_of_models_needs_the_key_too(
    wire: Wire, provider: str, path: str, status: int
) -> None:
    with wire.client(provider, key="") as client:
        assert client.get(path).status_code == status


def test_a_call_is_recorded_in_full(providers: Providers, wire: Wire) -> None:
    before = time.time()

    answer = wire.ask(OPENAI, NONCE).json()

    (call,) = providers.ledger()
    assert before <= call.at <= time.time()
    assert (call.provider, call.model, call.path) == ("openai", OPENAI.model, OPENAI.path)
    assert (call.stream, call.text, call.messages, call.status) == (False, NONCE, 2, 200)
    assert (call.prompt_tokens, call.completion_tokens) == OPENAI.usage(answer)
    assert call.key == fingerprint(GOOD_KEY)


def test_the_ledger_keeps_order_cuts_long_texts_and_forgets(
    providers: Providers, wire: Wire
) -> None:
    wire.ask(GROQ, "x" * 3000, stream=True)
    wire.ask(GEMINI, NONCE, stream=True)

    first, second = providers.ledger()
    assert (first.provider, len(first.text), first.stream) == ("groq", 2000, True)
    assert (second.provider, second.model, second.stream) == ("gemini", GEMINI.model, True)

    providers.clear()
    assert providers.ledger() == ()
