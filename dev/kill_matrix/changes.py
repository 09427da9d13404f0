"""The vocabulary of changes: what a fault file may do to the lab. See docs/faults.md."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from acceptance.lab.embedded.network import Disturbance
from acceptance.lab.providers.behaviour import Behaviour
from acceptance.resources import Manifest


@dataclass(frozen=True, kw_only=True, slots=True)
class Patch:
    """An object is changed: a JSON patch (RFC 6902) or a merge patch (RFC 7386)."""

    kind: str
    namespace: str
    name: str
    json: tuple[Mapping[str, Any], ...] = ()
    merge: Mapping[str, Any] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Create:
    """An object is added, or put in the place of the one of its name."""

    manifest: Manifest


@dataclass(frozen=True, kw_only=True, slots=True)
class Delete:
    """An object is removed."""

    kind: str
    namespace: str
    name: str


@dataclass(frozen=True, kw_only=True, slots=True)
class GatewayConfig:
    """LiteLLM's configuration inside its ConfigMap is changed: patched, or text put at its end."""

    json: tuple[Mapping[str, Any], ...] = ()
    append: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Connections:
    """The connections of Open WebUI, as an administrator saves them in the page."""

    connections: tuple[Mapping[str, Any], ...]
    enabled: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class ApiCall:
    """A call of Open WebUI's API as the administrator: models, users, groups, functions."""

    method: str
    path: str
    body: Any = None
    pod: str = ""
    """`namespace/name` of the replica that is called; empty: the first one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Provider:
    """A provider behaves in another way."""

    provider: str
    behaviour: Behaviour


@dataclass(frozen=True, kw_only=True, slots=True)
class Network:
    """Names or routes of some pods are wrong."""

    disturbance: Disturbance


@dataclass(frozen=True, kw_only=True, slots=True)
class Stop:
    """The program of a pod ends, and is not started again."""

    pod: str


@dataclass(frozen=True, kw_only=True, slots=True)
class OrdinaryUser:
    """An ordinary account is given to the run, in this role."""

    role: str


ObjectChange = Patch | Create | Delete | GatewayConfig
RunningChange = Connections | ApiCall | Provider | Network | Stop | OrdinaryUser
Change = ObjectChange | RunningChange


def _reference(text: str) -> tuple[str, str, str]:
    kind, _, rest = text.partition(" ")
    namespace, slash, name = rest.partition("/")
    if not (kind and slash and namespace and name):
        raise ValueError(f"an object is written `Kind namespace/name`, found {text!r}")
    return kind, namespace, name


def _patch(value: str, more: Mapping[str, Any]) -> Patch:
    kind, namespace, name = _reference(value)
    return Patch(
        kind=kind,
        namespace=namespace,
        name=name,
        json=tuple(more.get("json", ())),
        merge=more.get("merge"),
    )


def _delete(value: str, _more: Mapping[str, Any]) -> Delete:
    kind, namespace, name = _reference(value)
    return Delete(kind=kind, namespace=namespace, name=name)


def _api(value: str, more: Mapping[str, Any]) -> ApiCall:
    method, _, path = value.partition(" ")
    if method not in ("GET", "POST", "DELETE") or not path.startswith("/"):
        raise ValueError(f"a call is written `POST /path`, found {value!r}")
    return ApiCall(method=method, path=path, body=more.get("body"), pod=more.get("pod", ""))


def _network(value: Mapping[str, Any], _more: Mapping[str, Any]) -> Network:
    return Network(
        disturbance=Disturbance(
            names=value.get("names", {}),
            silent=frozenset(value.get("silent", ())),
            search=tuple(value.get("search", ())),
            pods=value.get("pods", ""),
        )
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Verb:
    """How one kind of change is written."""

    read: Callable[[Any, Mapping[str, Any]], Change]
    kind: type
    """Type of the value behind the verb."""
    fields: frozenset[str] = frozenset()
    """Further fields of the change."""


VERBS: Mapping[str, Verb] = {
    "patch": Verb(read=_patch, kind=str, fields=frozenset({"json", "merge"})),
    "create": Verb(read=lambda value, _: Create(manifest=value), kind=dict),
    "delete": Verb(read=_delete, kind=str),
    "gateway config": Verb(
        read=lambda value, _: GatewayConfig(
            json=tuple(value.get("json", ())), append=value.get("append", "")
        ),
        kind=dict,
    ),
    "connections": Verb(
        read=lambda value, more: Connections(
            connections=tuple(value), enabled=more.get("enabled", True)
        ),
        kind=list,
        fields=frozenset({"enabled"}),
    ),
    "api": Verb(read=_api, kind=str, fields=frozenset({"body", "pod"})),
    "provider": Verb(
        read=lambda value, more: Provider(
            provider=value, behaviour=Behaviour.read(more.get("behaviour"))
        ),
        kind=str,
        fields=frozenset({"behaviour"}),
    ),
    "network": Verb(read=_network, kind=dict),
    "stop": Verb(read=lambda value, _: Stop(pod=value), kind=str),
    "ordinary user": Verb(read=lambda value, _: OrdinaryUser(role=value), kind=str),
}
WHEN = ("at boot", "while running")
"""`at boot`: the pods start with it. `while running`: it comes after, and nothing restarts."""


def read_change(entry: Mapping[str, Any]) -> tuple[Change, bool]:
    """The change that an entry describes, and whether it comes while everything runs.

    Raises:
        ValueError: no verb or several, an unknown field, a value of the wrong type.
    """
    verbs = [name for name in entry if name in VERBS]
    if len(verbs) != 1:
        raise ValueError(f"a change has exactly one of {', '.join(VERBS)}; found {sorted(entry)}")
    verb = VERBS[verbs[0]]
    if unknown := set(entry) - verb.fields - {verbs[0], "when"}:
        raise ValueError(f"{verbs[0]!r} takes no {', '.join(sorted(unknown))}")
    value = entry[verbs[0]]
    if not isinstance(value, verb.kind):
        raise ValueError(f"{verbs[0]!r} takes a {verb.kind.__name__}, found {value!r}")  # noqa: TRY004
    change = verb.read(value, entry)
    when = entry.get("when", WHEN[0])
    if when not in WHEN:
        raise ValueError(f"`when` is {' or '.join(WHEN)}, found {when!r}")
    return change, when == WHEN[1] or not isinstance(change, ObjectChange)
