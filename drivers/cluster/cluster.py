"""The cluster port, answered by a Kubernetes API server."""

import httpx

from domain.cluster import InsideRequest, InsideResponse, Pod, Workload, nothing_behind
from domain.kubernetes import ServiceName, port_behind
from domain.storage import fleeting
from drivers.cluster.api import Api
from drivers.cluster.complaints import Forbidden
from drivers.cluster.environment import Data
from drivers.cluster.forward import Forward
from drivers.cluster.helm import release_notes
from drivers.cluster.inside import request_inside
from drivers.cluster.objects import behind, is_ready, owners_by_selector, replicas, selected
from drivers.cluster.pods import Pods
from drivers.cluster.ports import target_port
from drivers.cluster.trouble import last_lines

_FIRST_WORD = 10.0
"""Seconds within which a forwarded port must have said anything at all."""


class KubernetesCluster:
    """Answers questions about a cluster; `domain.cluster.Cluster`. Close it."""

    def __init__(self, api: Api, *services: ServiceName) -> None:
        """Ask nothing yet.

        Args:
            api: the API server.
            services: in whose namespaces Services are listed.
        """
        self._api = api
        self._namespaces = sorted({service.namespace for service in services})
        self._forwards: list[Forward] = []
        self._containers: dict[tuple[str, str], str] = {}

    def close(self) -> None:
        """Close every address that was given out."""
        for forward in self._forwards:
            forward.close()

    def workload(self, service: ServiceName) -> Workload:
        """The workload behind a Service; see `domain.cluster.Cluster`."""
        found = behind(self._api, service)
        data = Data(self._api, service.namespace)
        reader = Pods(self._api, found, data)
        read = [reader.read(*each) for each in zip(found.pods, found.owners, strict=True)]
        container = found.serving(found.template)
        for pod, manifest in zip((pod for pod, _ in read), found.pods, strict=True):
            self._containers[pod.namespace, pod.name] = found.serving(manifest)["name"]
        return Workload(
            kind=found.owner["kind"],
            namespace=service.namespace,
            name=found.owner["metadata"]["name"],
            container=container["name"],
            environment=read[0][1],
            pods=tuple(pod for pod, _ in read),
            notes=(
                *release_notes(self._api, found.owner),
                *fleeting(container, found.template["spec"]),
                *(f"{kind} {name} may not be read" for kind, name in sorted(data.sealed)),
                *([f"its processes were not looked at: {reader.blind}"] if reader.blind else ()),
            ),
        )

    def replicas(self, service: ServiceName) -> int | None:
        """How many pods are to stand behind a Service, by whatever its selector matches."""
        try:
            owners = owners_by_selector(self._api, service)
        except Forbidden:
            return None
        return sum(map(replicas, owners)) if owners else None

    def exists(self, service: ServiceName) -> bool:
        """Whether the Service has this port; where these rights do not tell, it is taken so."""
        try:
            found = self._api.get("Service", service.namespace, service.name)
        except Forbidden:
            return True
        ports = found["spec"].get("ports") or () if found else ()
        return any(port["port"] == service.port for port in ports)

    def target_port(self, service: ServiceName) -> str:
        """The pods' port, or its name, behind a Service's port; empty where it may not be seen."""
        try:
            found = self._api.get("Service", service.namespace, service.name)
        except Forbidden:
            return ""
        return port_behind(found, service.port)

    def services(self) -> tuple[ServiceName, ...]:
        """Every Service of the namespaces that are judged, one entry a port."""
        return tuple(
            ServiceName(namespace=namespace, name=each["metadata"]["name"], port=port["port"])
            for namespace in self._namespaces
            for each in self._api.list("Service", namespace, {})
            for port in each["spec"].get("ports") or ()
        )

    def request(self, pod: Pod, request: InsideRequest) -> InsideResponse:
        """Make a request from inside the container that serves; see `domain.cluster.Cluster`."""
        if pod.problem:
            return InsideResponse(status=None, error=pod.problem.splitlines()[0])
        return request_inside(
            self._api,
            namespace=pod.namespace,
            pod=pod.name,
            container=self._containers[pod.namespace, pod.name],
            request=request,
        )

    def address(self, service: ServiceName) -> str:
        """A local address, forwarded to a pod that is ready, whichever that is by then."""
        return self._forwarded(service, pod="")

    def address_of(self, pod: Pod, service: ServiceName) -> str:
        """A local address, forwarded to this pod."""
        return self._forwarded(service, pod=pod.name)

    def _forwarded(self, service: ServiceName, *, pod: str) -> str:
        def choose() -> tuple[str, str, int]:
            manifest, pods = selected(self._api, service)
            for each in pods:
                name: str = each["metadata"]["name"]
                port = target_port(each, manifest, service.port)
                if port is not None and is_ready(each) and pod in ("", name):
                    return service.namespace, name, port
            raise nothing_behind(service, "no pod that is ready has its target port")

        choose()
        forward = Forward(self._api, choose)
        self._forwards.append(forward)
        try:
            httpx.get(forward.address, timeout=_FIRST_WORD, trust_env=False)
        except httpx.TransportError as error:
            why = forward.last_error or f"{type(error).__name__}: {error}"
            raise nothing_behind(service, f"nothing listens on its target port: {why}") from error
        return forward.address

    def logs(self, pod: Pod, *, lines: int) -> str:
        """The last lines of the serving container's log; see `domain.cluster.Cluster`."""
        container = self._containers[pod.namespace, pod.name]
        return last_lines(self._api, pod.namespace, pod.name, container, lines)
