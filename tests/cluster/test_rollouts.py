"""Rollouts and changed objects as only a real cluster has them."""

import copy
from typing import Any

from acceptance.kubernetes.rollout import settle
from acceptance.kubernetes.staleness import CHANGED_FILES
from acceptance.lab.cluster.lab import ClusterLab
from acceptance.resources import Manifest
from acceptance.waiting import eventually
from dev.kill_matrix.judge import STORY, judge
from tests.adapters.world import GATEWAY, OPEN_WEBUI
from tests.clusters import needs_a_cluster

pytestmark = needs_a_cluster
SYNC = 150.0
"""Seconds: a kubelet looks after mounted ConfigMaps once a minute, and caches them for one."""


def _gateway(story: ClusterLab) -> dict[str, Any]:
    found = story.manifests.get("Deployment", "ml", "litellm")
    assert found
    return copy.deepcopy(dict(found))


def _container(workload: Manifest) -> dict[str, Any]:
    container: dict[str, Any] = workload["spec"]["template"]["spec"]["containers"][0]
    return container


def test_a_rollout_under_way_is_waited_for_and_judged_then(story: ClusterLab) -> None:
    before = story.manifests
    rolling = []
    for kind, namespace, name in (
        ("Deployment", "ml", "litellm"),
        ("StatefulSet", "apps", "open-webui"),
    ):
        workload = copy.deepcopy(dict(before.get(kind, namespace, name) or {}))
        _container(workload).setdefault("env", []).append({"name": "ROLLED", "value": "out"})
        rolling.append(workload)
    story.edit(before.with_changes(rolling))

    target = story.target("kind", open_webui=OPEN_WEBUI, gateway=GATEWAY, names=STORY.providers)
    judgement = judge(target, STORY)

    red = {title for title, ending in judgement.endings.items() if not ending.verdict.accepted}
    assert (red, judgement.unfit) == (set(), "")
    assert target.cluster
    for service in (OPEN_WEBUI, GATEWAY):
        pods = target.cluster.workload(service).pods
        assert [pod.environment["ROLLED"].value.reveal() for pod in pods] == ["out"]
    story.apply(before)


def test_a_mounted_folder_that_follows_its_config_map_is_newer_than_its_reader(
    story: ClusterLab,
) -> None:
    before = story.manifests
    workload = _gateway(story)
    container = _container(workload)
    container["args"] = ["--config", "/app/settings/config.yaml", "--port", "4000"]
    container["volumeMounts"] = [{"name": "config", "mountPath": "/app/settings"}]
    as_folder = before.with_changes([workload])
    story.apply(as_folder)
    cluster = story.target("kind", open_webui=OPEN_WEBUI, gateway=GATEWAY).cluster
    assert cluster
    assert cluster.workload(GATEWAY).pods[0].outdated == ""

    config = copy.deepcopy(dict(before.get("ConfigMap", "ml", "litellm-config") or {}))
    config["data"]["config.yaml"] += "\n# corrected after LiteLLM started\n"
    story.edit(as_folder.with_changes([config]))

    def check() -> None:
        assert cluster.workload(GATEWAY).pods[0].outdated == CHANGED_FILES

    eventually(check, what="the kubelet to replace the file", timeout=SYNC, interval=2.0)
    story.apply(before)
    settle(story.api, GATEWAY, print)
