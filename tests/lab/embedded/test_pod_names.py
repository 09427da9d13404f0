"""Names as a program inside a pod resolves them."""

import socket

import pytest

from tests.lab.embedded.inside import GATEWAY, OPENAI, Inside


@pytest.mark.parametrize(
    "name",
    [
        "litellm.ml.svc.cluster.local",
        "litellm.ml.svc.cluster.local.",
        "LiteLLM.ML.svc",
        "litellm.ml",
    ],
)
def test_a_service_has_each_of_its_names(inside: Inside, name: str) -> None:
    assert inside.address_of(name) == GATEWAY


@pytest.mark.parametrize(
    "name", ["litellm", "litellm.ml.", "litellm.ml.svc.other.domain", "example.com", "x..y"]
)
def test_a_name_that_no_pod_would_resolve_does_not_exist(inside: Inside, name: str) -> None:
    assert inside.address_of(name) == (
        f"gaierror: [Errno {socket.EAI_NONAME}] {name} does not resolve in pod apps/web-0"
    )


def test_a_short_name_belongs_to_the_pods_own_namespace(inside: Inside) -> None:
    inside.names = {"db.apps.svc.cluster.local": "10.96.0.7", "db.ml.svc.cluster.local": GATEWAY}

    assert inside.address_of("db") == "10.96.0.7"


def test_search_domains_come_first_for_names_with_few_dots(inside: Inside) -> None:
    inside.search = [*inside.search, "corp.example"]
    inside.names = {**inside.names, "api.openai.com.corp.example": "203.0.113.9"}

    assert inside.address_of("api.openai.com") == "203.0.113.9"
    assert inside.address_of("api.openai.com.") == OPENAI


def test_a_wildcard_answers_for_all_below_it_and_not_for_itself(inside: Inside) -> None:
    inside.search = [*inside.search, "corp.example"]
    inside.own_names = {"*.corp.example": "203.0.113.9"}

    assert inside.address_of("anything.at.all") == "203.0.113.9"
    assert inside.address_of("corp.example.").startswith("gaierror")


def test_a_disturbed_pod_sees_another_address_or_none(inside: Inside) -> None:
    inside.own_names = {"litellm.ml.svc.cluster.local": None, "api.openai.com": "203.0.113.9"}

    assert inside.address_of("litellm.ml").startswith("gaierror")
    assert inside.address_of("api.openai.com") == "203.0.113.9"


def test_localhost_and_addresses_need_no_table(inside: Inside) -> None:
    assert inside.address_of("localhost") == "127.0.0.1"
    assert inside.address_of("192.0.2.7") == "192.0.2.7"


def test_nothing_has_an_ipv6_address(inside: Inside) -> None:
    asked = "result = socket.getaddrinfo('litellm.ml', 80, socket.AF_INET6)"

    assert "has no IPv6 address in the lab" in inside.run(asked)


def test_the_older_ways_to_resolve_agree(inside: Inside) -> None:
    assert inside.run("result = socket.gethostbyname('litellm.ml')") == GATEWAY
    assert inside.run("result = socket.getaddrinfo(b'litellm.ml', 80)[0][4][0]") == GATEWAY
    assert inside.run("result = socket.gethostbyname('example.com')").startswith("gaierror")


def test_nothing_resolves_names_in_c(inside: Inside) -> None:
    """c-ares would ask this machine's name servers, which know no pod."""
    tried = "try:\n    import pycares\nexcept ImportError as error:\n    result = str(error)"
    assert inside.run(tried) == "import of pycares halted; None in sys.modules"
