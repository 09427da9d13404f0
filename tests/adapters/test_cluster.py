"""The contract of `acceptance.cluster.Cluster`, for each adapter."""

import json
import re

import httpx
import pytest

from acceptance.checks.proof import Connection
from acceptance.clients.pod_requests import arrivals, call_gateway
from acceptance.cluster import Cluster, Pod, PodRequest, Workload
from acceptance.errors import SetupError
from acceptance.lab.embedded.manifests import DEFAULT, Manifests
from acceptance.resources import ServiceName
from acceptance.secret import fingerprint
from tests.adapters.world import GATEWAY, GATEWAY_URL, OPEN_WEBUI, World

KEY = (Manifests.load(DEFAULT).data("Secret", "apps", "open-webui-secrets") or {})["OPENAI_API_KEY"]


@pytest.fixture
def cluster(world: World) -> Cluster:
    """The port."""
    return world.cluster


@pytest.fixture
def workload(cluster: Cluster) -> Workload:
    """What stands behind Open WebUI's Service."""
    return cluster.workload(OPEN_WEBUI)


@pytest.fixture
def pod(workload: Workload) -> Pod:
    """Open WebUI's only pod."""
    assert len(workload.pods) == 1
    return workload.pods[0]


def test_the_workload_behind_a_service_is_named(workload: Workload, cluster: Cluster) -> None:
    assert str(workload) == "StatefulSet apps/open-webui, container open-webui"
    assert str(cluster.workload(GATEWAY)) == "Deployment ml/litellm, container litellm"


def test_a_service_is_the_same_by_whatever_port(workload: Workload, cluster: Cluster) -> None:
    by_no_port = cluster.workload(ServiceName(namespace="apps", name="open-webui", port=0))

    assert str(by_no_port) == str(workload)


def test_the_pods_are_those_that_serve(pod: Pod) -> None:
    assert pod.namespace == "apps"
    assert pod.name == "open-webui-0"
    assert "open-webui:0.12.4" in pod.image
    assert (pod.outdated, pod.restarts, pod.problem) == ("", 0, "")


def test_of_duplicate_variables_the_last_counts_and_knows_it(workload: Workload, pod: Pod) -> None:
    for environment in (workload.environment, pod.environment):
        url = environment["OPENAI_API_BASE_URL"]
        assert url.value.reveal() == f"{GATEWAY_URL}/v1"
        assert (url.source, url.hides) == ("value", 1)


def test_variables_from_secrets_are_resolved_and_say_so(workload: Workload) -> None:
    key, email = workload.environment["OPENAI_API_KEY"], workload.environment["WEBUI_ADMIN_EMAIL"]

    assert key.value.reveal() == KEY
    assert (key.source, key.hides) == ("Secret open-webui-secrets, key OPENAI_API_KEY", 1)
    assert email.source == "envFrom Secret open-webui-administrator"


def test_nothing_that_is_shown_holds_a_key(workload: Workload) -> None:
    assert KEY not in repr(workload) + str(workload) + workload.shown()


@pytest.mark.parametrize(("namespace", "name"), [("apps", "litellm"), ("ml", "open-webui-x")])
def test_a_service_that_does_not_exist_is_an_error(
    cluster: Cluster, namespace: str, name: str
) -> None:
    with pytest.raises(SetupError, match=f"{namespace}/{name}"):
        cluster.workload(ServiceName(namespace=namespace, name=name, port=80))


def test_services_are_known_with_their_ports(cluster: Cluster) -> None:
    assert {OPEN_WEBUI, GATEWAY} <= set(cluster.services())
    assert cluster.exists(GATEWAY)
    assert not cluster.exists(ServiceName(namespace="ml", name="litellm", port=80))
    assert not cluster.exists(ServiceName(namespace="apps", name="litellm", port=4000))


def test_a_workload_knows_how_many_pods_it_is_to_have(cluster: Cluster) -> None:
    assert cluster.replicas(OPEN_WEBUI) == cluster.replicas(GATEWAY) == 1
    assert cluster.replicas(ServiceName(namespace="ml", name="nothing", port=80)) is None


def test_a_pod_makes_requests_with_its_own_names(cluster: Cluster, pod: Pod) -> None:
    for host in ("litellm.ml", "litellm.ml.svc.cluster.local"):
        response = cluster.request(pod, PodRequest(url=f"http://{host}:4000/health/liveliness"))
        assert (response.status, response.error) == (200, "")
        assert "alive" in response.body


def test_a_pod_sends_its_own_key_and_does_not_tell_it(cluster: Cluster, pod: Pod) -> None:
    models = f"{GATEWAY_URL}/v1/models"

    without = cluster.request(pod, PodRequest(url=models))
    response = cluster.request(pod, PodRequest(url=models, bearer_variable="OPENAI_API_KEY"))

    assert without.status is not None
    assert without.status >= 400  # 1.106.2 without a database: 500
    assert response.status == 200
    assert len(json.loads(response.body)["data"]) == 8
    assert response.fingerprints["OPENAI_API_KEY"] == fingerprint(KEY)
    assert KEY not in repr(response) + repr(without)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://litellm:4000/", "gaierror"),
        ("http://no-such-host.example/", "gaierror"),
        ("http://litellm.ml:4001/", "refused|no route|timed out"),  # as the network likes
        ("not a url", "ValueError"),
    ],
)
def test_a_request_without_an_answer_says_why(
    cluster: Cluster, pod: Pod, url: str, reason: str
) -> None:
    response = cluster.request(pod, PodRequest(url=url, timeout=5))

    assert response.status is None
    assert re.search(reason, response.error, re.IGNORECASE)
    assert response.fingerprints["OPENAI_API_KEY"] == fingerprint(KEY)


def test_a_call_stands_in_the_log_of_whoever_answered_it(
    cluster: Cluster, workload: Workload, pod: Pod
) -> None:
    used = Connection(index=0, url=f"{GATEWAY_URL}/v1", key_fingerprint="")
    told = call_gateway(cluster, workload, used)
    found = arrivals(cluster, cluster.workload(GATEWAY), told, called=GATEWAY, judged=GATEWAY)
    assert (found.seen, found.logged, found.strangers) == (frozenset({pod.name}), True, ())


def test_what_leads_to_the_gateways_pods_is_told_from_what_does_not(cluster: Cluster) -> None:
    def leads(host: str) -> bool:
        return cluster.leads_to(f"http://{host}:4000/v1", GATEWAY, seen_from="apps")

    assert leads("litellm.ml.svc.cluster.local")
    assert not any(map(leads, ("vllm-api.ml", "litellm.apps", "api.openai.com", "10.96.250.250")))


def test_an_answer_that_is_no_success_is_an_answer(cluster: Cluster, pod: Pod) -> None:
    response = cluster.request(pod, PodRequest(url=f"{GATEWAY_URL}/no/such/path"))

    assert (response.status, response.error) == (404, "")


def test_a_service_has_an_address_for_the_runner(cluster: Cluster) -> None:
    for service, path in ((OPEN_WEBUI, "/health"), (GATEWAY, "/health/liveliness")):
        answer = httpx.get(f"{cluster.address(service)}{path}", trust_env=False)
        assert answer.status_code == 200


def test_a_service_that_leads_nowhere_has_none(cluster: Cluster) -> None:
    with pytest.raises(SetupError, match="ml/litellm"):
        cluster.address(ServiceName(namespace="ml", name="litellm", port=81))


def test_logs_are_the_last_lines_of_the_program(cluster: Cluster) -> None:
    pod = cluster.workload(GATEWAY).pods[0]

    assert len(cluster.logs(pod, lines=3).splitlines()) == 3
    assert "Uvicorn running on" in cluster.logs(pod, lines=500)


def test_a_pod_is_not_current_once_the_template_has_changed(world: World, pod: Pod) -> None:
    with world.edited("EXTRA", "later"):
        changed = world.cluster.workload(OPEN_WEBUI)
        assert changed.environment["EXTRA"].value.reveal() == "later"
        assert len(changed.pods) == 1
        assert changed.pods[0].outdated
        assert "EXTRA" not in changed.pods[0].environment

    assert world.cluster.workload(OPEN_WEBUI).pods == (pod,)


def test_a_pod_that_does_not_serve_says_why(world: World) -> None:
    with world.out_of_order():
        pods = world.cluster.workload(GATEWAY).pods
        assert pods[0].problem
        response = world.cluster.request(pods[0], PodRequest(url=GATEWAY_URL))
        assert (response.status, response.error) == (None, pods[0].problem.splitlines()[0])

    assert world.cluster.workload(GATEWAY).pods[0].problem == ""
