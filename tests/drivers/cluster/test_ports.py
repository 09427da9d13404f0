"""Which container and which port answer a Service."""

from typing import Any

import pytest

from drivers.cluster.ports import serving_container, target_port
from tests.drivers.cluster.objects import container, pod, service

WEB = {"containerPort": 8080, "name": "web"}
METRICS = {"containerPort": 9090, "name": "metrics"}
SIDECAR = container("exporter", ports=[METRICS])
PROGRAM = container(ports=[WEB])


def _serving(item: dict[str, Any], *ports: dict[str, Any], port: int = 0) -> str:
    return str(serving_container(item, service(*ports), port)["name"])


@pytest.mark.parametrize("target", [8080, "web"])
def test_the_container_that_declares_the_target_port_serves(target: object) -> None:
    assert _serving(pod("p", None, SIDECAR, PROGRAM), {"port": 80, "targetPort": target}) == (
        "open-webui"
    )


def test_a_port_without_a_target_is_its_own() -> None:
    assert _serving(pod("p", None, SIDECAR, PROGRAM), {"port": 8080}) == "open-webui"


def test_of_several_ports_the_one_that_is_asked_for_decides() -> None:
    """A sidecar's metrics may be behind the same Service, and the sidecar the first container."""
    ports = {"port": 80, "targetPort": "web"}, {"port": 9090, "targetPort": "metrics"}
    item = pod("p", None, SIDECAR, PROGRAM)
    assert _serving(item, *ports) == "open-webui"
    assert _serving(item, *reversed(ports)) == "exporter"
    assert _serving(item, *reversed(ports), port=80) == "open-webui"


def test_a_sidecar_among_the_init_containers_can_serve_and_what_ends_first_cannot() -> None:
    proxy = container("proxy", ports=[WEB])
    sidecar = pod(spec={"initContainers": [{**proxy, "restartPolicy": "Always"}]})
    ends_first = pod(spec={"initContainers": [proxy]})
    ports = {"port": 80, "targetPort": "web"}
    assert (_serving(sidecar, ports), target_port(sidecar, service(ports), 0)) == ("proxy", 8080)
    assert (_serving(ends_first, ports), target_port(ends_first, service(ports), 0)) == (
        "open-webui",
        None,
    )


def test_where_nobody_declares_a_port_it_is_kubectls_default_or_the_first() -> None:
    item = pod("p", None, container("first"), container("second"))
    assert _serving(item) == "first"
    item["metadata"]["annotations"] = {"kubectl.kubernetes.io/default-container": "second"}
    assert _serving(item) == "second"
    item["spec"]["containers"][0]["ports"] = [WEB]
    assert _serving(item) == "first"


def test_a_named_target_port_is_looked_up_in_the_pod() -> None:
    item = pod("p", None, SIDECAR, PROGRAM)
    named = service({"port": 80, "targetPort": "web"}, {"port": 81, "targetPort": "nobody"})
    assert target_port(item, named, 0) == 8080
    assert target_port(item, named, 81) is None
    assert target_port(item, named, 82) is None
    assert target_port(item, service({"port": 80, "targetPort": 7000}), 80) == 7000
