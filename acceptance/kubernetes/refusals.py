"""What speaks against taking a backend away, asked before anything is changed."""

from collections.abc import Iterator

from acceptance.errors import NotProven
from acceptance.kubernetes.api import Api
from acceptance.kubernetes.lease import NAME as LEASE
from acceptance.kubernetes.objects import owners_by_selector, replicas
from acceptance.kubernetes.rights import Right, allowed
from acceptance.kubernetes.workload_snapshot import annotations
from acceptance.resources import Manifest, ServiceName

_MANAGED_BY = {
    "argocd.argoproj.io/tracking-id": "Argo CD",
    "argocd.argoproj.io/instance": "Argo CD",
    "argocd-controller": "Argo CD",
    "kustomize.toolkit.fluxcd.io/name": "Flux",
    "kustomize-controller": "Flux",
    "helm.toolkit.fluxcd.io/name": "Flux",
    "helm-controller": "Flux",
}
"""Labels, annotations and field managers of what would undo a drill (Argo CD 2 and 3, Flux 2).

Argo CD 2 by default marks nothing but a label that Helm's charts set too; as a field manager it
is known all the same.
"""
_LEASES = "coordination.k8s.io"


def workload_behind(api: Api, service: ServiceName) -> Manifest:
    """The one workload behind a Service, if nothing speaks against scaling it to nothing.

    Raises:
        NotProven: something does; says what.
    """
    owner = _the_one(api, service)
    name = f"{owner['kind']} {service.namespace}/{owner['metadata']['name']}"
    for reason in _reasons(api, owner):
        raise NotProven(f"no drill with {name}: {reason}")
    return owner


def _the_one(api: Api, service: ServiceName) -> Manifest:
    behind = f"Service {service.namespace}/{service.name}"
    found = api.get("Service", service.namespace, service.name)
    if found is None:
        raise NotProven(f"no drill without a {behind}: settings name the Services of the backends")
    owners = owners_by_selector(api, service)
    if len(owners) != 1:
        names = ", ".join(f"{each['kind']} {each['metadata']['name']}" for each in owners)
        raise NotProven(
            f"no drill with what is behind {behind}: it wants one Deployment or StatefulSet, and "
            f"there {'are ' + names if names else 'is none'}"
        )
    own = owners[0]["spec"]["selector"].get("matchLabels") or {}
    for pod in api.list("Pod", service.namespace, found["spec"]["selector"]):
        if not own.items() <= (pod["metadata"].get("labels") or {}).items():
            name = pod["metadata"]["name"]
            raise NotProven(f"no drill with what is behind {behind}: pod {name} would stay")
    return owners[0]


def _reasons(api: Api, owner: Manifest) -> Iterator[str]:
    metadata = owner["metadata"]
    if not replicas(owner):
        yield "it is at 0 already"
    for mark in _marks(owner):
        if mark in _MANAGED_BY:
            yield f"{_MANAGED_BY[mark]} would undo it ({mark})"
    for reference in metadata.get("ownerReferences") or ():
        yield f"{reference['kind']} {reference['name']}, to which it belongs, would undo it"
    needed = _needed(owner)
    lacking = [
        str(right)
        for right, name in needed
        if not allowed(api, metadata["namespace"], right, name=name)
    ]
    if lacking:
        yield f"missing rights: {', '.join(lacking)}; deploy/rbac/drills.yaml grants them"
    for scaler in api.list("HorizontalPodAutoscaler", metadata["namespace"], {}):
        reference = scaler["spec"]["scaleTargetRef"]
        if (reference["kind"], reference["name"]) == (owner["kind"], metadata["name"]):
            yield f"the autoscaler {scaler['metadata']['name']} owns its number of pods"


def _marks(owner: Manifest) -> Iterator[str]:
    yield from owner["metadata"].get("labels") or {}
    yield from annotations(owner)
    for each in owner["metadata"].get("managedFields") or ():
        yield each.get("manager", "")


def _needed(owner: Manifest) -> Iterator[tuple[Right, str]]:
    """The rights for a drill, and the name for which each is enough."""
    kind = f"{owner['kind'].lower()}s"
    yield Right(verb="patch", resource=kind, group="apps"), owner["metadata"]["name"]
    for verb in ("get", "update", "delete"):
        yield Right(verb=verb, resource="leases", group=_LEASES), LEASE
    for verb, resource, group in (
        ("create", "leases", _LEASES),
        ("list", "endpointslices", "discovery.k8s.io"),
        ("list", "horizontalpodautoscalers", "autoscaling"),
    ):
        yield Right(verb=verb, resource=resource, group=group), ""
