"""What these rights allow, asked before anything is judged."""

from collections.abc import Iterator
from dataclasses import dataclass

from acceptance.errors import SetupError
from acceptance.json_values import mapping
from acceptance.kubernetes.api import Api
from acceptance.kubernetes.errors import Forbidden
from acceptance.message import explain

_REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
_WHO = "/apis/authentication.k8s.io/v1/selfsubjectreviews"


@dataclass(frozen=True, kw_only=True, slots=True)
class Right:
    """A verb on a resource, and what cannot be done without it."""

    verb: str
    resource: str
    """With its subresource, as in `pods/exec`."""
    group: str = ""
    since: int = 0
    """Minor version of Kubernetes that asks for it; for a WebSocket, `create` came with 1.35."""
    open_webui: tuple[str, ...] = ()
    """Scenarios that are not proven without it in Open WebUI's namespace."""
    gateway: tuple[str, ...] = ()
    """Those that are not proven without it in the gateway's."""
    otherwise: str = ""
    """What else is missing without it; where all three are empty, nothing can be judged."""

    @property
    def indispensable(self) -> bool:
        """Whether nothing can be judged without it."""
        return not (self.open_webui or self.gateway or self.otherwise)

    def __str__(self) -> str:
        return f"{self.verb} {self.resource}{f'.{self.group}' if self.group else ''}"


_NEWEST = "The newest configuration of Open WebUI is the one that serves"
_NEWEST_GATEWAY = "The newest configuration of the gateway is the one that serves"
_INSIDE = (
    "The declared endpoint is LiteLLM",  # where a whole Secret may define it
    "Open WebUI was restarted with its new settings",
    "The gateway is reached from inside Open WebUI",
    "The key in use comes from the secret",
    _NEWEST,
)
_AWAY = "whether a backend is meant to be away, and whether a drill left it so"


def _exec(verb: str, *, since: int = 0) -> Right:
    return Right(
        verb=verb,
        resource="pods/exec",
        since=since,
        open_webui=_INSIDE,
        gateway=(_NEWEST_GATEWAY,),
    )


def _newest(resource: str, group: str = "apps") -> Right:
    return Right(
        verb="get",
        resource=resource,
        group=group,
        open_webui=(_NEWEST,),
        gateway=(_NEWEST_GATEWAY,),
    )


READING = (
    Right(verb="get", resource="services"),
    Right(verb="list", resource="pods"),
    Right(verb="get", resource="pods/portforward"),
    Right(verb="create", resource="pods/portforward", since=35),
    _exec("get"),
    _exec("create", since=35),
    *map(_newest, ("deployments", "replicasets", "statefulsets")),
    _newest("configmaps", group=""),
    Right(verb="list", resource="deployments", group="apps", otherwise=_AWAY),
    Right(verb="list", resource="statefulsets", group="apps", otherwise=_AWAY),
    Right(
        verb="list",
        resource="endpointslices",
        group="discovery.k8s.io",
        otherwise="whether a Service leads to anybody else than its own pods",
    ),
    Right(
        verb="list",
        resource="events",
        otherwise="why no pod is made, or a probe fails, in the cluster's own words",
    ),
    Right(verb="get", resource="pods/log", otherwise="why a pod does not serve, in its own words"),
)
"""All that a run needs which changes nothing; `deploy/rbac/read-only.yaml` grants exactly these."""


def allowed(api: Api, namespace: str, right: Right, *, name: str = "") -> bool:
    """Whether the API server would allow this, for one name or for all.

    Raises:
        SetupError: not even that may be asked.
    """
    resource, _, subresource = right.resource.partition("/")
    attributes = {
        "namespace": namespace,
        "verb": right.verb,
        "group": right.group,
        "resource": resource,
        **({"subresource": subresource} if subresource else {}),
        **({"name": name} if name else {}),
    }
    body = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    }
    try:
        found = api.ask_server("POST", _REVIEWS, body=body)
        return mapping(found.get("status")).get("allowed") is True
    except Forbidden as error:  # every user may ask that, unless somebody took it away on purpose
        raise SetupError(_useless(api, str(error))) from error


def require_reading(api: Api, *, minor: int, open_webui: str, gateway: str) -> tuple[str, ...]:
    """What stays unproven with these rights, a line each.

    Args:
        api: the API server.
        minor: its minor version.
        open_webui: namespace of Open WebUI.
        gateway: namespace of the gateway.

    Raises:
        SetupError: a right is missing without which nothing can be judged.
    """
    lacking = [
        (space, right)
        for space in dict.fromkeys((open_webui, gateway))
        for right in READING
        if right.since <= minor and not allowed(api, space, right)
    ]
    fatal = [f"{right} in {space}" for space, right in lacking if right.indispensable]
    if fatal:
        raise SetupError(_useless(api, f"missing: {', '.join(fatal)}"))
    return tuple(
        f"missing right: {right} in {space}; not proven without it: "
        f"{', '.join(_without(right, space, open_webui, gateway)) or right.otherwise}"
        for space, right in lacking
    )


def _without(right: Right, space: str, open_webui: str, gateway: str) -> Iterator[str]:
    if space == open_webui:
        yield from (f'"{title}"' for title in right.open_webui)
    if space == gateway:
        yield from (f'"{title}"' for title in right.gateway)


def _useless(api: Api, found: str) -> str:
    return explain(
        "These rights do not allow to judge anything.",
        expected="the rights of deploy/rbac/read-only.yaml, in namespaces that exist",
        found=found,
        where=f"context {api.context}, {who(api)}",
        fix="kubectl apply -f deploy/rbac/read-only.yaml, or take another context",
    )


def identity(api: Api) -> str:
    """What tells this cluster from all others, whatever a context calls it: a UID of its own.

    Empty where these rights do not show it.
    """
    try:
        found = mapping(api.ask("GET", "/api/v1/namespaces/kube-system"))
    except Forbidden:
        return ""
    return str(mapping(found.get("metadata")).get("uid", ""))


def who(api: Api) -> str:
    """As whom the API server knows these credentials."""
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    try:
        answer = mapping(api.ask("POST", _WHO, body=review))  # 404 before Kubernetes 1.28
    except Forbidden:
        return "a user who may not even ask who it is"
    known = mapping(mapping(answer.get("status")).get("userInfo"))
    return str(known.get("username", "an unknown user"))
