"""The story's own checks, written as its author would: what a green of theirs is worth."""

from collections.abc import Callable, Mapping

import httpx

from acceptance.contract.values import Contract
from acceptance.target import Target

Check = Callable[[httpx.Client, Target, Contract], bool]
_TIMEOUT = 120.0
"""Seconds: long, as a naive client has it."""


def naive_checks(target: Target, contract: Contract) -> Mapping[str, bool]:
    """Whether each of the three checks is green."""
    with httpx.Client(base_url=target.open_webui, timeout=_TIMEOUT, trust_env=False) as client:
        return {
            "environment variable": _environment(target, contract),
            "list of models": _passes(_models, client, target, contract),
            "model of one chat": _passes(_chat, client, target, contract),
        }


def _passes(check: Check, client: httpx.Client, target: Target, contract: Contract) -> bool:
    try:
        return check(client, target, contract)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError, AttributeError):
        return False


def _environment(target: Target, contract: Contract) -> bool:
    """`kubectl exec deploy/open-webui -- env | grep ENDPOINT`."""
    if target.cluster is None:
        return False
    workload = target.cluster.workload(target.open_webui_service)
    values = [each.value.reveal() for each in workload.environment.values()]
    return any(contract.endpoint in value for value in values)


def _models(client: httpx.Client, target: Target, contract: Contract) -> bool:
    """`curl http://localhost:8080/api/models`: 200, and the names are in it."""
    answer = client.get("/api/models", headers=_signed_in(client, target))
    return answer.is_success and all(name in answer.text for name in contract.offered)


def _chat(client: httpx.Client, target: Target, contract: Contract) -> bool:
    """Send a message to the first chain's first model; look which model the answer names."""
    model = contract.heads[0]
    body = {"model": model, "messages": [{"role": "user", "content": "Hello"}]}
    headers = _signed_in(client, target)
    client.get("/api/models", headers=headers)
    answer = client.post("/api/chat/completions", headers=headers, json=body)
    kind = model.rpartition("-")[2]  # the label is the upstream's name, or that of the entry
    return answer.is_success and kind in answer.json()["model"].lower()


def _signed_in(client: httpx.Client, target: Target) -> dict[str, str]:
    account = target.administrator
    body = {"email": account.email, "password": account.password.reveal()}
    session = client.post("/api/v1/auths/signin", json=body).json()
    return {"Authorization": f"Bearer {session['token']}"}
