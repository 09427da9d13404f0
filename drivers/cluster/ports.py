"""Which container of a pod, and which port of it, answer a Service (Kubernetes 1.34)."""

from collections.abc import Iterator

from domain.kubernetes import Manifest

_DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container"


def serving_container(pod: Manifest, service: Manifest, port: int) -> Manifest:
    """The container of a pod (or a template) that answers the Service.

    It is the one that declares the target port; where none does, the one that is the default for
    kubectl, or the first.

    Args:
        pod: one that the Service selects.
        service: the Service.
        port: one of its ports; 0: its first one.
    """
    containers = tuple(_beside_one_another(pod))
    default = (pod["metadata"].get("annotations") or {}).get(_DEFAULT_CONTAINER)
    target = next(_targets(service, port), None)
    declaring = [each for each in containers if target in tuple(_declared(each))]
    chosen = [each for each in containers if each["name"] == default]
    first: Manifest = pod["spec"]["containers"][0]
    return (*declaring, *chosen, first)[0]


def _beside_one_another(pod: Manifest) -> Iterator[Manifest]:
    """The containers that run at the same time: some sidecars are among the init containers."""
    yield from pod["spec"]["containers"]
    for each in pod["spec"].get("initContainers") or ():
        if each.get("restartPolicy") == "Always":
            yield each


def _targets(service: Manifest, port: int) -> Iterator[str | int]:
    for each in service["spec"].get("ports") or ():
        if port in (0, each["port"]):
            yield each.get("targetPort", each["port"])


def _declared(container: Manifest) -> Iterator[str | int]:
    for port in container.get("ports") or ():
        yield port["containerPort"]
        if port.get("name"):
            yield port["name"]


def target_port(pod: Manifest, service: Manifest, port: int) -> int | None:
    """The pod's port behind a port of the Service; None where no port has that name.

    The arguments are those of `serving_container`.
    """
    target = next(_targets(service, port), None)
    if target is None or isinstance(target, int):
        return target
    for container in _beside_one_another(pod):
        for declared in container.get("ports") or ():
            if declared.get("name") == target:
                return int(declared["containerPort"])
    return None
