"""Requests that Open WebUI's own pods make."""

import uuid
from collections.abc import Mapping
from contextlib import suppress
from urllib.parse import urlsplit

from acceptance.checks.proof import Connection
from acceptance.checks.rollout import Arrivals
from acceptance.cluster import Cluster, Pod, PodRequest, PodResponse, Workload
from acceptance.errors import Blocked, Subject, Unproven
from acceptance.resources import ServiceName
from acceptance.waiting import eventually

_ALIVE = "/health/liveliness"
_RUN = uuid.uuid4().hex[:10]
"""So that no call of an earlier run is taken for one of this."""
_LINES = 2000
"""Of a log: what a busy gateway may have written since."""
_LOGGED = 3.0
"""Seconds for a line to be in a log."""


def ask_processes(cluster: Cluster, workload: Workload) -> Mapping[str, PodResponse]:
    """What each running process holds, by pod.

    Raises:
        Blocked: no pod serves.
    """
    return _each(cluster, workload, PodRequest())


def call_gateway(
    cluster: Cluster, workload: Workload, connection: Connection
) -> Mapping[str, PodResponse]:
    """What answers each pod at the address of a connection; raises like `ask_processes`.

    The address of each call says whose it is, for `arrivals`.
    """
    parts = urlsplit(connection.url)
    url = f"{parts.scheme}://{parts.netloc}{_ALIVE}?{_asked_by('{}')}"
    if not workload.serving:
        raise Blocked(Subject.CONNECTION, workload.pods[0].problem.splitlines()[0])
    return {
        pod.name: _asked(cluster, pod, PodRequest(url=url.format(pod.name)))
        for pod in workload.serving
    }


def arrivals(
    cluster: Cluster,
    gateway: Workload | None,
    told: Mapping[str, PodResponse],
    *,
    called: ServiceName | None,
    judged: ServiceName,
) -> Arrivals:
    """Where the calls of `call_gateway` arrived.

    LiteLLM's log shows the address of each request, with all that stands behind its `?` (1.106.2).

    Args:
        cluster: where it runs.
        gateway: the workload that is judged; None where it cannot be looked at.
        told: what the pods were told.
        called: the Service by whose name they called; None where it was no Service's.
        judged: the Service of the gateway that is judged.
    """
    answered = {pod for pod, each in told.items() if not (each.error or each.unproven)}
    seen, logged = frozenset[str](), False

    def look() -> None:
        nonlocal seen, logged
        pods = gateway.serving if gateway else ()
        log = "\n".join(cluster.logs(each, lines=_LINES) for each in pods)
        seen = frozenset(pod for pod in answered if f"{_asked_by(pod)} " in log)
        logged = _ALIVE in log
        assert seen == answered or not logged, "the call is in no log yet"

    with suppress(AssertionError):
        eventually(look, what="the gateway's log to show the call", timeout=_LOGGED)
    return Arrivals(
        seen=seen,
        logged=logged,
        addresses=cluster.addresses(called) if called else (),
        strangers=cluster.strangers(judged),
    )


def _asked_by(pod: str) -> str:
    return f"asked-by={pod}-{_RUN}"


def _each(cluster: Cluster, workload: Workload, request: PodRequest) -> Mapping[str, PodResponse]:
    if not workload.serving:
        raise Blocked(Subject.CONNECTION, workload.pods[0].problem.splitlines()[0])
    return {pod.name: _asked(cluster, pod, request) for pod in workload.serving}


def _asked(cluster: Cluster, pod: Pod, request: PodRequest) -> PodResponse:
    """What one pod tells; that it cannot be asked hides nothing of what others tell."""
    try:
        return cluster.request(pod, request)
    except Unproven as reason:
        return PodResponse(status=None, unproven=reason)
