"""What speaks against a drill is said before anything is changed."""

import re

import pytest

from acceptance.errors import NotProven
from acceptance.kubernetes.outages import ScalingOutages
from acceptance.target import Outage
from tests.kubernetes.drills.played import Cluster


def _refused(cluster: Cluster, outages: ScalingOutages, words: str) -> None:
    """Refuse it by these words, as soon as it is asked for, and change nothing."""
    for ask in (outages.check, outages.take_away):
        with pytest.raises(NotProven, match=words):
            ask("vLLM", Outage.REFUSED)
    assert [each for each in cluster.asked if each.split()[0] in ("PATCH", "PUT", "DELETE")] == []


def test_an_autoscaler_owns_the_number(cluster: Cluster, outages: ScalingOutages) -> None:
    reference = {"kind": "Deployment", "name": "vllm-server"}
    cluster.add("HorizontalPodAutoscaler", "busy", spec={"scaleTargetRef": reference})
    _refused(cluster, outages, "the autoscaler busy owns its number of pods")


def test_an_autoscaler_of_something_else_does_not(
    cluster: Cluster, outages: ScalingOutages
) -> None:
    reference = {"kind": "StatefulSet", "name": "vllm-server"}
    cluster.add("HorizontalPodAutoscaler", "busy", spec={"scaleTargetRef": reference})
    outages.check("vLLM", Outage.REFUSED)


@pytest.mark.parametrize(
    ("place", "mark", "who"),
    [
        ("annotations", "argocd.argoproj.io/tracking-id", "Argo CD"),
        ("labels", "argocd.argoproj.io/instance", "Argo CD"),
        ("labels", "kustomize.toolkit.fluxcd.io/name", "Flux"),
        ("labels", "helm.toolkit.fluxcd.io/name", "Flux"),
    ],
)
def test_a_gitops_controller_marked_it(
    cluster: Cluster, outages: ScalingOutages, place: str, mark: str, who: str
) -> None:
    cluster.workload("vllm-server")["metadata"][place] = {mark: "prod"}
    _refused(cluster, outages, rf"{who} would undo it \({re.escape(mark)}\)")


@pytest.mark.parametrize("manager", ["argocd-controller", "kustomize-controller"])
def test_a_gitops_controller_wrote_it(
    cluster: Cluster, outages: ScalingOutages, manager: str
) -> None:
    cluster.workload("vllm-server")["metadata"]["managedFields"] = [{"manager": manager}]
    _refused(cluster, outages, f"would undo it .{manager}")


def test_an_operator_owns_it(cluster: Cluster, outages: ScalingOutages) -> None:
    owner = {"kind": "InferenceService", "name": "qwen", "controller": True}
    cluster.workload("vllm-server")["metadata"]["ownerReferences"] = [owner]
    _refused(cluster, outages, "InferenceService qwen, to which it belongs, would undo it")


def test_it_is_at_nothing_already(cluster: Cluster, outages: ScalingOutages) -> None:
    cluster.workload("vllm-server")["spec"]["replicas"] = 0
    _refused(cluster, outages, "Deployment ml/vllm-server: it is at 0 already")


def test_there_is_no_such_service(cluster: Cluster, outages: ScalingOutages) -> None:
    del cluster.objects["Service", "vllm-api"]
    _refused(cluster, outages, "no drill without a Service ml/vllm-api: settings name")


def test_nothing_is_behind_the_service(cluster: Cluster, outages: ScalingOutages) -> None:
    del cluster.objects["Deployment", "vllm-server"]
    _refused(cluster, outages, "wants one Deployment or StatefulSet, and there is none")


def test_a_service_without_a_selector_leads_elsewhere(
    cluster: Cluster, outages: ScalingOutages
) -> None:
    del cluster.objects["Service", "vllm-api"]["spec"]["selector"]
    _refused(cluster, outages, "and there is none")


def test_several_workloads_are_behind_the_service(
    cluster: Cluster, outages: ScalingOutages
) -> None:
    twin = cluster.backend("vllm-canary", "canary")
    twin["spec"]["template"]["metadata"]["labels"] = {"app": "vllm-server", "track": "canary"}
    _refused(cluster, outages, "there are Deployment vllm-server, Deployment vllm-canary")


def test_a_pod_of_somebody_else_would_stay(cluster: Cluster, outages: ScalingOutages) -> None:
    cluster.workload("vllm-server")["spec"]["selector"]["matchLabels"]["tier"] = "gpu"
    cluster.workload("vllm-server")["spec"]["template"]["metadata"]["labels"]["tier"] = "gpu"
    selector = cluster.objects["Service", "vllm-api"]["spec"]["selector"]
    cluster.objects["Service", "vllm-api"]["spec"]["selector"] = {"app": selector["app"]}
    spec = {"containers": [{"name": "c"}]}
    cluster.add("Pod", "by-hand", metadata={"labels": {"app": "vllm-server"}}, spec=spec)
    _refused(cluster, outages, "pod by-hand would stay")


@pytest.mark.parametrize(
    ("right", "told"),
    [
        ("patch deployments", "patch deployments.apps"),
        ("create leases", "create leases.coordination.k8s.io"),
        ("update leases", "update leases.coordination.k8s.io"),
        ("list endpointslices", "list endpointslices.discovery.k8s.io"),
        ("list horizontalpodautoscalers", "list horizontalpodautoscalers.autoscaling"),
    ],
)
def test_a_right_is_missing(
    cluster: Cluster, outages: ScalingOutages, right: str, told: str
) -> None:
    cluster.forbidden = {right}
    _refused(cluster, outages, rf"missing rights: {told}; deploy/rbac/drills\.yaml grants them")


def test_a_refusal_in_spite_of_the_rights_changes_nothing(
    cluster: Cluster, outages: ScalingOutages
) -> None:
    """An admission webhook may refuse what RBAC allows."""

    def refuse(method: str, _path: str) -> None:
        cluster.forbidden = {"patch deployments"} if method == "PATCH" else set()

    cluster.before = refuse
    with pytest.raises(NotProven, match="these rights do not allow it: cannot patch deployments"):
        outages.take_away("vLLM", Outage.REFUSED)

    assert outages.restore() == (
        "Deployment ml/vllm-server has 1 pod again, its spec is as before",
    )


@pytest.mark.parametrize("outage", [each for each in Outage if each is not Outage.REFUSED])
def test_what_cannot_be_brought_about_is_not_required(
    outages: ScalingOutages, outage: Outage
) -> None:
    with pytest.raises(NotProven, match="the target `embedded` shows it") as error:
        outages.check("vLLM", outage)
    assert not error.value.required


def test_what_is_not_of_this_cluster_is_not_required(outages: ScalingOutages) -> None:
    with pytest.raises(NotProven, match="OpenAI is not of this cluster: it stays") as error:
        outages.check("OpenAI", Outage.REFUSED)
    assert not error.value.required
