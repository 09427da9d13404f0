"""Waiting for a rollout that is under way: it is healthy, and not yet what is to be judged."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

from acceptance.errors import SetupError
from acceptance.kubernetes.api import Api
from acceptance.kubernetes.diagnostics import lasts, why_stuck
from acceptance.kubernetes.errors import Forbidden
from acceptance.kubernetes.objects import Behind, behind, is_ready, owners_by_selector, replicas
from acceptance.kubernetes.staleness import of_older_template
from acceptance.resources import Manifest, ServiceName
from acceptance.waiting import Progress, eventually

_ROLLOUT = 180.0
"""Seconds for a rollout that makes progress; a stuck one is judged as it stands."""
_STUCK = {
    "CrashLoopBackOff",
    "CreateContainerConfigError",
    "CreateContainerError",
    "ErrImageNeverPull",
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
    "RunContainerError",
}
"""Reasons that no waiting mends (kubelet 1.34)."""


def settle(api: Api, service: ServiceName, say: Progress) -> None:
    """Return once the workload behind a Service is done with its rollout, or will never be."""

    def look() -> None:
        found = _made(api, service)
        assert not _unseen(found.owner), "its controller has not seen the newest template"
        newest = _newest(api, found)
        if _is_stuck(newest) or why_stuck(api, found.owner):
            return
        going_on = _going_on(found.owner)
        assert not going_on, going_on
        starting = [pod["metadata"]["name"] for pod in found.pods if not is_ready(pod)]
        waits = "; ".join(filter(None, map(_unschedulable, newest)))
        assert not starting, f"{', '.join(starting)} is starting{waits and f': {waits}'}"

    try:
        eventually(
            look,
            what=f"the rollout behind {service.namespace}/{service.name}",
            timeout=_ROLLOUT,
            interval=1.0,
            say=say,
        )
    except AssertionError as error:
        say(f"judged as it stands: {str(error).splitlines()[0]}")


def _newest(api: Api, found: Behind) -> list[Manifest]:
    """The pods that the rollout has made: how older ones are doing does not matter to it."""
    return [
        pod
        for pod, owner in zip(found.pods, found.owners, strict=True)
        if owner.is_also_of(found.main) and not of_older_template(api, pod, found.owner)
    ]


def _made(api: Api, service: ServiceName) -> Behind:
    """What stands behind the Service, once its controllers have made the first pod."""
    try:
        return behind(api, service)
    except SetupError:
        with suppress(Forbidden):  # then nobody can tell, and what stands there is judged
            owners = owners_by_selector(api, service)
            wanted = sum(map(replicas, owners))
            stuck = any(why_stuck(api, each) for each in owners)
            assert stuck or not wanted, f"none of {wanted} pods is made yet"
        raise


def _unseen(owner: Manifest) -> bool:
    seen: int = owner.get("status", {}).get("observedGeneration", 0)
    return seen < int(owner["metadata"].get("generation", 0)) and owner["kind"] != "Pod"


def _is_stuck(pods: list[Manifest]) -> bool:
    """Whether the newest pods will not serve, however long somebody waits."""
    waiting = {
        (status.get("state", {}).get("waiting") or {}).get("reason")
        for pod in pods
        for field in ("initContainerStatuses", "containerStatuses")
        for status in pod.get("status", {}).get(field) or ()
    }
    return bool(waiting & _STUCK) or any(_never_ready(pod) for pod in pods)


def _never_ready(pod: Manifest) -> bool:
    """Whether no node takes it, or its probe has failed for as long as a start may take."""
    ready = _condition(pod, "Ready")
    since = ready.get("lastTransitionTime") if ready.get("status") == "False" else None
    late = since and datetime.now(UTC) - datetime.fromisoformat(since) > timedelta(seconds=_ROLLOUT)
    return bool(late) or (bool(_unschedulable(pod)) and lasts(_condition(pod, "PodScheduled")))


def _unschedulable(pod: Manifest) -> str:
    """Why no node takes it, in the scheduler's words; empty where one does."""
    scheduled = _condition(pod, "PodScheduled")
    return str(scheduled.get("message", "")) if scheduled.get("status") == "False" else ""


def _condition(pod: Manifest, kind: str) -> Manifest:
    conditions = pod.get("status", {}).get("conditions") or ()
    return next((each for each in conditions if each["type"] == kind), {})


def _going_on(owner: Manifest) -> str:
    """What a Deployment or StatefulSet still has to do; empty when it is done.

    Source: `kubectl rollout status` of Kubernetes 1.34. Pods that `OnDelete` or a partition
    leaves behind are no rollout under way: nothing will ever replace them by itself.
    """
    status, wanted = owner.get("status", {}), replicas(owner)
    match owner["kind"]:
        case "Deployment":
            return _deployment_does(status, wanted)
        case "StatefulSet":
            return _stateful_set_does(status, wanted, owner["spec"].get("updateStrategy") or {})
        case _:
            return ""


def _deployment_does(status: Manifest, wanted: int) -> str:
    there, updated = status.get("replicas", 0), status.get("updatedReplicas", 0)
    if updated < wanted:
        return f"{updated} of {wanted} pods are updated"
    return f"{there - updated} older pods are still to end" if there > updated else ""


def _stateful_set_does(status: Manifest, wanted: int, strategy: Manifest) -> str:
    there, updated = status.get("replicas", 0), status.get("updatedReplicas", 0)
    if there < wanted:
        return f"{there} of {wanted} pods are made"
    if strategy.get("type") == "OnDelete":
        return ""
    if status.get("currentRevision") == status.get("updateRevision"):
        return ""
    wanted -= (strategy.get("rollingUpdate") or {}).get("partition", 0)
    return f"{updated} of {wanted} pods are updated" if updated < wanted else ""
