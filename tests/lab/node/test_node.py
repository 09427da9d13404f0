"""The life of a node: what it can do, however it ends, and that nothing is left of it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kubernetes import utils
from kubernetes.client import ApiException
from urllib3.exceptions import HTTPError

from domain.errors import SetupError
from domain.waiting import eventually
from lab.environments import CACHE
from lab.node import machine, outage
from lab.node.layout import Layout
from lab.node.node import up
from lab.node.process import end, lives
from lab.node.programs import Programs, ensure_programs
from lab.providers.catalogue import OFFERS
from tests.clusters import needs_a_cluster
from tests.lab.node.small import core, run_in, small_images, small_up
from tests.lab.node.traces import processes_of, traces
from tests.scripts import script

ROOT = Path(__file__).parents[3]
PROVIDERS = ROOT / "lab" / "cluster" / "providers.yaml"
CLAIM = {
    "metadata": {"name": "claim"},
    "spec": {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "1Gi"}},
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


def _unfit() -> str:
    try:
        machine.check()
    except SetupError as error:
        return str(error)
    return ""


pytestmark = [
    needs_a_cluster,
    pytest.mark.skipif(bool(_unfit()), reason=_unfit()),
    # urllib3 (2.8) leaves the socket of a handshake that was broken off to the garbage collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="module")
def layout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Layout]:
    """A home for nodes, of which none is up."""
    found = Layout(home=tmp_path_factory.mktemp("node") / "home")
    yield found
    end(found, print)


@pytest.fixture
def node(layout: Layout) -> Layout:
    """A node that is up."""
    small_up(layout, print)
    return layout


@pytest.fixture
def no_node(layout: Layout) -> Layout:
    """A home in which no node is up."""
    end(layout, print)
    return layout


def _bring_up(layout: Layout) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "tests.lab.node.small", layout.home], cwd=ROOT)


def _check_gone(numbers: dict[int, str]) -> None:
    left = {number: name for number, name in numbers.items() if Path(f"/proc/{number}").exists()}
    assert left == {}


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


def _ledger(api: Any) -> str:  # noqa: ANN401  # see `core`
    """What the providers were asked, by way of the API server."""
    return str(
        api.connect_get_namespaced_service_proxy_with_path(
            "providers:9000", "lab-providers", "ledger"
        )
    )


def test_a_second_node_makes_no_image_again(node: Layout) -> None:
    end(node, print)
    said = list[str]()

    small_up(node, said.append)

    assert [line for line in said if line.startswith("images: ")] == [
        f"images: reused, {node.images}"
    ]


def test_nothing_is_left_after_the_end_but_its_images(no_node: Layout) -> None:
    before = traces(no_node)
    small_up(no_node)
    during, numbers = traces(no_node), processes_of(no_node)

    end(no_node, print)

    assert traces(no_node) == before
    _check_gone(dict(numbers))
    assert {"kubernetes", "companions", "coredns"} - set(numbers.values()) == set(), "all seen"
    assert {name for name in before if before[name] != during[name]} == {"control groups"}
    assert sorted(path.name for path in no_node.home.iterdir()) == [
        *("authority", "containerd", "imported.json", "lock")
    ]


def test_whoever_is_killed_while_bringing_it_up_leaves_what_down_removes(
    no_node: Layout,
) -> None:
    before = traces(no_node)
    with _bring_up(no_node) as process:
        eventually(lambda: _check_exists(no_node.pid), what="the first process", interval=0.01)
        process.kill()
    assert lives(no_node)
    numbers = processes_of(no_node)

    end(no_node, print)

    assert traces(no_node) == before
    _check_gone(dict(numbers))
    assert not no_node.run.exists()


def _check_dead(layout: Layout) -> None:
    assert not lives(layout), "it lives"


def _check_exists(file: Path) -> None:
    assert file.exists(), "not yet"


def test_two_that_bring_it_up_at_once_get_the_same_node(no_node: Layout) -> None:
    with _bring_up(no_node) as one, _bring_up(no_node) as other:
        assert (one.wait(), other.wait()) == (0, 0)

    with core(no_node) as api:
        assert len(api.list_node().items) == 1
    assert no_node.log.read_text() == ""


def test_a_node_that_was_killed_is_gone_and_the_next_begins_anew(node: Layout) -> None:
    with core(node) as api:
        api.create_namespace({"metadata": {"name": "of-the-first"}})
    numbers = processes_of(node)

    os.kill(int(node.pid.read_text()), signal.SIGKILL)

    eventually(lambda: _check_dead(node), what="the node to be gone")
    _check_gone(dict(numbers))
    small_up(node, print)
    with core(node) as api:
        names = {each.metadata.name for each in api.list_namespace().items}
    assert "of-the-first" not in names
    assert "kube-system" in names


@pytest.mark.parametrize("component", outage.COMPONENTS)
def test_a_component_that_was_taken_away_is_given_back(node: Layout, component: str) -> None:
    outage.take_away(node, component)
    with pytest.raises(SetupError, match=f"no {component}"):
        outage.take_away(node, component)

    outage.give_back(node)

    commands = [Path(f"/proc/{number}/cmdline").read_text() for number in processes_of(node)]
    assert any(component in command.replace("/", "\0").split("\0") for command in commands)
    small_up(node, print)


def test_an_api_server_that_was_taken_away_answers_nobody(node: Layout) -> None:
    outage.take_away(node, "kube-apiserver")

    with core(node) as api, pytest.raises((ApiException, HTTPError)):
        api.list_node()

    outage.give_back(node)
    small_up(node, print)


def test_a_component_that_does_not_start_says_why_and_leaves_nothing(
    no_node: Layout, tmp_path: Path
) -> None:
    programs = ensure_programs(cache=CACHE, say=print)
    broken = Programs(
        kubernetes=script(tmp_path / "kubernetes", "echo no such flag; exit 3"),
        companions=programs.companions,
    )

    with pytest.raises(SetupError) as told:
        up(no_node, broken, small_images(no_node, programs), print)

    assert "found     it has ended" in str(told.value)
    assert "kube-apiserver: it ended with status 3\nno such flag" in str(told.value)
    assert not lives(no_node)


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
    eventually(
        lambda: api.create_namespaced_pod("volumes", POD),
        what="a service account",
        transient=(ApiException,),
    )
    eventually(lambda: _check_phase(api, "Succeeded"), what="the pod to end")
    listed = str(api.read_namespaced_pod_log("pod", "volumes"))
    api.delete_namespaced_pod("pod", "volumes", grace_period_seconds=0)
    api.delete_namespaced_persistent_volume_claim("claim", "volumes")
    eventually(lambda: _check_empty(api), what="pod, claim and volume to be gone")
    return listed


def _check_phase(api: Any, phase: str) -> None:  # noqa: ANN401  # see `core`
    found = api.read_namespaced_pod("pod", "volumes").status.phase
    assert found == phase, f"it is {found}"


def _check_empty(api: Any) -> None:  # noqa: ANN401  # see `core`
    claims = api.list_namespaced_persistent_volume_claim("volumes").items
    assert (api.list_namespaced_pod("volumes").items, claims) == ([], [])
    assert api.list_persistent_volume().items == []
