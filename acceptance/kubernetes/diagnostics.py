"""Why a pod does not serve, in the words of its cluster: states, conditions and its last lines."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from acceptance.errors import NotProven
from acceptance.kubernetes.api import PATHS, Api
from acceptance.kubernetes.errors import Forbidden
from acceptance.message import explain
from acceptance.resources import Manifest

_LAST_LINES = 10
_PASSES = timedelta(seconds=20)
"""For so long a pod may find no node, or no room in a quota, while an older one ends."""
_WELL = {"PodScheduled", "Initialized", "ContainersReady", "Ready", "PodReadyToStartContainers"}


def why_not_serving(api: Api, pod: Manifest, container: str) -> str:
    """A message for people, with the last lines of the log of the container that is to blame."""
    namespace, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
    states = dict(_states(pod))
    unready = _unready(api, pod) if not states else ()
    reasons = list(dict.fromkeys((*states.values(), *_conditions(pod), *unready)))
    blamed = container if container in states else next(iter(states), container)
    message = explain(
        f"Pod {namespace}/{name} does not serve.",
        expected="a pod that is ready",
        found="; ".join(reasons) or f"phase {pod.get('status', {}).get('phase', 'unknown')}",
        where=f"Pod {namespace}/{name}, container {blamed}",
        fix=f"kubectl describe pod {name} -n {namespace}",
    )
    log = last_lines(api, namespace, name, blamed, _LAST_LINES)
    return "\n".join([message, *(f"    {line}" for line in log.splitlines())])


def why_stuck(api: Api, owner: Manifest) -> str:
    """Why a workload's rollout does not come to an end, in its controller's own words.

    A Deployment has a condition for that, a StatefulSet only events (Kubernetes 1.34). What began a
    moment ago may pass: an older pod that ends makes room.
    """
    if owner["kind"] == "Pod":
        return ""
    if owner["spec"].get("paused"):
        return "it is paused"
    for each in owner.get("status", {}).get("conditions") or ():
        failing = each["type"] == "ReplicaFailure" and each["status"] == "True"
        if (failing and lasts(each)) or each.get("reason") == "ProgressDeadlineExceeded":
            return _told(each)
    made, wanted = owner.get("status", {}).get("replicas", 0), owner["spec"].get("replicas", 1)
    last = _last_event(api, owner) if made < wanted else None
    failed = last and last.get("reason") == "FailedCreate"
    return _told(last) if last and failed and lasts(last, "firstTimestamp") else ""


def lasts(condition: Manifest, field: str = "lastTransitionTime") -> bool:
    """Whether a condition has held for longer than what passes by itself; so where none tells."""
    since = condition.get(field)
    return not since or datetime.now(UTC) - datetime.fromisoformat(since) > _PASSES


def _told(each: Manifest) -> str:
    return f"{each.get('reason', each.get('type'))}: {each.get('message', 'no message')}"


def _last_event(api: Api, item: Manifest, **fields: str) -> Manifest | None:
    """The last event about an object; None where there is none, or none may be read."""
    about = {"involvedObject.uid": item["metadata"]["uid"], **fields}
    with suppress(Forbidden):
        found = api.list("Event", item["metadata"]["namespace"], {}, about)
        return max(found, key=lambda event: str(event.get("lastTimestamp") or ""), default=None)
    return None


def last_lines(api: Api, namespace: str, pod: str, container: str, lines: int) -> str:
    """The end of a container's log; empty where there is none, or where it may not be read."""
    path = f"{PATHS['Pod'].format(namespace)}/{pod}/log"
    try:
        text = api.text(path, {"container": container, "tailLines": str(lines)})
    except NotProven:
        return ""
    return "\n".join(text.splitlines()[-lines:])


def _states(pod: Manifest) -> Iterator[tuple[str, str]]:
    """Each container that does not run, and why; init containers first, as they run first.

    Kubernetes 1.34 calls it waiting or terminated; why it ended before is its last state.
    """
    status = pod.get("status", {})
    for each in (
        *(status.get("initContainerStatuses") or ()),
        *(status.get("containerStatuses") or ()),
    ):
        state = each.get("state", {})
        now = state.get("waiting") or state.get("terminated")
        if now and now.get("reason") not in ("Completed", "PodInitializing"):
            said = [f"{each['name']}: {now.get('reason', 'waiting')}", now.get("message", "")]
            ended = now if "exitCode" in now else each.get("lastState", {}).get("terminated")
            if ended:
                said.append(f"exit code {ended['exitCode']} ({ended.get('reason', 'no reason')})")
            yield each["name"], ": ".join(filter(None, said))


def _unready(api: Api, pod: Manifest) -> Iterator[str]:
    """Of a pod whose containers run: the probe that fails, and in whose words."""
    ready = {each["name"]: each["ready"] for each in pod["status"].get("containerStatuses") or ()}
    for each in pod["spec"]["containers"]:
        probe = each.get("readinessProbe")
        if probe and ready.get(each["name"]) is False:
            how = probe.get("httpGet") or probe.get("tcpSocket") or probe.get("exec") or {}
            words = " ".join(f"{name} {how[name]}" for name in ("path", "port") if name in how)
            yield f"container {each['name']} runs, and its readiness probe ({words}) fails"
    if warning := _last_event(api, pod, type="Warning"):
        yield _told(warning)


def _conditions(pod: Manifest) -> Iterator[str]:
    for each in pod.get("status", {}).get("conditions") or ():
        if each["type"] in _WELL and each["status"] != "True":
            said = each.get("message") or f"{each['type']} is {each['status']}"
            yield f"{each.get('reason', each['type'])}: {said}"
