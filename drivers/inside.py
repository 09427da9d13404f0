"""Requests that Open WebUI's own pods make."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from domain.cluster import Cluster, InsideRequest, InsideResponse, Workload
from domain.errors import Blocked, Subject
from domain.proof import Connection


def ask_processes(cluster: Cluster, workload: Workload) -> Mapping[str, InsideResponse]:
    """What each running process holds, by pod.

    Raises:
        NotProven: these rights do not allow it.
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
        raise Blocked(Subject.CONNECTION, workload.pods[0].problem.splitlines()[0])
    return {pod.name: cluster.request(pod, request) for pod in workload.serving}
