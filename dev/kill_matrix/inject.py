"""Brings a lab into the state that a fault describes."""

import copy
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, Protocol

import httpx
import jsonpatch
import yaml

from acceptance.errors import SetupError
from acceptance.lab.embedded.manifests import Manifests
from acceptance.lab.embedded.network import Disturbance
from acceptance.lab.providers.client import Providers
from acceptance.resources import ServiceName
from acceptance.secret import Secret
from acceptance.target import Account, Target
from dev.kill_matrix.changes import (
    ApiCall,
    Change,
    Connections,
    Create,
    Delete,
    GatewayConfig,
    Network,
    OrdinaryUser,
    Patch,
    Provider,
    Stop,
)
from dev.kill_matrix.fault import Boot, Fault

_CONFIG = ("ConfigMap", "ml", "litellm-config", "config.yaml")
OPEN_WEBUI = ServiceName(namespace="apps", name="open-webui", port=0)
GATEWAY = ServiceName(namespace="ml", name="litellm", port=0)
_USER = Account(email="ordinary@lab.example", password=Secret("lab-ordinary-user"))
_TIMEOUT = 30.0
"""Seconds for a call of Open WebUI's API."""


class Lab(Protocol):
    """A lab that can be broken: the embedded one, or one on a cluster."""

    providers: Providers
    manifests: Manifests

    def reset(self) -> None:
        """End every pod and forget what the volumes hold."""

    def apply(self, manifests: Manifests) -> None:
        """Let the pods be started as these manifests say."""

    def edit(self, manifests: Manifests) -> None:
        """Change the objects while the pods run."""

    def disturb(self, *disturbances: Disturbance) -> None:
        """Let the network be wrong in these ways from now on."""

    def stop(self, key: str) -> None:
        """End a pod (`namespace/name`)."""


def inject(lab: Lab, healthy: Manifests, fault: Fault, target: Callable[[], Target]) -> Target:
    """The lab as the fault has it: earlier boots first, then its own, then what comes later.

    Args:
        lab: is broken.
        healthy: how it would be right.
        fault: how it is to be.
        target: the lab as it stands, once its pods were started.

    Raises:
        SetupError: a change does not fit the lab; that is a defect of the file.
    """
    lab.providers.restore()
    lab.disturb()
    lab.reset()
    for earlier in fault.history:
        _boot(lab, healthy, earlier, target)
    return _boot(lab, healthy, fault.boot, target)


def _boot(lab: Lab, healthy: Manifests, boot: Boot, make_target: Callable[[], Target]) -> Target:
    lab.apply(changed(healthy, boot.at_boot))
    target = make_target()
    for change in boot.running:
        target = _while_running(lab, target, change)
    return target


def changed(manifests: Manifests, changes: Iterable[Change]) -> Manifests:
    """The manifests with the changes of objects made.

    Raises:
        SetupError: a change names an object or a path that does not exist.
    """
    for change in changes:
        match change:
            case Patch():
                manifest = _object(manifests, change.kind, change.namespace, change.name)
                manifests = manifests.with_changes([_patched(manifest, change.json, change.merge)])
            case Create():
                manifests = manifests.with_changes([change.manifest])
            case Delete():
                _object(manifests, change.kind, change.namespace, change.name)
                manifests = manifests.without(change.kind, change.namespace, change.name)
            case GatewayConfig():
                manifests = manifests.with_changes([_configured(manifests, change)])
    return manifests


def _object(manifests: Manifests, kind: str, namespace: str, name: str) -> dict[str, Any]:
    manifest = manifests.get(kind, namespace, name)
    if manifest is None:
        raise SetupError(f"A fault changes {kind} {namespace}/{name}, which does not exist.")
    return copy.deepcopy(dict(manifest))


def _patched(manifest: dict[str, Any], json: Any, merge: Any) -> dict[str, Any]:  # noqa: ANN401
    try:
        result: dict[str, Any] = jsonpatch.apply_patch(manifest, list(json))
    except jsonpatch.JsonPatchException as error:
        raise SetupError(
            f"A fault's JSON patch does not fit {manifest['kind']}: {error}"
        ) from error
    return _merged(result, merge) if merge else result


def _merged(value: Any, patch: Any) -> Any:  # noqa: ANN401  # RFC 7386 is about any JSON
    if not isinstance(patch, dict):
        return patch
    merged = dict(value) if isinstance(value, dict) else {}
    for key, item in patch.items():
        if item is None:
            merged.pop(key, None)
        else:
            merged[key] = _merged(merged.get(key), item)
    return merged


def _configured(manifests: Manifests, change: GatewayConfig) -> dict[str, Any]:
    kind, namespace, name, file = _CONFIG
    manifest = _object(manifests, kind, namespace, name)
    text = manifest["data"][file]
    if change.json:
        config = _patched(
            {"kind": "LiteLLM's configuration", **yaml.safe_load(text)}, change.json, None
        )
        config.pop("kind")
        text = yaml.safe_dump(config, sort_keys=False)
    manifest["data"] = {**manifest["data"], file: text + change.append}
    return manifest


def _while_running(lab: Lab, target: Target, change: Change) -> Target:
    match change:
        case Provider():
            lab.providers.behave(change.provider, change.behaviour)
        case Network():
            lab.disturb(change.disturbance)
        case Stop():
            lab.stop(change.pod)
        case OrdinaryUser():
            _call(target, "POST", "/api/v1/auths/add", _account(change.role))
            return replace(target, user=_USER)
        case ApiCall():
            called = replace(target, open_webui=_address(target, change.pod))
            _call(called, change.method, change.path, change.body)
        case Connections():
            _call(target, "POST", "/openai/config/update", _saved(target, change))
        case _:
            lab.edit(changed(lab.manifests, [change]))
    return target


def _address(target: Target, pod: str) -> str:
    if not pod or target.cluster is None:
        return target.open_webui
    workload = target.cluster.workload(target.open_webui_service)
    for each in workload.serving:
        if f"{each.namespace}/{each.name}" == pod:
            return target.cluster.address_of(each, target.open_webui_service)
    raise SetupError(f"A fault calls pod {pod}, which does not run.")


def _account(role: str) -> dict[str, str]:
    password = _USER.password.reveal()
    return {"name": "Ordinary", "email": _USER.email, "password": password, "role": role}


def _saved(target: Target, change: Connections) -> dict[str, Any]:
    """What the page sends when connections are saved; the gateway's key where none is given."""
    key = target.gateway_key.reveal() if target.gateway_key else ""
    options = ("enable", "model_ids", "prefix_id", "connection_type")
    return {
        "ENABLE_OPENAI_API": change.enabled,
        "OPENAI_API_BASE_URLS": [each["url"] for each in change.connections],
        "OPENAI_API_KEYS": [each.get("key", key) for each in change.connections],
        "OPENAI_API_CONFIGS": {
            str(index): {"enable": True, **{name: each[name] for name in options if name in each}}
            for index, each in enumerate(change.connections)
        },
    }


def _call(target: Target, method: str, path: str, body: Any) -> None:  # noqa: ANN401  # any JSON
    account = {
        "email": target.administrator.email,
        "password": target.administrator.password.reveal(),
    }
    with httpx.Client(base_url=target.open_webui, timeout=_TIMEOUT, trust_env=False) as client:
        token = client.post("/api/v1/auths/signin", json=account).json()["token"]
        headers = {"Authorization": f"Bearer {token}"}
        answer = client.request(method, path, json=body, headers=headers)
    if answer.is_error:
        raise SetupError(
            f"A fault's {method} {path} is refused: {answer.status_code} {answer.text}"
        )
