"""What stands behind a Service, and who made it."""

from typing import Any

import pytest

from acceptance.errors import SetupError
from acceptance.kubernetes.objects import Behind, behind, owners_by_selector
from acceptance.resources import ServiceName
from tests.kubernetes.objects import Objects, deployed, made, pod, service, workload

SERVICE = ServiceName(namespace="apps", name="open-webui", port=0)


def _behind(*objects: dict[str, Any], forbidden: tuple[str, ...] = ()) -> Behind:
    return behind(Objects(service(), *objects, forbidden=forbidden), SERVICE)


def test_a_deployment_is_found_behind_its_replica_set() -> None:
    deployment, made_by = deployed()
    found = _behind(deployment, made_by, pod("open-webui-abc-1", made_by))
    assert (found.owner["kind"], found.main.unsure) == ("Deployment", "")
    assert found.template == deployment["spec"]["template"]


def test_a_stateful_set_is_found() -> None:
    owner = workload("StatefulSet")
    assert _behind(owner, pod(owner=owner)).owner == owner


def test_a_bare_pod_is_its_own_owner_and_nobody_replaces_it() -> None:
    found = _behind(pod())
    assert (found.owner["kind"], found.main.unsure) == ("Pod", "")
    assert found.template == found.pods[0]


def test_pods_that_end_or_have_ended_do_not_serve() -> None:
    leaving = pod("leaving", deletionTimestamp="2026-01-01T00:00:00Z")
    over = pod("over", status={"phase": "Failed", "reason": "Evicted"})
    assert [each["metadata"]["name"] for each in _behind(leaving, over, pod()).pods] == [
        "open-webui-0"
    ]


@pytest.mark.parametrize(
    ("forbidden", "last", "title"),
    [
        ("ReplicaSet", "Pod", "ReplicaSet open-webui-abc"),
        ("Deployment", "ReplicaSet", "Deployment open-webui"),
    ],
)
def test_an_owner_that_may_not_be_read_leaves_it_open_who_says_how_pods_should_be(
    forbidden: str, last: str, title: str
) -> None:
    deployment, made_by = deployed()
    found = _behind(deployment, made_by, pod("one", made_by), forbidden=(forbidden,))
    assert found.owner["kind"] == last
    assert found.main.unsure.startswith(f"{title} may not be read: these rights do not allow it")


def test_so_does_an_owner_of_a_kind_that_is_not_known() -> None:
    """Argo's Rollout, for one; and a StatefulSet of another group is not Kubernetes' own."""
    _, made_by = deployed()
    rollout = {**workload("Rollout"), "apiVersion": "argoproj.io/v1alpha1"}
    made_by["metadata"]["ownerReferences"][0] |= {
        "kind": "Rollout",
        "apiVersion": "argoproj.io/v1alpha1",
    }
    assert _behind(rollout, made_by, pod("one", made_by)).main.unsure == (
        "how its owner Rollout open-webui replaces pods is not known"
    )
    foreign = {**workload("StatefulSet"), "apiVersion": "apps.kruise.io/v1beta1"}
    assert "StatefulSet open-webui replaces" in _behind(pod(owner=foreign)).main.unsure


def test_so_does_one_that_is_gone_and_a_replica_set_that_stands_alone() -> None:
    deployment, made_by = deployed()
    assert _behind(made_by, pod("one", made_by)).main.unsure == (
        "its owner Deployment open-webui is gone"
    )
    alone = made("ReplicaSet", "alone", spec=deployment["spec"])
    assert "replaces no pod" in _behind(alone, pod("one", alone)).main.unsure


def test_of_several_workloads_the_one_with_the_services_name_is_meant() -> None:
    """Whatever the order of their pods' names is."""
    other = workload("StatefulSet", name="an-old-one")
    meant = workload("StatefulSet")
    found = _behind(other, meant, pod("a-0", other), pod("b-0", meant))
    assert found.owner == meant
    assert [each.is_also_of(found.main) for each in found.owners] == [False, True]


def test_without_one_of_that_name_it_is_the_first() -> None:
    first, second = (workload("StatefulSet", name=name) for name in ("blue", "green"))
    assert _behind(first, second, pod("a-0", first), pod("b-0", second)).owner == first


@pytest.mark.parametrize(
    ("objects", "found"),
    [
        ([], "no such Service, or no namespace apps"),
        ([{**service(), "spec": {"type": "ExternalName"}}], "it has no selector"),
        ([service(), pod(status={"phase": "Succeeded"})], "its selector matches no pod that runs"),
    ],
)
def test_a_service_that_leads_nowhere_is_named(objects: list[dict[str, Any]], found: str) -> None:
    with pytest.raises(SetupError, match=r"Nothing serves behind open-webui\.apps:0") as raised:
        behind(Objects(*objects), SERVICE)
    assert found in str(raised.value)


def test_workloads_are_found_by_the_selector_however_few_pods_they_have() -> None:
    none, other = (
        workload("Deployment", spec={"replicas": 0}),
        workload("StatefulSet", name="other"),
    )
    other["spec"]["template"]["metadata"]["labels"] = {"app": "other"}
    assert owners_by_selector(Objects(service(), none, other), SERVICE) == (none,)
    assert owners_by_selector(Objects(none), SERVICE) == ()
