"""Requests that Open WebUI's own pods make."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from domain.cluster import Cluster, InsideRequest, InsideResponse, Pod, Workload
from domain.errors import Blocked, Unproven
from domain.proof import Connection


def ask_processes(cluster: Cluster, workload: Workload) -> Mapping[str, InsideResponse]:
    """What each running process holds, by pod.

    Raises:
        Blocked: no pod serves.
    """
    return _each(cluster, workload, InsideRequest())


def call_gateway(
    cluster: Cluster, workload: Workload, connection: Connection
) -> Mapping[str, InsideResponse]:
    """What answers each pod at the address of a connection; raises like `ask_processes`."""
    parts = urlsplit(connection.url)
    url = f"{parts.scheme}://{parts.netloc}/health/liveliness"
    return _each(cluster, workload, InsideRequest(url=url))


def _each(
    cluster: Cluster, workload: Workload, request: InsideRequest
) -> Mapping[str, InsideResponse]:
    if not workload.serving:
        raise Blocked("AC1", workload.pods[0].problem.splitlines()[0])
    return {pod.name: _asked(cluster, pod, request) for pod in workload.serving}


def _asked(cluster: Cluster, pod: Pod, request: InsideRequest) -> InsideResponse:
    """What one pod tells; that it cannot be asked hides nothing of what others tell."""
    try:
        return cluster.request(pod, request)
    except Unproven as reason:
        return InsideResponse(status=None, unproven=reason)
