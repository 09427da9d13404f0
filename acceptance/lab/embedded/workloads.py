"""What starts pods by another kind than those that the lab runs, as the Deployment that it is here.

How such a kind replaces its pods, spreads them over nodes or takes them away when nobody asks is
not what the story asks: its template is.
"""

from collections.abc import Mapping
from typing import Any

from acceptance.json_values import mapping, sequence
from acceptance.lab.embedded.shape import KINDS
from acceptance.resources import Manifest

_GROUPS = ("", "apps", "extensions")
"""Kubernetes' own, in which the kinds stand that the lab reads."""
_KNATIVE = ("Service", "serving.knative.dev")
_OTHERS = (
    ("DaemonSet", "apps"),
    ("ReplicaSet", "apps"),
    ("ReplicationController", ""),
    ("Rollout", "argoproj.io"),
    ("DeploymentConfig", "apps.openshift.io"),
    ("CloneSet", "apps.kruise.io"),
    ("DaemonSet", "apps.kruise.io"),
    ("StatefulSet", "apps.kruise.io"),
    _KNATIVE,
)
"""Kinds that have a pod's template, with their groups."""
_REVISION = "serving.knative.dev/service"
_KNATIVE_PORT = 8080
"""Where Knative (1.18) looks for a container that declares no port."""


def told_apart(item: Manifest) -> Manifest:
    """An object that shares a kind's name with one of Kubernetes' own, by its whole name."""
    kind, group = _kind_of(item)
    foreign = kind in KINDS and group not in _GROUPS
    return {**item, "kind": f"{kind}.{group}"} if foreign else item


def deployed(item: Manifest) -> tuple[Manifest, ...]:
    """What the lab runs in the place of an object; nothing where it is none of these kinds."""
    named = _kind_of(item)
    template = mapping(mapping(item.get("spec")).get("template"))
    if named not in _OTHERS or not template:
        return ()
    if named == _KNATIVE:
        return _of_knative(item, template)
    return (_deployment(item, template),)


def _kind_of(item: Manifest) -> tuple[str, str]:
    return str(item.get("kind")), str(item.get("apiVersion") or "").rpartition("/")[0]


def _deployment(item: Manifest, template: Mapping[str, Any]) -> Manifest:
    spec = mapping(item.get("spec"))
    selector = mapping(spec.get("selector"))
    if not {"matchLabels", "matchExpressions"} & set(selector):  # texts by name, or none
        selector = {"matchLabels": mapping(template.get("metadata")).get("labels") or selector}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": item.get("metadata"),
        "spec": {
            **({"replicas": spec["replicas"]} if "replicas" in spec else {}),
            "selector": selector,
            "template": template,
        },
    }


def _of_knative(item: Manifest, template: Mapping[str, Any]) -> tuple[Manifest, ...]:
    """The Deployment, and the Service by which it is found at port 80."""
    metadata = mapping(item.get("metadata"))
    labels = {_REVISION: metadata.get("name")}
    pod = mapping(template.get("spec"))
    containers = [
        {"name": "user-container", **container} if isinstance(container, dict) else container
        for container in sequence(pod.get("containers"))
    ]
    ports = [
        mapping(each).get("containerPort")
        for container in containers
        for each in sequence(mapping(container).get("ports"))
    ]
    own = {"containerConcurrency", "timeoutSeconds", "responseStartTimeoutSeconds"}
    own |= {"idleTimeoutSeconds"}
    changed = {
        "metadata": {"labels": labels},
        "spec": {
            **{field: value for field, value in pod.items() if field not in own},
            "containers": containers,
        },
    }
    place = {name: metadata[name] for name in ("name", "namespace") if name in metadata}
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": place,
        "spec": {
            "selector": labels,
            "ports": [{"port": 80, "targetPort": (ports or [_KNATIVE_PORT])[0]}],
        },
    }
    return _deployment({**item, "spec": {}}, changed), service
