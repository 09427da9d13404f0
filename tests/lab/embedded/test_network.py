"""The lab's table: addresses for names, local ports for addresses, and what a pod sees of it."""

import json
from pathlib import Path
from typing import Any

import pytest

from acceptance.lab.embedded.manifests import Manifests
from acceptance.lab.embedded.network import Disturbance, Network, named_by, selects
from acceptance.lab.embedded.plan import PodPlan, plan_pods
from acceptance.lab.embedded.unsupported import unsupported
from tests.lab.embedded import fake

GATEWAY, WEBUI = "ml/litellm-0", "apps/open-webui-0"
LITELLM = "litellm.ml.svc.cluster.local"
PORTS = {GATEWAY: {4000: 41000}, WEBUI: {8080: 42000}}


@pytest.fixture
def manifests() -> Manifests:
    """LiteLLM and Open WebUI, each behind port 80 of its Service."""
    return fake.manifests()


def table(
    manifests: Manifests,
    folder: Path,
    *disturbances: Disturbance,
    ports: dict[str, dict[int, int]] = PORTS,
) -> dict[str, Any]:
    network = Network(manifests, {"api.openai.com": 43000, "api.groq.com": 43001})
    file = folder / "network.json"
    network.write(file, plan_pods(manifests), ports, silent=49000, disturbances=disturbances)
    written: dict[str, Any] = json.loads(file.read_text())
    return written


def service(**spec: object) -> dict[str, Any]:
    metadata = {"name": "litellm", "namespace": "ml"}
    return {"kind": "Service", "metadata": metadata, "spec": spec}


def test_each_service_and_each_outside_host_has_an_address_of_its_own(
    manifests: Manifests, tmp_path: Path
) -> None:
    names = table(manifests, tmp_path)["names"]

    assert set(names) == {
        LITELLM,
        "open-webui.apps.svc.cluster.local",
        "api.openai.com",
        "api.groq.com",
    }
    assert len(set(names.values())) == 4
    assert not any(address.startswith("127.") for address in names.values())


def test_a_route_leads_to_the_local_port_of_the_target_port(
    manifests: Manifests, tmp_path: Path
) -> None:
    written = table(manifests, tmp_path)

    assert written["routes"][f"{written['names'][LITELLM]}:80"] == [41000]
    assert written["routes"][f"{written['names']['api.groq.com']}:443"] == [43001]


def test_another_name_of_a_service_leads_where_that_leads(
    manifests: Manifests, tmp_path: Path
) -> None:  # V15
    def alias(name: str, of: str) -> dict[str, Any]:
        metadata = {"name": name, "namespace": "apps"}
        return {
            "kind": "Service",
            "metadata": metadata,
            "spec": {"type": "ExternalName", "externalName": of},
        }

    names = [alias("llm", LITELLM), alias("ai", "llm"), alias("nas", "nas.home.example")]
    changed = manifests.with_changes(names)
    written = table(changed, tmp_path)["names"]

    assert written["llm.apps.svc.cluster.local"] == written[LITELLM]
    assert written["ai.apps.svc.cluster.local"] == written[LITELLM]
    found = named_by("http://ai:80/v1", changed, seen_from="apps")
    assert found == changed.get("Service", "ml", "litellm")
    assert [line for line in unsupported(changed) if "ExternalName" in line] == [
        "Service apps/nas: ExternalName is not resolved in the embedded lab"
    ]


def test_a_headless_service_maps_no_port(manifests: Manifests, tmp_path: Path) -> None:  # V16
    spec = {"selector": {"app": "litellm"}, "ports": [{"port": 80, "targetPort": "http"}]}
    written = table(manifests.with_changes([service(clusterIP="None", **spec)]), tmp_path)

    assert f"{written['names'][LITELLM]}:80" not in written["routes"]
    assert written["routes"][f"{written['names'][LITELLM]}:4000"] == [41000]


@pytest.mark.parametrize(
    "spec",
    [
        {"selector": {"app": "somebody-else"}, "ports": [{"port": 80, "targetPort": "http"}]},
        {"selector": {"app": "open-webui"}, "ports": [{"port": 80, "targetPort": "http"}]},
        {"selector": {"app": "litellm"}, "ports": [{"port": 80, "targetPort": "web"}]},
        {"selector": {"app": "litellm"}, "ports": [{"port": 80}]},
        {"ports": [{"port": 80, "targetPort": "http"}]},
    ],
    ids=["no such pod", "another namespace", "no such port", "its own port", "no selector"],
)
def test_a_service_that_leads_nowhere_has_no_route(
    manifests: Manifests, tmp_path: Path, spec: dict[str, Any]
) -> None:
    written = table(manifests.with_changes([service(**spec)]), tmp_path)

    assert written["routes"][f"{written['names'][LITELLM]}:80"] == []


def test_all_pods_behind_a_service_are_routes(manifests: Manifests, tmp_path: Path) -> None:
    workload = next(item for item in manifests if item["metadata"]["name"] == "litellm")
    two = {**workload, "spec": {**workload["spec"], "replicas": 2}}
    ports = {**PORTS, "ml/litellm-1": {4000: 41001}}

    written = table(manifests.with_changes([two]), tmp_path, ports=ports)

    assert written["routes"][f"{written['names'][LITELLM]}:80"] == [41000, 41001]


def test_a_pod_that_does_not_listen_yet_is_no_route(manifests: Manifests, tmp_path: Path) -> None:
    written = table(manifests, tmp_path, ports={WEBUI: {8080: 42000}})

    assert written["routes"][f"{written['names'][LITELLM]}:80"] == []


def test_search_domains_begin_with_the_pods_own_namespace(
    manifests: Manifests, tmp_path: Path
) -> None:
    pods = table(manifests, tmp_path, Disturbance(search=("corp.example",)))["pods"]

    standard = ["svc.cluster.local", "cluster.local", "corp.example"]
    assert pods[GATEWAY]["search"] == ["ml.svc.cluster.local", *standard]
    assert pods[WEBUI]["search"] == ["apps.svc.cluster.local", *standard]


def test_a_disturbance_may_concern_some_pods_only(manifests: Manifests, tmp_path: Path) -> None:
    gone = Disturbance(names={LITELLM: None}, silent=frozenset({f"{LITELLM}:80"}), pods="apps/")

    written = table(manifests, tmp_path, gone)

    cut = f"{written['names'][LITELLM]}:80"
    assert written["pods"][WEBUI] | {"search": []} == {
        "search": [],
        "names": {LITELLM: None},
        "cut": [cut],
    }
    assert written["pods"][GATEWAY]["names"] == {}
    assert written["pods"][GATEWAY]["cut"] == []
    assert written["silent"] == 49000


def test_the_table_is_never_half_written(manifests: Manifests, tmp_path: Path) -> None:
    table(manifests, tmp_path)
    before = (tmp_path / "network.json").stat().st_ino

    table(manifests, tmp_path)

    assert (tmp_path / "network.json").stat().st_ino != before  # another file took its place
    assert [path.name for path in tmp_path.iterdir()] == ["network.json"]


def test_a_selector_must_match_whole_and_in_the_same_namespace(manifests: Manifests) -> None:
    plan: PodPlan = next(each for each in plan_pods(manifests) if each.key == GATEWAY)

    assert selects(service(selector={"app": "litellm"}), plan)
    assert not selects(service(selector={"app": "litellm", "tier": "gold"}), plan)
    assert not selects(service(selector={}), plan)


def test_a_pod_runs_one_program_and_the_others_are_named() -> None:
    workload, other = fake.objects("litellm", "serve")[0], fake.objects("open-webui", "serve")[0]
    containers = workload["spec"]["template"]["spec"]["containers"]
    containers += other["spec"]["template"]["spec"]["containers"]
    containers.append({"name": "proxy", "image": "example/envoy:1"})
    manifests = Manifests([workload])

    assert [plan.container["name"] for plan in plan_pods(manifests)] == ["litellm"]
    where, reason = "StatefulSet ml/litellm: container", "a pod of the lab runs one program"
    assert unsupported(manifests) == (
        f"{where} open-webui (example/open-webui:1.0) is not run: {reason}",
        f"{where} proxy (example/envoy:1) is not run",
    )
