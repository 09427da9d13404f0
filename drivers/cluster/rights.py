"""What these rights allow, asked before anything is judged."""

from collections.abc import Iterator
from dataclasses import dataclass

from domain.errors import SetupError
from domain.message import explain
from drivers.cluster.api import Api

_REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
_WHO = "/apis/authentication.k8s.io/v1/selfsubjectreviews"


@dataclass(frozen=True, kw_only=True, slots=True)
class Right:
    """A verb on a resource, and what cannot be done without it."""

    verb: str
    resource: str
    """With its subresource, as in `pods/exec`."""
    without: str
    """What is not proven without it; empty: nothing can be judged at all."""
    group: str = ""

    def __str__(self) -> str:
        return f"{self.verb} {self.resource}{f'.{self.group}' if self.group else ''}"


_WORKLOAD = "whether the newest configuration serves, and what it declares"
READING = (
    Right(verb="get", resource="services", without=""),
    Right(verb="list", resource="pods", without=""),
    # 1.34 asks for `get` where the connection is a WebSocket; 1.35 and later for `create` too
    Right(verb="get", resource="pods/portforward", without=""),
    Right(
        verb="get",
        resource="pods/exec",
        without="whether Open WebUI reaches LiteLLM from inside, and which key its process holds",
    ),
    Right(verb="get", resource="deployments", group="apps", without=_WORKLOAD),
    Right(verb="get", resource="replicasets", group="apps", without=_WORKLOAD),
    Right(verb="get", resource="statefulsets", group="apps", without=_WORKLOAD),
    Right(verb="get", resource="configmaps", without="whether a ConfigMap was changed later"),
    Right(verb="get", resource="pods/log", without="why a pod does not serve, in its own words"),
)
"""All that a run needs which changes nothing; `deploy/rbac/` grants exactly these."""


def missing(api: Api, namespace: str) -> tuple[Right, ...]:
    """The rights for reading that these credentials lack in a namespace."""
    return tuple(right for right in READING if not allowed(api, namespace, right))


def allowed(api: Api, namespace: str, right: Right, *, name: str = "") -> bool:
    """Whether the API server would allow this, for one name or for all."""
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
    return bool(api.ask("POST", _REVIEWS, body=body)["status"].get("allowed"))


def require_reading(api: Api, *namespaces: str) -> tuple[str, ...]:
    """What stays unproven with these rights, a line each.

    Raises:
        SetupError: a right is missing without which nothing can be judged.
    """
    lacking = [(space, right) for space in namespaces for right in missing(api, space)]
    fatal = [f"{right} in {space}" for space, right in lacking if not right.without]
    if fatal:
        raise SetupError(
            explain(
                "These rights do not allow to judge anything.",
                expected="the rights of deploy/rbac/read-only.yaml",
                found=f"missing: {', '.join(fatal)}",
                where=f"context {api.context}, {who(api)}",
                fix="kubectl apply -f deploy/rbac/, or take another context",
            )
        )
    return tuple(_unproven(lacking))


def _unproven(lacking: list[tuple[str, Right]]) -> Iterator[str]:
    for space, right in lacking:
        yield f"missing right: {right} in {space}; not proven without it: {right.without}"


def who(api: Api) -> str:
    """As whom the API server knows these credentials."""
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    answer = api.ask("POST", _WHO, body=review) or {}  # 404 before Kubernetes 1.28
    return str(answer.get("status", {}).get("userInfo", {}).get("username", "an unknown user"))
