"""What an API server promises of the objects that are read (Kubernetes 1.34).

Whatever answers at its address may be something else, or lie. Fields that are read have the kind
that they should have before anything looks at them; what nobody reads is not looked at.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

_MAPPINGS = re.compile(
    "metadata|spec|template|labels|annotations|selector|matchLabels|data|strategy|updateStrategy"
    "|rollingUpdate|state|running|waiting|terminated|valueFrom|secretKeyRef|configMapKeyRef|fieldRef"
    "|configMapRef|secretRef|configMap|secret|projected|scaleTargetRef|loadBalancer"
)
_OF_TEXTS = {"labels", "annotations", "matchLabels", "data"}
"""Those that hold texts by names of their owner's choice."""
_ANY_NAMES = {*_OF_TEXTS, "selector"}
_LISTS: Mapping[str, tuple[str, ...]] = {
    "containers": ("name",),
    "initContainers": ("name",),
    "containerStatuses": ("name", "ready"),
    "initContainerStatuses": ("name", "ready"),
    "volumes": ("name",),
    "volumeMounts": ("name", "mountPath"),
    "env": ("name",),
    "envFrom": (),
    "ports": (),
    "ownerReferences": ("kind", "name"),
    "conditions": ("type", "status"),
    "podIPs": ("ip",),
    "hostAliases": ("ip",),
    "endpoints": ("addresses",),
    "sources": (),
    "items": (),
    "ingress": (),
    "managedFields": (),
}
"""Lists of objects, and what each of these has."""
_NAME = re.compile(r"[a-z0-9]([-.a-z0-9]*[a-z0-9])?")
_LONGEST_NAME = 253
_LARGEST = 2**63
_WORKLOADS = {"Deployment", "ReplicaSet", "StatefulSet", "DaemonSet"}
_MADE = {*_WORKLOADS, "Pod"}
"""Kinds whose owners are looked for."""
_WITH_SPEC = {*_WORKLOADS, "Pod", "Service", "Lease", "HorizontalPodAutoscaler"}


def broken_promise(kind: str, item: Any) -> str:  # noqa: ANN401  # any JSON
    """What of an object is not as promised; empty where all that is read is.

    Args:
        kind: that was asked for.
        item: the JSON value that came.
    """
    return next(_broken(kind, item), "")


def is_name(value: object) -> bool:
    """Whether an object can have this name: then it is one in the path of a question, too."""
    return isinstance(value, str) and len(value) <= _LONGEST_NAME and bool(_NAME.fullmatch(value))


def _broken(kind: str, item: Any) -> Iterator[str]:  # noqa: ANN401  # likewise
    if not isinstance(item, dict):
        yield f"a {kind} that is a {type(item).__name__}"
        return
    yield from _needed(item, ["metadata", *(["spec"] if kind in _WITH_SPEC else [])], kind)
    yield from _below(item, kind)
    known = ["name"] if kind in _WITH_SPEC else []
    known += ["namespace", "uid"] if kind in _MADE else []
    yield from _needed(item["metadata"], known, f"{kind}.metadata")
    if not isinstance(item.get("status", {}), dict):
        yield f"{kind}.status is a {type(item['status']).__name__}"
    yield from _below(item.get("status", {}), f"{kind}.status")
    if kind in _WORKLOADS:
        yield from _needed(item["spec"], ["template", "selector"], f"{kind}.spec")
        yield from _needed(item["spec"]["template"], ["metadata", "spec"], f"{kind}.spec.template")
        yield from _needed(item["spec"]["template"]["spec"], ["containers"], f"{kind} its pods")
    elif kind == "Pod":
        yield from _needed(item["spec"], ["containers"], f"{kind}.spec")


def _needed(item: Mapping[str, Any], names: list[str], at: str) -> Iterator[str]:
    yield from (f"{at}.{name} is missing" for name in names if item.get(name) in (None, "", []))


def _below(item: Mapping[str, Any], at: str) -> Iterator[str]:
    for name, value in item.items():
        where = f"{at}.{name}"
        if value is None:  # Go writes so what is empty; what is needed is looked for besides
            continue
        if name in _LISTS and not where.endswith(".endpoints.conditions"):
            yield from _of_list(name, value, where)
        elif _MAPPINGS.fullmatch(name):
            yield from _of_mapping(name, value, where)
        else:
            fitting = (check for check in _CHECKS if check[0].search(where))
            yield from (f"{where} is {words}" for _, test, words in fitting if not test(value))


def _is_number(value: Any) -> bool:  # noqa: ANN401  # likewise
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < _LARGEST


def _are_texts(value: Any) -> bool:  # noqa: ANN401  # likewise
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _is_time(value: Any) -> bool:  # noqa: ANN401  # likewise
    try:
        return datetime.fromisoformat(value).utcoffset() is not None
    except (TypeError, ValueError):
        return False


_CHECKS: tuple[tuple[re.Pattern[str], Callable[[Any], bool], str], ...] = (
    (re.compile(r"\.(metadata\.(name|namespace)|ownerReferences\.name)$"), is_name, "no name"),
    (
        re.compile(
            r"\.(name|namespace|uid|kind|image|phase|type|reason|message|mountPath|path|key|ip|podIP"
            r"|hostIP|nodeName|externalName|clusterIP|resourceVersion|holderIdentity)$"
        ),
        lambda value: isinstance(value, str),
        "no text",
    ),
    (
        re.compile(
            r"\.(replicas|readyReplicas|updatedReplicas|availableReplicas|generation"
            r"|observedGeneration|containerPort|restartCount|partition|leaseDurationSeconds"
            r"|terminationGracePeriodSeconds)$"
        ),
        _is_number,
        "no number",
    ),
    (
        re.compile(r"\.(port|targetPort)$"),
        lambda value: isinstance(value, str) or _is_number(value),
        "no port",
    ),
    (
        re.compile(r"\.(addresses|command|args|externalIPs|clusterIPs)$"),
        _are_texts,
        "no list of texts",
    ),
    (re.compile(r"\.(startedAt|lastTransitionTime|renewTime)$"), _is_time, "no time"),
)
"""What a field is, by its place."""


def _of_list(name: str, value: Any, where: str) -> Iterator[str]:  # noqa: ANN401  # likewise
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        yield f"{where} is no list of objects"
        return
    needed = list(_LISTS[name])
    if name == "ports":  # an EndpointSlice's may be nameless and numberless: all ports
        needed = ["port"] if where.startswith("Service.") else []
        needed = ["containerPort"] if "ontainers." in where else needed
    for each in value:
        yield from _needed(each, needed, where)
        yield from _below(each, where)


def _of_mapping(name: str, value: Any, where: str) -> Iterator[str]:  # noqa: ANN401  # likewise
    if not isinstance(value, dict):
        yield f"{where} is a {type(value).__name__}"
    elif name in _OF_TEXTS and not all(isinstance(each, str) for each in value.values()):
        yield f"{where} holds something else than texts"
    elif name not in _ANY_NAMES:
        yield from _below(value, where)
    elif "matchLabels" in value or "matchExpressions" in value:
        yield from _below({"matchLabels": value.get("matchLabels")}, where)
    elif not all(isinstance(each, str) for each in value.values()):
        yield f"{where} holds something else than texts"
