"""Rules of the API server about fields that must agree: names, references, what excludes what.

Source: Kubernetes 1.34, `pkg/apis/core/validation` and `pkg/apis/apps/validation`. Objects come
here in their right shape; no value but a name is quoted.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from acceptance.resources import Manifest

Path = tuple[str | int, ...]
_VERSIONS = {"Deployment": "apps/v1", "StatefulSet": "apps/v1"}
_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_QUALIFIED = rf"({_SUBDOMAIN}/)?[A-Za-z0-9]([-._A-Za-z0-9]{{0,61}}[A-Za-z0-9])?"
_LABEL_VALUE = r"([A-Za-z0-9]([-._A-Za-z0-9]{0,61}[A-Za-z0-9])?)?"
_PORT_NAME = r"(?=.*[a-z])[a-z0-9]([a-z0-9]|-(?=[a-z0-9]))*"
_ENV_NAME = r"[ -<>-~]+"
_FIELDS = (
    r"metadata\.(name|namespace|uid)|metadata\.(labels|annotations)\['.+'\]"
    r"|spec\.(nodeName|serviceAccountName)|status\.(hostIPs?|podIPs?)"
)
_QUANTITY = re.compile(r"([+-]?(?:\d+(?:\.\d*)?|\.\d+))([KMGTPE]i|[numkMGTPE]|[eE][+-]?\d+)?")
_POWERS = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_MOST_BYTES = 1_048_576
"""Of the data of a ConfigMap or Secret."""
_TYPED_SECRETS = {
    "kubernetes.io/tls": {"tls.crt", "tls.key"},
    "kubernetes.io/dockerconfigjson": {".dockerconfigjson"},
    "kubernetes.io/ssh-auth": {"ssh-privatekey"},
}


@dataclass(frozen=True, slots=True)
class Wrong:
    """Something that the API server would refuse."""

    path: Path
    """The field."""
    text: str

    def __str__(self) -> str:
        return self.text


def shown(path: Path) -> str:
    """A field's path as kubectl writes it."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".")


def broken(item: Manifest) -> Iterator[Wrong]:
    """What an object of a kind that the lab reads breaks."""
    kind = item["kind"]
    version = item.get("apiVersion")
    if version not in (None, _VERSIONS.get(kind, "v1")):
        yield Wrong(("apiVersion",), f'no matches for kind "{kind}" in version "{version}"')
    yield from _metadata(item)
    if kind in ("Deployment", "StatefulSet"):
        yield from _workload(item["spec"])
    elif kind == "Pod":
        yield from _pod(item["spec"], ("spec",), claims=())
    elif kind == "Service":
        yield from _service(item["spec"])
    else:
        yield from _data(item)


def _invalid(path: Path, why: str) -> Wrong:
    return Wrong(path, f"{shown(path)}: Invalid value: {why}")


def _matches(pattern: str, text: object, longest: int) -> bool:
    return isinstance(text, str) and len(text) <= longest and bool(re.fullmatch(pattern, text))


def _metadata(item: Manifest) -> Iterator[Wrong]:
    metadata, path = item["metadata"], ("metadata",)
    if item["kind"] == "Service":
        named = _matches(_LABEL, metadata["name"], 63)
    else:
        named = _matches(_SUBDOMAIN, metadata["name"], 253)
    if not named:
        yield _invalid((*path, "name"), "a name is of lower case, digits, - and . and not too long")
    if not _matches(_LABEL, metadata.get("namespace") or "default", 63):
        yield _invalid((*path, "namespace"), "a namespace is of at most 63 characters, without .")
    yield from _labels(metadata.get("labels") or {}, (*path, "labels"))


def _labels(labels: Mapping[str, Any], path: Path) -> Iterator[Wrong]:
    for key, value in labels.items():
        if not _matches(_QUALIFIED, key, 317) or not _matches(_LABEL_VALUE, value or "", 63):
            yield _invalid((*path, key), "a label is of letters, digits, -, _ and ., at most 63")


def _twice(values: Iterable[object]) -> Iterator[tuple[int, object]]:
    """Positions of values that stood before."""
    seen = Counter[object]()
    for number, value in enumerate(values):
        if value is not None and seen[value]:
            yield number, value
        seen[value] += 1


def _workload(spec: Manifest) -> Iterator[Wrong]:
    labels = spec["template"]["metadata"].get("labels") or {}
    selector = spec.get("selector") or {}
    template: Path = ("spec", "template")
    yield from _labels(labels, (*template, "metadata", "labels"))
    if not selector.get("matchLabels") and not selector.get("matchExpressions"):
        yield Wrong(("spec", "selector"), "spec.selector: Required value")
    elif not _selects(selector, labels):
        yield Wrong(
            (*template, "metadata", "labels"),
            "spec.template.metadata.labels: Invalid value: `selector` does not match template "
            "`labels`",
        )
    if spec["template"]["spec"].get("restartPolicy") not in (None, "Always"):
        path = (*template, "spec", "restartPolicy")
        yield Wrong(path, f'{shown(path)}: Unsupported value: supported values: "Always"')
    yield from _strategy(spec.get("strategy") or {})
    claims = [claim["metadata"]["name"] for claim in spec.get("volumeClaimTemplates") or ()]
    yield from _pod(spec["template"]["spec"], (*template, "spec"), claims=claims)


def _strategy(strategy: Manifest) -> Iterator[Wrong]:
    path: Path = ("spec", "strategy")
    if strategy.get("type") not in (None, "Recreate", "RollingUpdate"):
        yield Wrong(path, 'spec.strategy.type: Unsupported value: "Recreate", "RollingUpdate"')
    if strategy.get("type") == "Recreate" and strategy.get("rollingUpdate"):
        yield Wrong(path, "spec.strategy.rollingUpdate: Forbidden: with strategy type 'Recreate'")


def _selects(selector: Manifest, labels: Mapping[str, str]) -> bool:
    def holds(entry: Mapping[str, Any]) -> bool:
        value, values = labels.get(entry.get("key", "")), entry.get("values") or ()
        match entry.get("operator"):
            case "In":
                return value in values
            case "NotIn":
                return value not in values
            case "Exists":
                return value is not None
            case "DoesNotExist":
                return value is None
        return False

    exact = selector.get("matchLabels") or {}
    return all(labels.get(key) == value for key, value in exact.items()) and all(
        holds(entry) for entry in selector.get("matchExpressions") or ()
    )


def _pod(spec: Manifest, path: Path, *, claims: Iterable[str]) -> Iterator[Wrong]:
    containers = [
        ((*path, field, number), container)
        for field in ("initContainers", "containers")
        for number, container in enumerate(spec.get(field) or ())
    ]
    if not spec["containers"]:
        yield Wrong((*path, "containers"), f"{shown((*path, 'containers'))}: Required value")
    for number, _ in _twice(container["name"] for _, container in containers):
        where = (*containers[number][0], "name")
        yield Wrong(where, f"{shown(where)}: Duplicate value")
    volumes = spec.get("volumes") or ()
    for number, _ in _twice(volume["name"] for volume in volumes):
        where = (*path, "volumes", number, "name")
        yield Wrong(where, f"{shown(where)}: Duplicate value")
    for number, volume in enumerate(volumes):
        where = (*path, "volumes", number)
        sources = [key for key, value in volume.items() if key != "name" and value is not None]
        if not sources:
            yield Wrong(where, f"{shown(where)}: Required value: must specify a volume type")
        elif len(sources) > 1:
            yield Wrong(where, f"{shown(where)}: Forbidden: more than 1 volume type")
    known = {*claims, *(volume["name"] for volume in volumes)}
    for where, container in containers:
        yield from _container(container, where, known)


def _container(container: Manifest, path: Path, volumes: set[str]) -> Iterator[Wrong]:
    if not _matches(_LABEL, container["name"], 63):
        yield _invalid((*path, "name"), "a container's name is of at most 63 characters, without .")
    if container.get("imagePullPolicy") not in (None, "Always", "IfNotPresent", "Never"):
        where = (*path, "imagePullPolicy")
        yield Wrong(where, f'{shown(where)}: Unsupported value: "Always", "IfNotPresent", "Never"')
    yield from _words(container, path)
    yield from _variables(container.get("env") or (), (*path, "env"))
    yield from _ports(container.get("ports") or (), (*path, "ports"), number="containerPort")
    yield from _mounts(container.get("volumeMounts") or (), (*path, "volumeMounts"), volumes)
    for name in ("livenessProbe", "readinessProbe", "startupProbe"):
        probe = container.get(name)
        if (
            probe is not None
            and sum(
                probe.get(handler) is not None
                for handler in ("exec", "grpc", "httpGet", "tcpSocket")
            )
            != 1
        ):
            where = (*path, name)
            yield Wrong(where, f"{shown(where)}: Required value: must specify one handler type")
    yield from _resources(container.get("resources") or {}, (*path, "resources"))


def _words(container: Manifest, path: Path) -> Iterator[Wrong]:
    for number, source in enumerate(container.get("envFrom") or ()):
        where = (*path, "envFrom", number)
        if bool(source.get("configMapRef")) == bool(source.get("secretRef")):
            yield _invalid(where, "must specify one of: `configMapRef` or `secretRef`")
        if source.get("prefix") and not re.fullmatch(_ENV_NAME, source["prefix"]):
            yield _invalid((*where, "prefix"), "no name of a variable")


def _variables(entries: Iterable[Manifest], path: Path) -> Iterator[Wrong]:
    for number, entry in enumerate(entries):
        where = (*path, number)
        if not re.fullmatch(_ENV_NAME, entry["name"]):
            yield _invalid((*where, "name"), "a variable's name is printable ASCII without '='")
        origin = entry.get("valueFrom")
        if origin is None:
            continue
        where = (*where, "valueFrom")
        if entry.get("value"):
            yield _invalid(where, "may not be specified when `value` is not empty")
        if sum(value is not None for value in origin.values()) != 1:
            yield _invalid(
                where,
                "must specify one of: `fieldRef`, `resourceFieldRef`, "
                "`configMapKeyRef` or `secretKeyRef`",
            )
        field = origin.get("fieldRef") or {}
        if field and not re.fullmatch(_FIELDS, field["fieldPath"]):
            where = (*where, "fieldRef", "fieldPath")
            yield Wrong(where, f"{shown(where)}: Unsupported value: no field that a pod offers")


def _ports(ports: Iterable[Manifest], path: Path, *, number: str) -> Iterator[Wrong]:
    ports = list(ports)
    for position, _ in _twice(port.get("name") for port in ports):
        yield Wrong((*path, position), f"{shown((*path, position, 'name'))}: Duplicate value")
    for position, port in enumerate(ports):
        where = (*path, position)
        if port.get("name") is not None and not _matches(_PORT_NAME, port["name"], 15):
            yield _invalid(
                (*where, "name"),
                "a port's name is of lower case, digits and -, at "
                "most 15 characters, with a letter",
            )
        if port.get("protocol") not in (None, "TCP", "UDP", "SCTP"):
            yield Wrong(where, f'{shown((*where, "protocol"))}: Unsupported value: "TCP", "UDP"')
    if number == "port":
        for position, _ in _twice((port["port"], port.get("protocol") or "TCP") for port in ports):
            yield Wrong((*path, position), f"{shown((*path, position))}: Duplicate value")


def _mounts(mounts: Iterable[Manifest], path: Path, volumes: set[str]) -> Iterator[Wrong]:
    mounts = list(mounts)
    for number, mount in enumerate(mounts):
        where = (*path, number)
        if mount["name"] not in volumes:
            yield Wrong(
                (*where, "name"), f'{shown((*where, "name"))}: Not found: "{mount["name"]}"'
            )
        if not mount["mountPath"] or ":" in mount["mountPath"] or "\0" in mount["mountPath"]:
            yield _invalid((*where, "mountPath"), "a path without ':'")
        if mount.get("subPath") and mount.get("subPathExpr"):
            yield _invalid((*where, "subPathExpr"), "subPathExpr and subPath exclude each other")
    for number, _ in _twice(mount["mountPath"] for mount in mounts):
        yield _invalid((*path, number, "mountPath"), "must be unique")


def _resources(resources: Manifest, path: Path) -> Iterator[Wrong]:
    amounts: dict[tuple[str, str], float] = {}
    for field in ("requests", "limits"):
        given = resources.get(field) or {}
        if not isinstance(given, dict):
            yield Wrong((*path, field), f"{shown((*path, field))} is no object")
            continue
        for name, quantity in given.items():
            match = _QUANTITY.fullmatch(str(quantity))
            if match is None or isinstance(quantity, bool):
                yield _invalid(
                    (*path, field, name),
                    "quantities must match the regular expression "
                    "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
                )
                continue
            amounts[field, name] = _amount(match[1], match[2] or "")
    for (field, name), amount in amounts.items():
        if field == "requests" and amount > amounts.get(("limits", name), amount):
            yield _invalid((*path, field, name), f"must be less than or equal to {name} limit")


def _amount(number: str, suffix: str) -> float:
    if suffix.endswith("i"):
        return float(number) * 1024.0 ** (" KMGTPE".index(suffix[0]))
    if suffix[:1] in ("e", "E") and len(suffix) > 1:
        return float(number + suffix)
    return float(number) * 10.0 ** _POWERS[suffix]


def _service(spec: Manifest) -> Iterator[Wrong]:
    kind = spec.get("type") or "ClusterIP"
    ports = spec.get("ports") or []
    path: Path = ("spec", "ports")
    if kind not in ("ClusterIP", "NodePort", "LoadBalancer", "ExternalName"):
        yield Wrong(("spec", "type"), 'spec.type: Unsupported value: "ClusterIP", "NodePort", …')
    if kind == "ExternalName":
        if not spec.get("externalName"):
            yield Wrong(("spec",), "spec.externalName: Required value")
    elif not ports and spec.get("clusterIP") != "None":
        yield Wrong(("spec",), "spec.ports is missing")
    yield from _labels(spec.get("selector") or {}, ("spec", "selector"))
    yield from _ports(ports, path, number="port")
    for number, port in enumerate(ports):
        if len(ports) > 1 and not port.get("name"):
            where = (*path, number, "name")
            yield Wrong(where, f"{shown(where)}: Required value")
        yield from _service_port(port, (*path, number), kind)


def _service_port(port: Manifest, path: Path, kind: str) -> Iterator[Wrong]:
    target = port.get("targetPort")
    if isinstance(target, str) and not _matches(_PORT_NAME, target, 15):
        yield _invalid((*path, "targetPort"), "the name of a port; a number has no quotes")
    if not port.get("nodePort"):
        return
    path = (*path, "nodePort")
    if kind not in ("NodePort", "LoadBalancer"):
        yield Wrong(path, f"{shown(path)}: Forbidden: with type {kind}")
    elif not 30000 <= port["nodePort"] <= 32767:  # noqa: PLR2004  # the default range
        yield _invalid(path, "the range of valid ports is 30000-32767")


def _data(item: Manifest) -> Iterator[Wrong]:
    fields = {name: item.get(name) or {} for name in ("data", "binaryData", "stringData")}
    size = sum(len(value or "") for data in fields.values() for value in data.values())
    if size > _MOST_BYTES:
        yield Wrong((), f"Too long: may not be more than {_MOST_BYTES} bytes")
    for key in set(fields["data"]) & set(fields["binaryData"]):
        yield _invalid(("binaryData", key), "duplicate of key present in data")
    if item["kind"] == "ConfigMap" or "sops" in item:
        return
    missing = _TYPED_SECRETS.get(item.get("type", ""), set()) - {
        *fields["data"],
        *fields["stringData"],
    }
    if missing:
        path: Path = ("data", min(missing))
        yield Wrong(path, f"{shown(path)}: Required value: of type {item['type']}")
