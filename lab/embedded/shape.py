"""The shape of the manifest objects that the lab reads: what Kubernetes would refuse is refused."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from domain.kubernetes import Manifest


@dataclass(frozen=True, kw_only=True, slots=True)
class Is:
    """A value that passes a test."""

    words: str
    """What is wanted, for people."""
    test: Callable[[object], bool]


Shape = Is | list["Shape"] | Mapping[str, "Shape"]
"""A value; a list of equals; or an object by its fields, with `!` behind those that must be."""


def _like(pattern: str, value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(pattern, value) is not None


def _number(lowest: int, value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= lowest


def _texts(keys: str, value: object) -> bool:
    return isinstance(value, dict) and all(
        _like(keys, key) and isinstance(text, str | None) for key, text in value.items()
    )


_WITHIN = r"(?!/)(?!(.*/)?\.\.(/|$)).+"
"""A path that stays below the folder that it starts from."""
TEXT = Is(words="a text (numbers and booleans need quotes)", test=partial(_like, r"(?s).*"))
NAME = Is(words="a name in lower case", test=partial(_like, r"[a-z0-9]([-.a-z0-9]*[a-z0-9])?"))
PATH = Is(words="a relative path without ..", test=partial(_like, _WITHIN))
COUNT = Is(words="a whole number, not below 0", test=partial(_number, 0))
PORT = Is(words="a port number", test=partial(_number, 1))
TARGET = Is(words="a port number or name", test=lambda value: TEXT.test(value) or PORT.test(value))
LABELS = Is(words="texts by name", test=partial(_texts, r".+"))
DATA = Is(words="texts by key", test=partial(_texts, r"(?!\.\.?$)[-._a-zA-Z0-9]+"))

_ITEMS: Shape = [{"key!": TEXT, "path!": PATH}]
_KEY: Shape = {"name!": TEXT, "key!": TEXT}
_ALL: Shape = {"name!": TEXT}
_ENTRY: Shape = {
    "name!": TEXT,
    "value": TEXT,
    "valueFrom": {
        "secretKeyRef": _KEY,
        "configMapKeyRef": _KEY,
        "fieldRef": {"fieldPath!": TEXT},
        "resourceFieldRef": {},
    },
}
_CONTAINER: Shape = {
    "name!": NAME,
    "image!": TEXT,
    "command": [TEXT],
    "args": [TEXT],
    "env": [_ENTRY],
    "envFrom": [{"prefix": TEXT, "configMapRef": _ALL, "secretRef": _ALL}],
    "ports": [{"name": TEXT, "containerPort!": PORT}],
    "volumeMounts": [{"name!": NAME, "mountPath!": TEXT, "subPath": PATH}],
}
_VOLUME: Shape = {
    "name!": NAME,
    "configMap": {"name!": TEXT, "items": _ITEMS},
    "secret": {"secretName!": TEXT, "items": _ITEMS},
}
_POD: Shape = {"containers!": [_CONTAINER], "volumes": [_VOLUME]}
_WORKLOAD: Shape = {
    "spec!": {
        "replicas": COUNT,
        "template!": {"metadata!": {"labels": LABELS}, "spec!": _POD},
        "volumeClaimTemplates": [{"metadata!": {"name!": NAME}}],
    }
}
_OBJECT: Shape = {"kind!": TEXT, "metadata!": {"name!": TEXT, "namespace": NAME, "labels": LABELS}}
_KINDS: Mapping[str, Shape] = {
    "Deployment": _WORKLOAD,
    "StatefulSet": _WORKLOAD,
    "Pod": {"spec!": _POD},
    "Service": {
        "spec!": {
            "type": TEXT,
            "selector": LABELS,
            "ports": [{"name": TEXT, "port!": PORT, "targetPort": TARGET}],
        }
    },
    "ConfigMap": {"data": DATA},
    "Secret": {"data": DATA, "stringData": DATA},
}


def misshapen(item: object) -> str:
    """What is wrong with an object first of all; empty when it can be used. Quotes no value."""
    return next(_wrong(item, _OBJECT, "the document"), "") or next(_of_kind(item), "")


def _of_kind(item: object) -> Iterator[str]:
    assert isinstance(item, dict)
    yield from _wrong(item, _KINDS.get(item["kind"], {}), "")
    if item["kind"] == "Service" and not item["spec"].get("ports") and _needs_ports(item["spec"]):
        yield "spec.ports is missing"


def _needs_ports(spec: Manifest) -> bool:
    return spec.get("type") != "ExternalName" and spec.get("clusterIP") != "None"


def _wrong(value: object, shape: Shape, path: str) -> Iterator[str]:
    if isinstance(shape, Is):
        if not shape.test(value):
            yield f"{path} is {type(value).__name__}, not {shape.words}"
    elif isinstance(shape, list):
        if not isinstance(value, list):
            yield f"{path} is {type(value).__name__}, not a list"
            return
        for number, each in enumerate(value):
            yield from _wrong(each, shape[0], f"{path}[{number}]")
    elif not isinstance(value, dict):
        yield f"{path} is {type(value).__name__}, not an object"
    else:
        yield from _wrong_fields(value, shape, path)


def _wrong_fields(value: Manifest, shape: Mapping[str, Shape], path: str) -> Iterator[str]:
    for field, inner in shape.items():
        name = field.removesuffix("!")
        below = f"{path}.{name}" if path else name
        if value.get(name) is not None:
            yield from _wrong(value[name], inner, below.removeprefix("the document."))
        elif name != field:
            yield f"{below.removeprefix('the document.')} is missing"
