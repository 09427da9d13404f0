"""What stands behind a Service, by the references between objects (Kubernetes 1.34)."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from acceptance.cluster import nothing_behind, outside
from acceptance.errors import SetupError
from acceptance.kubernetes.api import Api
from acceptance.kubernetes.diagnostics import why_stuck
from acceptance.kubernetes.errors import Forbidden
from acceptance.kubernetes.ports import Program, serving_container
from acceptance.resources import Manifest, ServiceName

SLICE_OF = "kubernetes.io/service-name"
"""Label of an EndpointSlice: whose it is."""
_OVER = ("Succeeded", "Failed")
_OWNERS = {"ReplicaSet", "Deployment", "StatefulSet"}
"""Kinds of `apps/v1` that are followed from a pod to whoever made it."""
_MOST_OWNERS = 5
"""That are followed, one after the other; a pod of a Deployment has two."""
_LAST = {"Deployment", "StatefulSet", "Pod"}
"""Those of which it is known how they replace pods; nobody replaces a bare pod."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Owner:
    """The last object that made a pod, as far as it may be seen."""

    manifest: Manifest
    """The pod itself where nobody made it, or nobody who can be looked at."""
    unsure: str = ""
    """Why this may not be the one that says how the pod should be; empty where it is."""

    def is_also_of(self, other: "Owner") -> bool:
        """Whether another pod's owner is the same object."""
        return bool(self.manifest["metadata"]["uid"] == other.manifest["metadata"]["uid"])


@dataclass(frozen=True, kw_only=True, slots=True)
class Behind:
    """A Service, the pods that it selects, and who made them."""

    service: Manifest
    port: int
    """By which it is addressed; 0: any of them."""
    program: Program | None
    """What is looked for; None: whatever answers the Service."""
    pods: tuple[Manifest, ...]
    owners: tuple[Owner, ...]
    """Of each pod."""

    @property
    def main(self) -> Owner:
        """Of several workloads behind one Service, the one that bears its name is meant."""
        name = self.service["metadata"]["name"]
        named = [each for each in self.owners if each.manifest["metadata"]["name"] == name]
        return (named or self.owners)[0]

    @property
    def owner(self) -> Manifest:
        """Deployment or StatefulSet; what comes nearest to one where that is not known."""
        return self.main.manifest

    @property
    def template(self) -> Manifest:
        """Of the pods to be: labels and spec."""
        found: Manifest = self.owner.get("spec", {}).get("template") or self.owner
        return found

    def serving(self, pod: Manifest) -> Manifest:
        """The container of a pod, or of the template, that is the program."""
        return serving_container(pod, self.service, self.port, self.program)


def behind(api: Api, name: ServiceName, program: Program | None = None) -> Behind:
    """What stands behind a Service; raises like `selected`."""
    service, pods = selected(api, name)
    owners = tuple(owner_of(api, pod) for pod in pods)
    return Behind(service=service, port=name.port, program=program, pods=pods, owners=owners)


def selected(api: Api, name: ServiceName) -> tuple[Manifest, tuple[Manifest, ...]]:
    """A Service and the pods that it selects, without a look at who made them.

    Raises:
        SetupError: the Service does not exist, or selects nothing.
        Forbidden: these rights do not allow to look.
    """
    service = api.get("Service", name.namespace, name.name)
    if service is None:
        raise nothing_behind(name, f"no such Service, or no namespace {name.namespace}")
    selector = service["spec"].get("selector")
    if not selector:
        raise _beyond(api, name, service)
    found = api.list("Pod", name.namespace, selector)
    pods = tuple(sorted(filter(_lives, found), key=lambda pod: str(pod["metadata"]["name"])))
    if not pods:
        why = _why_none_is_made(api, name)
        raise nothing_behind(
            name,
            f"its selector matches no pod that runs{why}",
            **({"fix": "mend what its controller complains of"} if why else {}),
        )
    return service, pods


def _beyond(api: Api, name: ServiceName, service: Manifest) -> SetupError:
    """The error for a Service without a selector, which says where it leads."""
    ports = [each["port"] for each in service["spec"].get("ports") or ()]
    if alias := service["spec"].get("externalName"):
        urls = tuple(f"http://{alias}:{port}" for port in (name.port or (ports or [80])[0],))
        return outside(name, f"it has no selector: it is another name for {alias}", urls)
    try:
        urls = tuple(
            f"http://{address}:{port['port']}"
            for each in api.list("EndpointSlice", name.namespace, {SLICE_OF: name.name})
            for port in each.get("ports") or ()
            for endpoint in each.get("endpoints") or ()
            for address in endpoint["addresses"]
        )
    except Forbidden as error:
        return outside(name, f"it has no selector, and where it leads is not shown: {error}", ())
    if not urls:
        return nothing_behind(name, "it has no selector, and nobody wrote where it leads")
    return outside(name, f"it has no selector: it leads to {', '.join(urls)} by hand", urls)


def _why_none_is_made(api: Api, name: ServiceName) -> str:
    with suppress(Forbidden):
        for owner in owners_by_selector(api, name):
            if why := why_stuck(api, owner):
                return f": {owner['kind']} {owner['metadata']['name']}: {why}"
    return ""


def _lives(pod: Manifest) -> bool:
    """Whether a pod is to serve: neither over nor being deleted."""
    leaving = pod["metadata"].get("deletionTimestamp")
    return not leaving and pod.get("status", {}).get("phase") not in _OVER


def owner_of(api: Api, item: Manifest, *, after: int = 0) -> Owner:
    """The object that made this one, and so on to the last that may be seen.

    Args:
        api: the cluster.
        item: what was made.
        after: how many were followed to it.
    """
    reference = _controller(item)
    if reference is None:
        unsure = "" if item["kind"] in _LAST else f"its {item['kind']} replaces no pod by itself"
        return Owner(manifest=item, unsure=unsure)
    title = f"{reference['kind']} {reference['name']}"
    if reference["kind"] not in _OWNERS or reference.get("apiVersion") != "apps/v1":
        return Owner(manifest=item, unsure=f"how its owner {title} replaces pods is not known")
    try:
        owner = api.get(reference["kind"], item["metadata"]["namespace"], reference["name"])
    except Forbidden as error:
        return Owner(manifest=item, unsure=f"{title} may not be read: {error}")
    if owner is None:
        return Owner(manifest=item, unsure=f"its owner {title} is gone")
    if after == _MOST_OWNERS:
        return Owner(manifest=item, unsure="its owners have no end")
    return owner_of(api, owner, after=after + 1)


def _controller(item: Manifest) -> Manifest | None:
    references = item["metadata"].get("ownerReferences") or ()
    return next((each for each in references if each.get("controller")), None)


def owners_by_selector(api: Api, name: ServiceName) -> tuple[Manifest, ...]:
    """The Deployments and StatefulSets whose pods a Service would select, however few there are.

    Raises:
        Forbidden: these rights do not allow to look.
    """
    service = api.get("Service", name.namespace, name.name)
    selector = (service or {"spec": {}})["spec"].get("selector")
    if not selector:
        return ()
    return tuple(
        owner
        for kind in ("Deployment", "StatefulSet")
        for owner in api.list(kind, name.namespace, {})
        if selector.items() <= _labels(owner["spec"]["template"]).items()
    )


def _labels(item: Manifest) -> Mapping[str, str]:
    return (item.get("metadata") or {}).get("labels") or {}


def replicas(owner: Manifest) -> int:
    """How many pods a workload is to have; 1 where it does not say (Kubernetes 1.34)."""
    return int(owner["spec"].get("replicas", 1))


def is_ready(pod: Manifest) -> bool:
    """Whether the pod's own probes let it serve."""
    conditions = pod.get("status", {}).get("conditions") or ()
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)
