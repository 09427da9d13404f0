"""What a node can do: pods, names, volumes; and do without, for a while."""

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from kubernetes import utils
from kubernetes.client import ApiException
from urllib3.exceptions import HTTPError

from acceptance.errors import SetupError
from acceptance.lab.providers.catalogue import OFFERS
from acceptance.waiting import eventually
from dev.node import outage
from dev.node.layout import Layout
from tests.dev.node.conftest import NEEDS_A_NODE
from tests.dev.node.small import core, run_in, small_up
from tests.dev.node.traces import processes_of

PROVIDERS = Path(__file__).parents[3] / "acceptance/lab/cluster/providers.yaml"
CLAIM = {
    "metadata": {"name": "claim"},
    "spec": {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "1Gi"}},
    },
}
ONLY_NAMES = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "NetworkPolicy",
    "metadata": {"name": "only-names", "namespace": "policies"},
    "spec": {
        "podSelector": {},
        "policyTypes": ["Egress"],
        "egress": [{"ports": [{"protocol": "TCP", "port": 53}]}],
    },
}
POD = {
    "metadata": {"name": "pod"},
    "spec": {
        "restartPolicy": "Never",
        "containers": [
            {
                "name": "writer",
                "image": "lab/providers:1",
                "command": ["sh", "-c", "ls /volume; touch /volume/now; ls /volume"],
                "volumeMounts": [{"name": "data", "mountPath": "/volume"}],
            }
        ],
        "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "claim"}}],
    },
}

pytestmark = NEEDS_A_NODE


def test_pods_find_the_names_of_the_cluster_and_of_the_providers_and_no_others(
    node: Layout,
) -> None:
    hosts = [offer.host for offer in OFFERS if offer.scheme == "https"]
    names = [*hosts, "providers.lab-providers.svc.cluster.local", "providers", "example.com"]
    asked = (
        "import socket\n"
        f"for name in {names!r}:\n"
        "    try: print(name, socket.gethostbyname(name))\n"
        "    except OSError as error: print(name, error)\n"
        "try: socket.create_connection(('192.0.2.1', 443), timeout=10)\n"
        "except OSError as error: print(error)\n"
    )
    with core(node) as api:
        utils.create_from_yaml(api.api_client, str(PROVIDERS))  # type: ignore[no-untyped-call]  # its annotations lack a type
        eventually(lambda: _ledger(api), what="the providers", transient=(ApiException,))
        address = api.read_namespaced_service("providers", "lab-providers").spec.cluster_ip

    found = run_in(node, namespace="lab-providers", labels="app=providers", script=asked)

    assert found.splitlines() == [
        *(f"{host} 10.96.0.{21 + number}" for number, host in enumerate(hosts)),
        f"providers.lab-providers.svc.cluster.local {address}",
        f"providers {address}",
        "example.com [Errno -2] Name or service not known",
        "[Errno 113] No route to host",
    ]


def test_what_a_network_policy_does_not_allow_gets_no_answer(node: Layout) -> None:
    with core(node) as api:
        (names,) = api.list_namespaced_pod("kube-system", label_selector="k8s-app=kube-dns").items
        api.create_namespace({"metadata": {"name": "policies"}})
        idle = ["python3", "-c", "import signal; signal.pause()"]
        container = {"name": "idle", "image": "lab/providers:1", "command": idle}
        pod = {
            "metadata": {"name": "pod", "labels": {"app": "idle"}},
            "spec": {"containers": [container], "terminationGracePeriodSeconds": 0},
        }
        _run_until(api, "Running", "policies", pod)
        utils.create_from_dict(api.api_client, ONLY_NAMES)  # type: ignore[no-untyped-call]  # likewise

    script = (
        "import socket\n"
        "for port in (53, 8181):\n"
        f"    try: socket.create_connection(('{names.status.pod_ip}', port), timeout=2)\n"
        "    except TimeoutError: print(f'{port}:silent')\n"
        "    else: print(f'{port}:answers')\n"
    )

    def asked() -> None:
        found = run_in(node, namespace="policies", labels="app=idle", script=script)
        assert found.split() == ["53:answers", "8181:silent"], found

    eventually(asked, what="the policy")


def _ledger(api: Any) -> str:  # noqa: ANN401  # see `core`
    """What the providers were asked, by way of the API server."""
    return str(
        api.connect_get_namespaced_service_proxy_with_path(
            "providers:9000", "lab-providers", "ledger"
        )
    )


@pytest.mark.parametrize("component", outage.COMPONENTS)
def test_a_component_that_was_taken_away_is_given_back(node: Layout, component: str) -> None:
    outage.take_away(node, component)
    with pytest.raises(SetupError, match=f"no {component}"):
        outage.take_away(node, component)

    outage.give_back(node)

    assert any(component in outage.command(number) for number in processes_of(node))
    small_up(node, print)


def test_an_api_server_that_was_taken_away_answers_nobody(node: Layout) -> None:
    outage.take_away(node, "kube-apiserver")

    with core(node) as api, pytest.raises((ApiException, HTTPError)):
        api.list_node()

    outage.give_back(node)
    small_up(node, print)


def test_no_other_machine_reaches_the_api_server(node: Layout) -> None:
    with core(node) as api:
        port = api.api_client.configuration.host.rpartition(":")[2]
    listed = subprocess.run(
        ["ss", "--listening", "--tcp", "--numeric", "--no-header", f"sport = :{port}"],  # noqa: S607  # wherever it is
        capture_output=True,
        text=True,
        check=True,
    )

    assert [line.split()[3] for line in listed.stdout.splitlines()] == [f"127.0.0.1:{port}"]


def test_a_volume_that_is_claimed_again_is_empty(node: Layout) -> None:
    with core(node) as api:
        api.create_namespace({"metadata": {"name": "volumes"}})

        assert [_listed_in_new_volume(api) for _attempt in range(2)] == ["now\n", "now\n"]


def _listed_in_new_volume(api: Any) -> str:  # noqa: ANN401  # see `core`
    """What a pod lists in a volume before and after it wrote a file."""
    api.create_namespaced_persistent_volume_claim("volumes", CLAIM)
    _run_until(api, "Succeeded", "volumes", POD)
    listed = str(api.read_namespaced_pod_log("pod", "volumes"))
    api.delete_namespaced_pod("pod", "volumes", grace_period_seconds=0)
    api.delete_namespaced_persistent_volume_claim("claim", "volumes")
    eventually(lambda: _check_empty(api), what="pod, claim and volume to be gone")
    return listed


def _run_until(api: Any, phase: str, namespace: str, pod: Mapping[str, object]) -> None:  # noqa: ANN401  # see `core`
    """Create a pod, and return once it is so far."""
    eventually(
        lambda: api.create_namespaced_pod(namespace, pod),
        what="a service account",
        transient=(ApiException,),
    )
    eventually(lambda: _check_phase(api, phase, namespace), what=f"the pod to be {phase}")


def _check_phase(api: Any, phase: str, namespace: str) -> None:  # noqa: ANN401  # see `core`
    found = api.read_namespaced_pod("pod", namespace).status.phase
    assert found == phase, f"it is {found}"


def _check_empty(api: Any) -> None:  # noqa: ANN401  # see `core`
    claims = api.list_namespaced_persistent_volume_claim("volumes").items
    assert (api.list_namespaced_pod("volumes").items, claims) == ([], [])
    assert api.list_persistent_volume().items == []
