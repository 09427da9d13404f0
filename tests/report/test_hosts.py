"""Internal names and addresses."""

import pytest

from acceptance.report.hosts import HostMask


@pytest.mark.parametrize(
    "name",
    [
        "litellm.ml.svc.cluster.local",
        "litellm.ml.svc",
        "nas.local",
        "pi-4.home.arpa",
        "git.corp",
        "10.0.0.7",
        "172.20.1.1",
        "192.168.178.20",
        "ai.example.org",
        "vm",
        "vm.example.org",
        "litellm.ml",
    ],
)
def test_an_internal_name_is_replaced(name: str) -> None:
    mask = HostMask(["ai.example.org", "vm", "litellm.ml"])
    assert mask(f"http://{name}:4000/v1") == "http://host-1:4000/v1"
    assert mask(f"at {name.upper()}, port 1") == "at host-1, port 1"
    assert mask(f"{name}.") == "host-1."


@pytest.mark.parametrize(
    "text",
    [
        "api.groq.com",
        "https://generativelanguage.googleapis.com/v1beta",
        "172.15.0.1",
        "1.106.2",
        "0.12.4",
        "127.0.0.1:8080",
        "a local model",
        "vms",
        "my-vm",
        "time 10:04:05",
        "localhost",
    ],
)
def test_what_is_public_or_no_host_stays(text: str) -> None:
    assert HostMask(["vm"])(text) == text


def test_an_address_of_ipv6_is_replaced() -> None:
    assert HostMask()("http://[fd12:3456::1]:4000/v1") == "http://[host-1]:4000/v1"


def test_names_stay_told_apart() -> None:
    mask = HostMask()
    assert mask("a.local b.local a.local") == "host-1 host-2 host-1"
    assert mask("b.local") == "host-2"
