"""Which container and which port answer a Service."""

from dataclasses import replace
from typing import Any

import pytest

from acceptance.errors import SetupError
from acceptance.kubernetes.ports import (
    LITELLM,
    OPEN_WEBUI,
    Program,
    serving_container,
    target_ports,
)
from tests.kubernetes.objects import container, pod, service

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
    assert (_serving(sidecar, ports), target_ports(sidecar, service(ports), 0)) == (
        "proxy",
        (8080,),
    )
    assert (_serving(ends_first, ports), target_ports(ends_first, service(ports), 0)) == (
        "open-webui",
        (),
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
    assert target_ports(item, named, 0) == (8080,)
    assert target_ports(item, named, 81) == ()
    assert target_ports(item, named, 82) == ()
    assert target_ports(item, service({"port": 80, "targetPort": 7000}), 80) == (7000,)


TO_PROXY = {"port": 80, "targetPort": 4180}
OAUTH = container(
    "auth", image="quay.io/oauth2-proxy/oauth2-proxy:v7", ports=[{"containerPort": 4180}]
)
NGINX = container("front", image="nginxinc/nginx-unprivileged:1", ports=[{"containerPort": 4180}])
TAILSCALE = container("ts", image="ghcr.io/tailscale/tailscale:v1")
UI = container("app", image="ghcr.io/open-webui/open-webui:0.12.4-slim")
OWN_UI = container("app", image="registry.example/team/openwebui-company:3")
NAMELESS_UI = container("app", image="registry.example/ui:3", ports=[WEB])
STARTED_UI = container("app", image="registry.example/ui:3", command=["open-webui", "serve"])
LLM = container("app", image="ghcr.io/berriai/litellm-database:main-stable")
ARM_LLM = container("app", image="localhost:5000/litellm-arm64@sha256:0123")
PYTHON_LLM = container("app", image="python:3.12", args=["litellm --config /c.yaml"])
EXPORTER = container("x", image="team/litellm-exporter:1", ports=[METRICS])
HELPER = container("helper", image=UI["image"], command=["python3", "-c", "pause()"])


@pytest.mark.parametrize(
    ("program", "containers"),
    [
        (OPEN_WEBUI, (OAUTH, UI)),
        (OPEN_WEBUI, (NGINX, OWN_UI)),
        (OPEN_WEBUI, (NGINX, NAMELESS_UI)),
        (OPEN_WEBUI, (OAUTH, STARTED_UI)),
        (OPEN_WEBUI, (TAILSCALE, UI)),
        (OPEN_WEBUI, (HELPER, UI)),
        (LITELLM, (NGINX, LLM)),
        (LITELLM, (TAILSCALE, ARM_LLM)),
        (LITELLM, (TAILSCALE, PYTHON_LLM)),
        (LITELLM, (EXPORTER, LLM)),
    ],
)
def test_the_program_is_told_from_what_stands_before_or_beside_it(
    program: Program, containers: tuple[dict[str, Any], ...]
) -> None:
    """A proxy's environment says nothing, and a sidecar may be the first container."""
    for order in (containers, containers[::-1]):
        for ports in (TO_PROXY, {"port": 80, "targetPort": 8080}):
            found = serving_container(pod("p", None, *order), service(ports), 0, program)
            assert found["name"] == "app"


def test_of_two_that_are_alike_the_one_behind_the_service_is_the_program() -> None:
    both = container("one", image=UI["image"]), {**UI, "ports": [WEB]}
    item = pod("p", None, *both)
    assert serving_container(item, service(TO_PROXY), 0, OPEN_WEBUI)["name"] == "app"


def test_settings_may_name_the_container() -> None:
    item = pod("p", None, UI, container("mine", image="nginx:1"))
    mine = replace(OPEN_WEBUI, container="mine")
    assert serving_container(item, service(), 0, mine)["name"] == "mine"
    with pytest.raises(SetupError, match="expected  one of app, mine"):
        serving_container(item, service(), 0, replace(OPEN_WEBUI, container="other"))


def test_behind_a_proxy_the_programs_own_ports_are_doors_too() -> None:
    declared = {**UI, "ports": [{"containerPort": 3000}]}
    assert target_ports(pod("p", None, OAUTH, declared), service(TO_PROXY), 0, OPEN_WEBUI) == (
        4180,
        3000,
        8080,
    )


def test_where_nothing_stands_before_it_the_service_alone_says_where_it_answers() -> None:
    """That the Service leads to a port on which nobody listens is what is judged."""
    item = pod("p", None, {**LLM, "ports": [{"containerPort": 4000}]})
    assert target_ports(item, service({"port": 4000, "targetPort": 4001}), 0, LITELLM) == (4001,)


def test_each_port_of_a_service_without_a_number_is_a_door() -> None:
    ports = {"port": 9090, "targetPort": 9090}, {"port": 80, "targetPort": 8080}
    dns = {"port": 53, "targetPort": 53, "protocol": "UDP"}
    assert target_ports(pod(), service(*ports, dns), 0, OPEN_WEBUI) == (9090, 8080)
    assert target_ports(pod(), service(*ports, dns), 80, OPEN_WEBUI) == (8080,)
