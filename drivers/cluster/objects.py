"""What stands behind a Service, by the references between objects (Kubernetes 1.34)."""

from collections.abc import Iterable
from dataclasses import dataclass

from domain.errors import SetupError
from domain.kubernetes import Manifest, ServiceName
from domain.message import explain
from drivers.cluster.api import Api, Forbidden

_OVER = ("Succeeded", "Failed")
_DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container"


@dataclass(frozen=True, kw_only=True, slots=True)
class Behind:
    """A Service, the pods that it selects, and who made the first of them."""

    service: Manifest
    pods: tuple[Manifest, ...]
    owner: Manifest
    """Deployment, StatefulSet or DaemonSet; the pod itself where nobody owns it."""

    @property
    def template(self) -> Manifest:
        """Of the pods to be: labels and spec."""
        found: Manifest = self.owner.get("spec", {}).get("template") or self.owner
        return found


def behind(api: Api, name: ServiceName) -> Behind:
    """What stands behind a Service.

    Raises:
        SetupError: the Service does not exist, or selects nothing.
        Forbidden: these rights do not allow to look.
    """
    service = api.get("Service", name.namespace, name.name)
    if service is None:
        raise nothing_behind(name, "no such Service")
    selector = service["spec"].get("selector")
    if not selector:
        raise nothing_behind(name, "it has no selector, so nobody can say what stands behind it")
    found = api.list("Pod", name.namespace, selector)
    pods = tuple(sorted(filter(_lives, found), key=lambda pod: str(pod["metadata"]["name"])))
    if not pods:
        raise nothing_behind(name, "its selector matches no pod that runs")
    owners = [owner_of(api, pod) for pod in pods]
    # of several workloads behind one Service, the one that bears its name is the one that is meant
    named = [each for each in owners if each["metadata"]["name"] == name.name]
    return Behind(service=service, pods=pods, owner=(named or owners)[0])


def _lives(pod: Manifest) -> bool:
    """Whether a pod is to serve: neither over nor being deleted."""
    leaving = pod["metadata"].get("deletionTimestamp")
    return not leaving and pod.get("status", {}).get("phase") not in _OVER


def owner_of(api: Api, item: Manifest) -> Manifest:
    """The object that made this one, and so on to the last that may be seen."""
    for reference in item["metadata"].get("ownerReferences") or ():
        if not reference.get("controller"):
            continue
        try:
            owner = api.get(reference["kind"], item["metadata"]["namespace"], reference["name"])
        except (Forbidden, KeyError):  # KeyError: a kind of somebody else's operator
            return item
        return owner_of(api, owner) if owner else item
    return item


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
        if selector.items() <= owner["spec"]["template"]["metadata"]["labels"].items()
    )


def serving_container(pod: Manifest, service: Manifest) -> Manifest:
    """The container of a pod (or a template) that answers the Service.

    It is the one that declares the Service's target port; where none does, the one that is the
    default for kubectl, or the first.
    """
    containers: list[Manifest] = pod["spec"]["containers"]
    wanted = [port.get("targetPort", port["port"]) for port in service["spec"].get("ports") or ()]
    default = (pod["metadata"].get("annotations") or {}).get(_DEFAULT_CONTAINER)
    declaring = [each for each in containers if set(_declared(each)) & set(wanted)]
    chosen = [each for each in containers if each["name"] == default]
    return (declaring or chosen or containers)[0]


def _declared(container: Manifest) -> Iterable[str | int]:
    for port in container.get("ports") or ():
        yield port["containerPort"]
        if port.get("name"):
            yield port["name"]


def target_port(pod: Manifest, service: Manifest, port: int) -> int | None:
    """The pod's port behind a port of the Service; None where no port has that name.

    Args:
        pod: one that the Service selects.
        service: the Service.
        port: one of its ports; 0: its first one.
    """
    for each in service["spec"].get("ports") or ():
        if port not in (0, each["port"]):
            continue
        target = each.get("targetPort", each["port"])
        if isinstance(target, int) or str(target).isdigit():
            return int(target)
        for container in pod["spec"]["containers"]:
            for declared in container.get("ports") or ():
                if declared.get("name") == target:
                    return int(declared["containerPort"])
    return None


def is_ready(pod: Manifest) -> bool:
    """Whether the pod's own probes let it serve."""
    conditions = pod.get("status", {}).get("conditions") or ()
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def nothing_behind(service: ServiceName, found: str) -> SetupError:
    """The error for a Service that leads nowhere."""
    return SetupError(
        explain(
            f"Nothing serves behind {service}.",
            expected="a Service that leads to a running pod",
            found=found,
            where=f"Service {service.namespace}/{service.name}",
            fix="correct the Service's selector or the name in the settings",
        )
    )
