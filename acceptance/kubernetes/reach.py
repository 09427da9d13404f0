"""Where a name, an address or a Service leads, as Kubernetes resolves it (1.34)."""

from collections.abc import Iterator
from contextlib import suppress

from acceptance.checks.proof import host_of
from acceptance.errors import SetupError
from acceptance.kubernetes.api import Api
from acceptance.kubernetes.errors import Forbidden
from acceptance.kubernetes.objects import SLICE_OF, selected
from acceptance.resources import Manifest, ServiceName, service_in

_DEEPEST = 4
"""Names that stand for names that stand for names: nobody writes more."""


def exists(api: Api, service: ServiceName) -> bool:
    """Whether a Service has this port; where these rights do not tell, it is taken so.

    A Service that is another name for a host outside has whatever ports that host has.
    """
    try:
        found = api.get("Service", service.namespace, service.name)
    except Forbidden:
        return True
    if found and found["spec"].get("type") == "ExternalName":
        return True
    ports = found["spec"].get("ports") or () if found else ()
    return any(port["port"] == service.port for port in ports)


def leads_to(api: Api, url: str, service: ServiceName, *, seen_from: str) -> bool:
    """Whether a URL of another host leads to the pods of a Service, and to no other.

    By the Service's own addresses, those of its pods, another Service that selects the same pods,
    or a name that stands for any of these.
    """
    with suppress(Forbidden, SetupError):
        return _leads(api, url, service, seen_from, _DEEPEST)
    return False


def _leads(api: Api, url: str, service: ServiceName, seen_from: str, depth: int) -> bool:
    host = host_of(url).rstrip(".")
    manifest, pods = selected(api, service)
    if host in {*_own_addresses(manifest), *(each for pod in pods for each in _addresses(pod))}:
        return True
    named = service_in(url, namespace=seen_from)
    if named is None or named.same_service(service):
        return named is not None
    found = api.get("Service", named.namespace, named.name)
    if found is None or not depth:
        return False
    if alias := found["spec"].get("externalName"):
        return _leads(api, f"http://{alias}:{named.port}", service, named.namespace, depth - 1)
    _, theirs = selected(api, named)
    return exists(api, named) and _uids(theirs) <= _uids(pods)


def _uids(pods: tuple[Manifest, ...]) -> set[str]:
    return {pod["metadata"]["uid"] for pod in pods}


def _addresses(pod: Manifest) -> Iterator[str]:
    status = pod.get("status", {})
    yield from (each["ip"] for each in status.get("podIPs") or ())
    if "podIP" in status:
        yield status["podIP"]


def _own_addresses(service: Manifest) -> Iterator[str]:
    """Addresses and names that lead to a Service and to nothing else."""
    spec = service["spec"]
    yield from _cluster_addresses(service)
    yield from spec.get("externalIPs") or ()
    for each in service.get("status", {}).get("loadBalancer", {}).get("ingress") or ():
        yield from (each[field] for field in ("ip", "hostname") if field in each)


def _cluster_addresses(service: Manifest) -> Iterator[str]:
    spec = service["spec"]
    addresses = spec.get("clusterIPs") or [spec.get("clusterIP", "")]
    yield from (each for each in addresses if each not in ("", "None", None))


def addresses(api: Api, service: ServiceName) -> tuple[str, ...]:
    """What the Service's name is to a pod: its own addresses; of a headless one, its pods'.

    Empty where it cannot be told: these rights do not allow to look, or the name leads outside.
    """
    with suppress(Forbidden, SetupError):
        manifest, pods = selected(api, service)
        own = tuple(_cluster_addresses(manifest))
        return own or tuple(dict.fromkeys(each for pod in pods for each in _addresses(pod)))
    return ()


def strangers(api: Api, service: ServiceName) -> tuple[str, ...]:
    """Addresses to which a Service leads, and at which none of the pods that it selects is.

    Somebody wrote an EndpointSlice by hand, or left one behind. Empty where nobody may look.
    """
    with suppress(Forbidden, SetupError):
        manifest, _ = selected(api, service)
        slices = api.list("EndpointSlice", service.namespace, {SLICE_OF: service.name})
        pods = api.list("Pod", service.namespace, manifest["spec"]["selector"])
        known = {each for pod in pods for each in _addresses(pod)}
        reached = (
            address
            for each in slices
            for endpoint in each.get("endpoints") or ()
            if (endpoint.get("conditions") or {}).get("ready") is not False
            for address in endpoint["addresses"]
        )
        return tuple(dict.fromkeys(each for each in reached if each not in known))
    return ()
