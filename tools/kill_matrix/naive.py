"""The story's own checks, written as its author would: what a green of theirs is worth."""

from collections.abc import Callable, Mapping

import httpx

from domain.story import ENDPOINT
from domain.target import Target

_NAMED = (
    "vllm-qwen",
    "groq/llama-3.3-70b-versatile",
    "gemini/gemini-2.0-flash",
    "mistral/mistral-small-latest",
)
Check = Callable[[httpx.Client, Target], bool]
_TIMEOUT = 120.0
"""Seconds: long, as a naive client has it."""


def naive_checks(target: Target) -> Mapping[str, bool]:
    """Whether each of the three checks is green."""
    with httpx.Client(base_url=target.open_webui, timeout=_TIMEOUT, trust_env=False) as client:
        return {
            "environment variable": _environment(target),
            "list of models": _passes(_models, client, target),
            "model of one chat": _passes(_chat, client, target),
        }


def _passes(check: Check, client: httpx.Client, target: Target) -> bool:
    try:
        return check(client, target)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError, AttributeError):
        return False


def _environment(target: Target) -> bool:
    """`kubectl exec deploy/open-webui -- env | grep litellm.ml.svc.cluster.local:4000/v1`."""
    if target.cluster is None:
        return False
    workload = target.cluster.workload(target.open_webui_service)
    values = [each.value.reveal() for each in workload.environment.values()]
    return any(ENDPOINT in value for value in values)


def _models(client: httpx.Client, target: Target) -> bool:
    """`curl http://localhost:8080/api/models`: 200, and the four names are in it."""
    answer = client.get("/api/models", headers=_signed_in(client, target))
    return answer.is_success and all(name in answer.text for name in _NAMED)


def _chat(client: httpx.Client, target: Target) -> bool:
    """Send a message to vllm-qwen, and look which model the answer says it is from."""
    body = {"model": "vllm-qwen", "messages": [{"role": "user", "content": "Hello"}]}
    headers = _signed_in(client, target)
    client.get("/api/models", headers=headers)
    answer = client.post("/api/chat/completions", headers=headers, json=body)
    return answer.is_success and "qwen" in answer.json()["model"]


def _signed_in(client: httpx.Client, target: Target) -> dict[str, str]:
    account = target.administrator
    body = {"email": account.email, "password": account.password.reveal()}
    session = client.post("/api/v1/auths/signin", json=body).json()
    return {"Authorization": f"Bearer {session['token']}"}
