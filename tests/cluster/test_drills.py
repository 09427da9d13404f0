"""Taking workloads away on a real cluster: what gone means there, and what back."""

import json
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from acceptance.errors import NotProven
from acceptance.kubernetes.api import PATHS, Api
from acceptance.kubernetes.connection import connect
from acceptance.kubernetes.errors import Conflict
from acceptance.kubernetes.journal import Journal
from acceptance.kubernetes.outages import ScalingOutages
from acceptance.lab.cluster.objects import Objects
from acceptance.resources import Manifest, ServiceName
from acceptance.target import Outage
from acceptance.waiting import eventually
from tests.clusters import KUBECONFIG, needs_a_cluster

pytestmark = needs_a_cluster
_SPACE = "drill-tests"
_SERVICE = ServiceName(namespace=_SPACE, name="backend", port=0)
_LABELS = {"app": "backend"}
_LINGERS_SECONDS = 6


class World:
    """A namespace with one backend, and drills on it."""

    def __init__(self, api: Api, notes: Path) -> None:
        self.api = api.with_rights(r".*")
        self.objects = Objects(api, say=print)
        self.outages = ScalingOutages(
            api, {"vLLM": _SERVICE}, journal=Journal(notes, api.context), say=print
        )

    def deploy(
        self,
        kind: str = "Deployment",
        *,
        replicas: int = 1,
        service: Manifest | None = None,
        pod: Manifest | None = None,
    ) -> None:
        """One workload of ready pods behind the Service."""
        container = {
            "name": "vllm",
            "image": "vllm/vllm-openai:v0.6.4",
            "imagePullPolicy": "IfNotPresent",
            "ports": [{"containerPort": 8000}],
            "readinessProbe": {"tcpSocket": {"port": 8000}, "periodSeconds": 1},
            **(pod or {}),
        }
        template = {"metadata": {"labels": _LABELS}, "spec": {"containers": [container]}}
        spec: dict[str, Any] = {
            "replicas": replicas,
            "selector": {"matchLabels": _LABELS},
            "template": template,
        }
        if kind == "StatefulSet":
            spec["serviceName"] = _SERVICE.name
        ports = {"selector": _LABELS, "ports": [{"port": 8000}], **(service or {})}
        self.objects.apply(
            [
                _object("v1", "Service", "backend", ports),
                _object("apps/v1", kind, "backend", spec),
            ]
        )
        eventually(lambda: self._check_ready(kind, replicas), what="it to serve", timeout=60)

    def _check_ready(self, kind: str, replicas: int) -> None:
        ready = self.workload(kind).get("status", {}).get("readyReplicas", 0)
        assert ready == replicas, f"{ready} of {replicas}"

    def workload(self, kind: str = "Deployment") -> Manifest:
        """The backend's workload."""
        found = self.api.get(kind, _SPACE, "backend")
        assert found
        return found

    def pods(self) -> list[str]:
        """Every pod of it that there is, in whatever state."""
        found = self.api.list("Pod", _SPACE, _LABELS)
        return sorted(str(each["metadata"]["name"]) for each in found)

    def addresses(self) -> list[str]:
        """Where its Service leads."""
        label = {"kubernetes.io/service-name": "backend"}
        slices = self.api.list("EndpointSlice", _SPACE, label)
        ends = [end for each in slices for end in each.get("endpoints") or ()]
        return [str(end["addresses"][0]) for end in ends]

    def apply(self, replicas: int) -> None:
        """Say how many pods there are to be, as the owner of that field; on the server's side."""
        body = {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "backend"},
            "spec": {"replicas": replicas},
        }
        self.api.ask(
            "PATCH",
            f"{PATHS['Deployment'].format(_SPACE)}/backend",
            body=json.dumps(body),
            query={"fieldManager": "owner"},
            content_type="application/apply-patch+yaml",
        )


def _object(version: str, kind: str, name: str, spec: Manifest) -> Manifest:
    metadata = {"name": name, "namespace": _SPACE}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """An empty namespace, which is removed in the end."""
    with closing(connect(kubeconfig=KUBECONFIG, context="", say=print)) as api:
        found = World(api, tmp_path)
        space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": _SPACE}}
        found.objects.apply([space])
        yield found
        found.outages.release()
        workloads = found.objects.ours("Deployment", "StatefulSet", namespaces=[_SPACE])
        found.objects.remove(list(workloads))
        found.objects.end_pods([_SPACE])
        found.objects.remove([space])


@pytest.mark.parametrize("told_early", [False, True])
def test_gone_is_what_lingers_no_longer(world: World, told_early: bool) -> None:  # noqa: FBT001  # a parameter
    """Pods may take their time to end; with `publishNotReadyAddresses` they are led to still."""
    lingering = {"preStop": {"sleep": {"seconds": _LINGERS_SECONDS}}}
    world.deploy(service={"publishNotReadyAddresses": told_early}, pod={"lifecycle": lingering})
    began = time.monotonic()

    world.outages.take_away("vLLM", Outage.REFUSED)

    assert time.monotonic() - began > _LINGERS_SECONDS
    assert (world.pods(), world.addresses()) == ([], [])
    world.outages.restore()
    assert len(world.addresses()) == 1


def test_what_never_goes_is_not_waited_for_and_given_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("acceptance.kubernetes.outages._LONGEST_GRACE", 1)
    monkeypatch.setattr("acceptance.kubernetes.outages._TO_GO", 4.0)
    world.deploy(pod={"lifecycle": {"preStop": {"sleep": {"seconds": 25}}}})
    (stuck,) = world.pods()
    with pytest.raises(NotProven, match=f"does not go: {stuck}: still there"):
        world.outages.take_away("vLLM", Outage.REFUSED)

    (certificate,) = world.outages.restore()

    assert certificate.endswith("backend has 1 pod again, its spec is as before")
    assert len(world.pods()) == 2, "the one that does not go, and the one that serves"
    assert len(world.addresses()) == 2


def test_a_finalizer_keeps_a_record_and_no_program(world: World) -> None:
    world.deploy()
    (held,) = world.pods()
    path = f"{PATHS['Pod'].format(_SPACE)}/{held}"
    _finalize(world, path, ["example.com/stay"])
    try:
        world.outages.take_away("vLLM", Outage.REFUSED)
        assert (world.pods(), world.addresses()) == ([held], [])
        world.outages.restore()
    finally:
        _finalize(world, path, None)


def _finalize(world: World, path: str, names: list[str] | None) -> None:
    world.api.ask(
        "PATCH",
        path,
        body={"metadata": {"finalizers": names}},
        content_type="application/merge-patch+json",
    )


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet"])
def test_three_are_taken_and_three_come_back(world: World, kind: str) -> None:
    world.deploy(kind, replicas=3)
    before = world.workload(kind)

    world.outages.take_away("vLLM", Outage.REFUSED)
    assert (world.pods(), world.addresses()) == ([], [])
    (certificate,) = world.outages.restore()

    assert certificate == f"{kind} {_SPACE}/backend has 3 pods again, its spec is as before"
    after = world.workload(kind)
    assert after["spec"] == before["spec"]
    assert after["status"]["readyReplicas"] == 3
    assert len(world.addresses()) == 3
    if kind == "StatefulSet":
        assert world.pods() == ["backend-0", "backend-1", "backend-2"]


def test_a_workload_that_does_not_say_how_many_has_one_again(world: World) -> None:
    world.deploy()
    path = f"{PATHS['Deployment'].format(_SPACE)}/backend"
    world.api.ask(
        "PATCH",
        path,
        body={"spec": {"replicas": None}},
        content_type="application/merge-patch+json",
    )
    world.outages.take_away("vLLM", Outage.REFUSED)
    (certificate,) = world.outages.restore()
    assert certificate.endswith("backend has 1 pod again, its spec is as before")


def test_whoever_owned_the_number_owns_it_again(world: World) -> None:
    """Without that, their next apply would be a conflict with a drill of long ago."""
    world.deploy()
    world.apply(1)
    world.outages.take_away("vLLM", Outage.REFUSED)
    with pytest.raises(Conflict, match=r"conflict with .acceptance-drill"):
        world.apply(2)
    world.outages.restore()
    managers = [each["manager"] for each in world.workload()["metadata"]["managedFields"]]
    assert "acceptance-drill" not in managers

    world.apply(1)


def test_an_autoscaler_is_seen(world: World) -> None:
    world.deploy()
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "backend"}
    spec = {"scaleTargetRef": reference, "minReplicas": 1, "maxReplicas": 2}
    world.objects.apply([_object("autoscaling/v2", "HorizontalPodAutoscaler", "busy", spec)])
    with pytest.raises(NotProven, match="the autoscaler busy owns its number of pods"):
        world.outages.check("vLLM", Outage.REFUSED)


def test_two_behind_one_service_are_seen(world: World) -> None:
    world.deploy()
    world.deploy("StatefulSet")
    with pytest.raises(NotProven, match="there are Deployment backend, StatefulSet backend"):
        world.outages.check("vLLM", Outage.REFUSED)
