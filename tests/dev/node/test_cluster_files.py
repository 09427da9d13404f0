"""The files that speak of the same addresses agree with each other and with the code."""

import re
from pathlib import Path
from typing import Any

import yaml

from acceptance.lab.providers.catalogue import CONTROL_PORT, OFFERS
from dev.node.addresses import DNS_SERVICE
from dev.node.programs import kubernetes_version

_ROOT = Path(__file__).parents[3]


def _services(file: str) -> dict[str, Any]:
    found = yaml.safe_load_all((_ROOT / file).read_text())
    return {item["metadata"]["name"]: item["spec"] for item in found if item["kind"] == "Service"}


def _objects(file: str, kind: str) -> list[Any]:
    return [item for item in yaml.safe_load_all((_ROOT / file).read_text()) if item["kind"] == kind]


def test_each_public_name_leads_to_the_port_of_its_provider() -> None:
    services = _services("acceptance/lab/cluster/providers.yaml")
    (corefile,) = (
        each["data"]["Corefile"] for each in _objects("dev/node/coredns.yaml", "ConfigMap")
    )
    names = {name: address for address, name in re.findall(r"(10\.[\d.]+) (\S+)", corefile)}
    public = [offer for offer in OFFERS if offer.scheme == "https"]

    assert names == {offer.host: services[offer.name]["clusterIP"] for offer in public}
    assert {offer.name: offer.port for offer in public} == {
        offer.name: services[offer.name]["ports"][0]["targetPort"] for offer in public
    }


def test_the_local_backends_and_the_control_api_have_their_ports() -> None:
    ports = _services("acceptance/lab/cluster/providers.yaml")["providers"]["ports"]

    assert {port["name"]: port["port"] for port in ports} == {
        "control": CONTROL_PORT,
        **{offer.name: offer.port for offer in OFFERS if offer.scheme == "http"},
    }


def test_no_two_providers_share_a_port() -> None:
    assert len({CONTROL_PORT, *(offer.port for offer in OFFERS)}) == len(OFFERS) + 1


def test_pods_are_told_the_address_that_the_names_have() -> None:
    assert _services("dev/node/coredns.yaml")["kube-dns"]["clusterIP"] == DNS_SERVICE


def test_all_of_kubernetes_is_of_one_release() -> None:
    module = (_ROOT / "dev/node/kubernetes" / "go.mod").read_text()
    _major, *release = kubernetes_version().split(".")

    replaced = re.findall(r"^\t(\S+) => (\S+) v(\S+)$", module, re.MULTILINE)
    assert len(replaced) == 31
    assert {(old == new, version) for old, new, version in replaced} == {
        (True, f"0.{'.'.join(release)}")
    }
