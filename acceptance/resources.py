"""What Kubernetes does with manifest objects, as pure functions: environment and Service names.

Source: Kubernetes 1.34, `pkg/kubelet/kubelet_pods.go` (makeEnvironmentVariables) and the API
reference of EnvVar and EnvFromSource.
"""

import base64
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlsplit

from acceptance.secret import MASK, Secret
from acceptance.shapes import SECRETIVE, secret_in

Manifest = Mapping[str, Any]
"""A Kubernetes object as read from YAML or from the API, camelCase."""

Lookup = Callable[[str, str], Mapping[str, str] | None]
"""The data of a ConfigMap or Secret of the pod's namespace by (kind, name); None if absent."""

CLUSTER_DOMAIN = "cluster.local"
"""With which all names in DNS end, unless a cluster was given another."""
_SIGN_IN = re.compile(r"(?<=://)[^/@\s]*@")
"""A user and a password within a URL."""
MOST_CHARACTERS = 131_072
"""Of a variable or an argument: Linux starts no program with a longer one (MAX_ARG_STRLEN)."""
_SERVICE = re.compile(
    r"(?P<namespace>[^/:\s\0]+)/(?P<name>[^/:\s\0]+)(?::(?P<port>0*[1-9][0-9]{0,4}))?"
)
_LAST_PORT = 65_535
_REFERENCE = re.compile(r"\$\$|\$\((?P<name>[^)]*)\)")
"""As `third_party/forked/golang/expansion` reads it: whatever stands up to the next `)`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Variable:
    """One variable of a container, and where its value came from."""

    name: str
    value: Secret
    source: str
    """`value`, `Secret NAME, key KEY`, `envFrom Secret NAME`, or `image`."""
    hides: int = 0
    """How many earlier entries of the same name it hides: the last one wins."""
    refers: frozenset[str] = frozenset()
    """Names of the variables that its value was put together from, by `$(NAME)`."""

    @property
    def secretive(self) -> bool:
        """Whether all of its value may be a secret."""
        return bool(SECRETIVE.search(self.name) or "Secret" in self.source or self.value.sealed)

    def secrets(self) -> Iterator[Secret]:
        """What is secret in its value, as far as it may be read."""
        if "Secret" in self.source and not self.value.sealed:
            yield self.value
        elif not self.value.sealed:
            yield from map(Secret, secret_in(self.name, self.value.reveal()))

    def shown(self) -> str:
        """The value for a report; of what may be a secret, the fingerprint only."""
        if self.secretive:
            return f"(fingerprint {self.value.fingerprint})"
        return _SIGN_IN.sub(f"{MASK}@", self.value.reveal())


Environment = Mapping[str, Variable]
UNREAD = "(unread)"
"""Name under which an environment holds what may not be read, and may define any variable."""


def named(environment: Environment, name: str) -> Variable | None:
    """The variable of this name; in its place, what may define it and may not be read."""
    return environment.get(name) or environment.get(UNREAD)


def resolve_environment(
    container: Manifest, lookup: Lookup, fields: Mapping[str, str]
) -> Environment:
    """The environment that the kubelet gives to a container.

    `envFrom` comes first, then `env`; of two entries with one name the last wins; `$(NAME)` is
    replaced by a variable defined before it, `$$` by `$`. What refers to nothing is left out: see
    `missing_references`.

    Args:
        container: the container of a pod spec.
        lookup: finds ConfigMaps and Secrets of the pod's namespace.
        fields: values for `fieldRef`, by field path (`metadata.name`).
    """
    environment: dict[str, Variable] = {}
    for variable in (*_from_sources(container, lookup), *_from_entries(container, lookup, fields)):
        earlier = environment.get(variable.name)
        value, refers = variable.value, frozenset[str]()
        if variable.source == "value":
            refers = _referred(value.reveal(), environment)
            value = Secret(expand(value.reveal(), environment))
        environment[variable.name] = Variable(
            name=variable.name,
            value=value,
            source=variable.source,
            hides=earlier.hides + 1 if earlier else 0,
            refers=refers,
        )
    return environment


def _referred(value: str, environment: Environment) -> frozenset[str]:
    """The variables that a value refers to, and those that they refer to."""
    closed = value.rpartition(")")  # behind the last one nothing refers, as in `expand`
    names = {match["name"] for match in _REFERENCE.finditer("".join(closed[:2]))}
    known = [environment[name] for name in names if name in environment]
    return frozenset({each.name for each in known}.union(*(each.refers for each in known)))


def _from_sources(container: Manifest, lookup: Lookup) -> Iterator[Variable]:
    for source in container.get("envFrom") or ():
        for kind, field in (("ConfigMap", "configMapRef"), ("Secret", "secretRef")):
            reference = source.get(field)
            if not reference:
                continue
            for key, value in (lookup(kind, reference["name"]) or {}).items():
                name = f"{source.get('prefix') or ''}{key}"
                yield Variable(
                    name=name, value=Secret(value), source=f"envFrom {kind} {reference['name']}"
                )


def _from_entries(
    container: Manifest, lookup: Lookup, fields: Mapping[str, str]
) -> Iterator[Variable]:
    for entry in container.get("env") or ():
        origin = entry.get("valueFrom")
        if not origin:
            value = Secret(str(entry.get("value") or ""))
            yield Variable(name=entry["name"], value=value, source="value")
        elif "fieldRef" in origin:
            path = origin["fieldRef"]["fieldPath"]
            yield Variable(
                name=entry["name"], value=Secret(fields.get(path, "")), source=f"field {path}"
            )
        elif "resourceFieldRef" in origin:
            yield Variable(name=entry["name"], value=Secret(""), source="a resource limit")
        else:
            yield from _referenced(entry["name"], origin, lookup)


def _referenced(name: str, origin: Manifest, lookup: Lookup) -> Iterator[Variable]:
    kind, reference = _key_reference(origin)
    data = lookup(kind, reference["name"]) or {}
    if reference["key"] in data:
        source = f"{kind} {reference['name']}, key {reference['key']}"
        yield Variable(name=name, value=Secret(data[reference["key"]]), source=source)


def _key_reference(origin: Manifest) -> tuple[str, Manifest]:
    if "secretKeyRef" in origin:
        return "Secret", origin["secretKeyRef"]
    return "ConfigMap", origin["configMapKeyRef"]


@dataclass(frozen=True, kw_only=True, slots=True)
class VolumeSource:
    """A ConfigMap or Secret whose data are files of a volume."""

    kind: str
    name: str
    optional: bool
    items: tuple[Manifest, ...]
    """Which keys become files, and by which path; none: all of them."""

    def files(self, data: Mapping[str, str]) -> Mapping[str, str]:
        """Text of each file, by its path in the volume."""
        if not self.items:
            return data
        return {item["path"]: data[item["key"]] for item in self.items if item["key"] in data}


def sources_of(volume: Manifest) -> Iterator[VolumeSource]:
    """The ConfigMaps and Secrets of a volume: its own, or those that it projects."""
    parts = [(volume, "secretName")]
    parts += [(part, "name") for part in (volume.get("projected") or {}).get("sources") or ()]
    for part, secret_name in parts:
        for kind, field, name in (
            ("ConfigMap", "configMap", "name"),
            ("Secret", "secret", secret_name),
        ):
            if source := part.get(field):
                yield VolumeSource(
                    kind=kind,
                    name=source[name],
                    optional=bool(source.get("optional")),
                    items=tuple(source.get("items") or ()),
                )


def missing_volumes(spec: Manifest, lookup: Lookup) -> tuple[str, ...]:
    """What the volumes of a pod refer to, is not optional and does not exist: it cannot start."""
    missing = []
    for volume in spec.get("volumes") or ():
        for source in sources_of(volume):
            data = lookup(source.kind, source.name)
            if source.optional:
                continue
            if data is None:
                missing.append(f"{source.kind} {source.name}")
            missing += [
                f"key {item['key']} of {source.kind} {source.name}"
                for item in source.items
                if data is not None and item["key"] not in data
            ]
    return tuple(dict.fromkeys(missing))


def missing_references(
    container: Manifest, lookup: Lookup, *, with_keys: bool = False
) -> tuple[str, ...]:
    """What the container refers to, is not optional and does not exist: it cannot start.

    Args:
        container: the container of a pod spec.
        lookup: finds ConfigMaps and Secrets of the pod's namespace.
        with_keys: whether to say which keys are there in place of one that is missing.
    """
    wanted: list[tuple[str, Manifest]] = [
        (kind, source[field])
        for source in container.get("envFrom") or ()
        for kind, field in (("ConfigMap", "configMapRef"), ("Secret", "secretRef"))
        if source.get(field)
    ]
    wanted += [
        _key_reference(entry["valueFrom"])
        for entry in container.get("env") or ()
        if {"secretKeyRef", "configMapKeyRef"} & set(entry.get("valueFrom") or ())
    ]
    missing = []
    for kind, reference in wanted:
        data = lookup(kind, reference["name"])
        if reference.get("optional"):
            continue
        if data is None:
            missing.append(f"{kind} {reference['name']}")
        elif reference.get("key", "") not in ("", *data):
            there = f" (it has {', '.join(sorted(data)) or 'none'})" if with_keys else ""
            missing.append(f"key {reference['key']} of {kind} {reference['name']}{there}")
    return tuple(dict.fromkeys(missing))


def given_names(spec: Manifest) -> Iterator[str]:
    """A remark on names that a pod is given by hand, whatever DNS says of them."""
    for each in spec.get("hostAliases") or ():
        names = ", ".join(each.get("hostnames") or ())
        yield f"hostAliases: {names} is {each['ip']} in its pods, whatever DNS says"


def expand(value: str, environment: Environment) -> str:
    """The text with `$(NAME)` replaced, as in a container's values, command and arguments.

    Raises:
        ValueError: it becomes longer than Linux gives to a program.
    """
    longest = len(value)

    def replacement(match: re.Match[str]) -> str:
        name = match["name"]
        if name is None:
            return "$"
        text = environment[name].value.reveal() if name in environment else match[0]
        nonlocal longest
        longest += len(text)
        if longest > MOST_CHARACTERS:
            raise ValueError(f"$({name}) makes a text of more than {MOST_CHARACTERS} characters")
        return text

    # behind the last `)` nothing refers; looked for there, the time would grow with its square
    referring, closed, rest = value.rpartition(")")
    return _REFERENCE.sub(replacement, referring + closed) + rest.replace("$$", "$")


def data_of(manifest: Manifest) -> Mapping[str, str]:
    """The data of a ConfigMap or Secret as text; `stringData` wins over `data`.

    Raises:
        ValueError: a value is no text, or one of a Secret's `data` is not base64.
    """
    plain = _texts(manifest, "data")
    if manifest["kind"] != "Secret":
        return plain
    return {
        **{key: _decoded(key, value) for key, value in plain.items()},
        **_texts(manifest, "stringData"),
    }


def _texts(manifest: Manifest, field: str) -> dict[str, str]:
    values = manifest.get(field) or {}
    entries = values.items() if isinstance(values, Mapping) else [(field, values)]
    wrong = [key for key, value in entries if not isinstance(value, str | None)]
    if wrong:  # the values stay unsaid
        raise ValueError(f"{wrong[0]} under {field} is no text: numbers and booleans need quotes")
    return {str(key): value or "" for key, value in entries}


def _decoded(key: str, value: str) -> str:
    try:
        # like Kubernetes, which skips line ends: a YAML block scalar always brings one
        return base64.b64decode("".join(value.splitlines()), validate=True).decode()
    except ValueError as error:  # the value itself stays unsaid
        raise ValueError(f"data.{key} is not base64 of text") from error


@dataclass(frozen=True, kw_only=True, slots=True)
class ServiceName:
    """A Service, and the port by which it is addressed."""

    namespace: str
    name: str
    port: int

    @classmethod
    def read(cls, text: str) -> Self | None:
        """The one written as `namespace/name` or `namespace/name:port`; None for anything else.

        Port 0 stands for the Service's first.
        """
        match = _SERVICE.fullmatch(text)
        port = int(match["port"] or 0) if match else 0
        if match is None or port > _LAST_PORT:
            return None
        return cls(namespace=match["namespace"], name=match["name"], port=port)

    @property
    def host(self) -> str:
        """Its whole name in DNS (Kubernetes 1.34)."""
        return f"{self.name}.{self.namespace}.svc.{CLUSTER_DOMAIN}"

    def same_service(self, other: "ServiceName") -> bool:
        """Whether both name one Service, by whatever port."""
        return (self.namespace, self.name) == (other.namespace, other.name)

    def __str__(self) -> str:
        return f"{self.name}.{self.namespace}:{self.port}"


def text_of(environment: Environment, name: str) -> str:
    """A variable's text; empty where there is none, or where it may not be read."""
    variable = environment.get(name)
    return variable.value.reveal() if variable and not variable.value.sealed else ""


def is_address(text: str) -> bool:
    """Whether it is a URL of http or https with a host, and with a port that can be one."""
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def service_in(url: str, *, namespace: str) -> ServiceName | None:
    """The Service that a URL names, seen from a pod of `namespace`; None for any other host.

    `litellm`, `litellm.ml`, `litellm.ml.svc` and `litellm.ml.svc.<any cluster domain>` are one
    Service; a trailing dot changes nothing.
    """
    try:
        parts = urlsplit(url.strip())
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme, 0)
    except ValueError:
        return None
    host = parts.hostname or ""
    labels = host.rstrip(".").split(".")
    if not labels[0] or labels[0].isdigit() or ":" in host:
        return None
    match labels:
        case [name]:
            return ServiceName(namespace=namespace, name=name, port=port)
        case [name, space] | [name, space, "svc", *_]:
            return ServiceName(namespace=space, name=name, port=port)
        case _:
            return None
