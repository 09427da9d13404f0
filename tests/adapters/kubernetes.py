"""A cluster of the lab's own as a world of the contract tests."""

import copy
from collections.abc import Iterator
from contextlib import closing, contextmanager

from acceptance.kubernetes.cluster import KubernetesCluster
from acceptance.kubernetes.connection import connect
from acceptance.kubernetes.objects import behind
from acceptance.kubernetes.rollout import settle
from acceptance.lab.cluster.lab import ClusterLab, cluster_lab
from acceptance.lab.embedded.manifests import DEFAULT, Manifests
from acceptance.waiting import eventually
from tests.adapters.world import GATEWAY, OPEN_WEBUI


class KubernetesWorld:
    """`World`, by a real Kubernetes on which the story is deployed."""

    def __init__(self, lab: ClusterLab) -> None:
        self._lab = lab
        self.cluster = KubernetesCluster(lab.api, OPEN_WEBUI, GATEWAY)

    @contextmanager
    def edited(self, variable: str, value: str) -> Iterator[None]:
        """See `World`; with `OnDelete`, the controller leaves the pod alone."""
        before = self._lab.manifests
        self._lab.edit(_on_delete(before))
        later = _on_delete(before)
        workload = copy.deepcopy(later.get("StatefulSet", "apps", "open-webui"))
        assert workload is not None
        container = workload["spec"]["template"]["spec"]["containers"][0]
        container["env"].append({"name": variable, "value": value})
        self._lab.edit(later.with_changes([workload]))
        eventually(self._check_seen, what="the controller to see the new template")
        yield
        self._lab.edit(_on_delete(before))
        eventually(self._check_seen, what="the controller to see the old template")
        self._lab.edit(before)
        eventually(self._check_seen, what="the controller to see the old strategy")

    def _check_seen(self) -> None:
        owner = behind(self._lab.api, OPEN_WEBUI).owner
        assert owner["status"]["observedGeneration"] == owner["metadata"]["generation"], "not yet"

    @contextmanager
    def out_of_order(self) -> Iterator[None]:
        """See `World`; the image that the newest template names does not exist."""
        before = self._lab.manifests
        workload = copy.deepcopy(before.get("Deployment", "ml", "litellm"))
        assert workload is not None
        workload["spec"]["strategy"] = {"type": "Recreate"}
        container = workload["spec"]["template"]["spec"]["containers"][0]
        container["image"] = "lab.invalid/there-is-none:1"
        self._lab.edit(before.with_changes([workload]))
        settle(self._lab.api, GATEWAY, print)
        yield
        self._lab.edit(before)
        settle(self._lab.api, GATEWAY, print)


def _on_delete(manifests: Manifests) -> Manifests:
    workload = copy.deepcopy(manifests.get("StatefulSet", "apps", "open-webui"))
    assert workload is not None
    workload["spec"]["updateStrategy"] = {"type": "OnDelete"}
    return manifests.with_changes([workload])


@contextmanager
def story_on(kubeconfig: str) -> Iterator[ClusterLab]:
    """The story, fresh on this cluster."""
    api = connect(kubeconfig=kubeconfig, context="", say=print)
    with closing(api), cluster_lab(api, say=print) as lab:
        lab.apply(Manifests.load(DEFAULT))
        for service in (OPEN_WEBUI, GATEWAY):
            settle(api, service, print)
        yield lab
