"""Requests from inside a pod whose image has next to nothing."""

from acceptance.cluster import PodRequest
from acceptance.lab.cluster.lab import ClusterLab
from tests.adapters.world import GATEWAY, GATEWAY_URL, OPEN_WEBUI
from tests.clusters import needs_a_cluster

pytestmark = needs_a_cluster
_AT_START = "import os, pathlib; [each.unlink() for each in pathlib.Path('/bin').iterdir()]; "
"""Before the program begins: no shell, no curl, no busybox."""


def test_neither_shell_nor_tools_are_needed(story: ClusterLab) -> None:
    before = story.manifests
    workload = dict(before.get("Deployment", "ml", "litellm") or {})
    spec = workload["spec"]
    container = spec["template"]["spec"]["containers"][0]
    start = f"{_AT_START}os.execvp('litellm', ['litellm', *{container['args']!r}])"
    bare = {**container, "command": ["python3", "-c", start], "args": []}
    pod = {**spec["template"]["spec"], "containers": [bare]}
    changed = {**workload, "spec": {**spec, "template": {**spec["template"], "spec": pod}}}
    story.apply(before.with_changes([changed]))
    cluster = story.target("kind", open_webui=OPEN_WEBUI, gateway=GATEWAY).cluster
    assert cluster

    serving = cluster.workload(GATEWAY).pods[0]
    url = f"{GATEWAY_URL}/health/liveliness"
    response = cluster.request(serving, PodRequest(url=url))

    assert (serving.problem, response.error, response.status) == ("", "", 200)
    story.apply(before)
