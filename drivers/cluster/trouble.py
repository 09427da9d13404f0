"""Why a pod does not serve, in the words of its cluster: states, conditions and its last lines."""

from collections.abc import Iterator

from domain.errors import NotProven
from domain.kubernetes import Manifest
from domain.message import explain
from drivers.cluster.api import PATHS, Api

_LAST_LINES = 10
_WELL = {"PodScheduled", "Initialized", "ContainersReady", "Ready", "PodReadyToStartContainers"}


def why_not_serving(api: Api, pod: Manifest, container: str) -> str:
    """A message for people, with the last lines of the log of the container that is to blame."""
    namespace, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
    states = dict(_states(pod))
    reasons = list(dict.fromkeys((*states.values(), *_conditions(pod))))
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


def _conditions(pod: Manifest) -> Iterator[str]:
    for each in pod.get("status", {}).get("conditions") or ():
        if each["type"] in _WELL and each["status"] != "True":
            said = each.get("message") or f"{each['type']} is {each['status']}"
            yield f"{each.get('reason', each['type'])}: {said}"
