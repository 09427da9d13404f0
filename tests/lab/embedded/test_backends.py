"""A provider of the contract is the lab's by its hosts, however they are spelled."""

from types import SimpleNamespace
from typing import Any

import pytest

from acceptance.contract.values import Provider
from acceptance.lab.embedded.backends import EmulatedOutages, ProvidersLedger
from acceptance.target import Outage

FIRST, SECOND = "gpu-a.ml.svc.cluster.local", "host.docker.internal.compose.svc.cluster.local:11434"
ENDPOINTS = {
    "vllm": "127.0.0.1",
    "openai": "api.openai.com",
    SECOND: SECOND.removesuffix(":11434"),
    "192.168.1.5:8000": "192.168.1.5",
    "192.168.1.5:8001": "192.168.1.5",
}
BEHIND = {FIRST: "vllm"}


def _call(provider: str, model: str, text: str = "") -> SimpleNamespace:
    return SimpleNamespace(
        provider=provider,
        model=model,
        text=text,
        status=200,
        messages=1,
        prompt_tokens=1,
        completion_tokens=1,
        at=0,
        lasts=0,
    )


def test_what_is_asked_beside_another_one_is_a_shadow() -> None:  # V02
    asked = [
        *(_call("vllm", "qwen", "a"), _call("groq", "mixtral", "a")),
        *(_call("groq", "mixtral", "b"), _call("vllm", "qwen", "c"), _call("groq", "llama", "c")),
    ]
    lab: Any = SimpleNamespace(endpoints={}, ledger=lambda: asked)

    calls = ProvidersLedger(lab, {}, shadows={"qwen": {"mixtral"}}).calls()
    assert [each.shadow for each in calls] == [False, True, False, False, False]


@pytest.mark.parametrize(
    ("name", "hosts", "away"),
    [
        ("vLLM", ["elsewhere.example"], {"vllm"}),
        ("GPU", [FIRST], {"vllm"}),
        ("GPU", ["gpu-a"], {"vllm"}),
        ("OpenAI", ["api.openai.com"], {"openai"}),
        ("OpenAI", ["192.168.1.5"], {"192.168.1.5:8000", "192.168.1.5:8001"}),
        ("on the host", ["host.docker.internal"], {SECOND}),
        ("both", [FIRST, "api.openai.com"], {"vllm", "openai"}),
    ],
)
def test_who_is_taken_away_and_who_is_seen(name: str, hosts: list[str], away: set[str]) -> None:
    gone: set[str] = set()
    calls = [_call(each, "m") for each in away]
    lab: Any = SimpleNamespace(
        endpoints={each: SimpleNamespace(host=host) for each, host in ENDPOINTS.items()},
        behave=lambda each, _: gone.add(each),
        ledger=lambda: calls,
    )
    contract = {name: Provider(name=name, hosts=tuple(hosts))}
    EmulatedOutages(lab, contract, behind=BEHIND).take_away(name, Outage.ERROR)

    assert gone == away
    assert {each.provider for each in ProvidersLedger(lab, contract, behind=BEHIND).calls()} == {
        name
    }
