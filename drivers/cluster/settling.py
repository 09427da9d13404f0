"""Waiting for a rollout that is under way: it is healthy, and not yet what is to be judged."""

from contextlib import suppress

from domain.errors import SetupError
from domain.kubernetes import Manifest, ServiceName
from domain.waiting import Say, eventually
from drivers.cluster.api import Api
from drivers.cluster.complaints import Forbidden
from drivers.cluster.currency import of_older_template
from drivers.cluster.objects import Behind, behind, is_ready, owners_by_selector, replicas

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


def settle(api: Api, service: ServiceName, say: Say) -> None:
    """Return once the workload behind a Service is done with its rollout, or will never be."""

    def look() -> None:
        found = _made(api, service)
        assert not _unseen(found.owner), "its controller has not seen the newest template"
        if _is_stuck(found.owner, _newest(api, found)):
            return
        going_on = _going_on(found.owner)
        assert not going_on, going_on
        starting = [pod["metadata"]["name"] for pod in found.pods if not is_ready(pod)]
        assert not starting, f"{', '.join(starting)} is starting"

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
            assert not wanted, f"none of {wanted} pods is made yet"
        raise


def _unseen(owner: Manifest) -> bool:
    seen: int = owner.get("status", {}).get("observedGeneration", 0)
    return seen < int(owner["metadata"].get("generation", 0)) and owner["kind"] != "Pod"


def _is_stuck(owner: Manifest, pods: list[Manifest]) -> bool:
    conditions = owner.get("status", {}).get("conditions") or ()
    waiting = {
        (status.get("state", {}).get("waiting") or {}).get("reason")
        for pod in pods
        for field in ("initContainerStatuses", "containerStatuses")
        for status in pod.get("status", {}).get(field) or ()
    }
    return bool(
        owner["spec"].get("paused")
        or waiting & _STUCK
        or any(each.get("reason") == "ProgressDeadlineExceeded" for each in conditions)
    )


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
