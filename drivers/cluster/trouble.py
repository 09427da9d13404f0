"""Why a pod does not serve, in the words of its cluster: states, conditions and its last lines."""

from collections.abc import Iterator

from domain.errors import NotProven
from domain.kubernetes import Manifest
from domain.message import explain
from drivers.cluster.api import PATHS, Api, RefusedError

_LAST_LINES = 10
_WELL = {"PodScheduled", "Initialized", "ContainersReady", "Ready", "PodReadyToStartContainers"}


def why_not_serving(api: Api, pod: Manifest, container: str) -> str:
    """A message for people, with the last lines of the container's log."""
    namespace, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
    reasons = list(dict.fromkeys((*_states(pod), *_conditions(pod))))
    message = explain(
        f"Pod {namespace}/{name} does not serve.",
        expected="a pod that is ready",
        found="; ".join(reasons) or f"phase {pod.get('status', {}).get('phase', 'unknown')}",
        where=f"Pod {namespace}/{name}, container {container}",
        fix=f"kubectl describe pod {name} -n {namespace}",
    )
    log = last_lines(api, namespace, name, container, _LAST_LINES)
    return "\n".join([message, *(f"    {line}" for line in log.splitlines())])


def last_lines(api: Api, namespace: str, pod: str, container: str, lines: int) -> str:
    """The end of a container's log; empty where there is none, or where it may not be read."""
    path = f"{PATHS['Pod'].format(namespace)}/{pod}/log"
    try:
        text = api.text(path, {"container": container, "tailLines": str(lines)})
    except (NotProven, RefusedError):  # refused (400): the container has never run
        return ""
    return "\n".join(text.splitlines()[-lines:])


def _states(pod: Manifest) -> Iterator[str]:
    """What keeps containers from running; Kubernetes 1.34 calls it waiting or terminated."""
    status = pod.get("status", {})
    for each in (
        *(status.get("initContainerStatuses") or ()),
        *(status.get("containerStatuses") or ()),
    ):
        for phase in ("waiting", "terminated"):
            state = each.get("state", {}).get(phase)
            if state and state.get("reason") != "Completed":
                said = state.get("message") or f"exit code {state.get('exitCode', '-')}"
                yield f"{each['name']}: {state.get('reason', phase)}: {said}"


def _conditions(pod: Manifest) -> Iterator[str]:
    for each in pod.get("status", {}).get("conditions") or ():
        if each["type"] in _WELL and each["status"] != "True" and each.get("message"):
            yield f"{each.get('reason', each['type'])}: {each['message']}"
