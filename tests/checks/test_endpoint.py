"""Where Open WebUI is told to send requests, and where it sends them."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acceptance.checks.endpoint import (
    OPENAI,
    GatewayAddress,
    check_declared,
    check_in_use,
    check_replicas_in_use,
    declared_connections,
    gateway_connections,
    together,
)
from acceptance.checks.proof import Wiring
from acceptance.cluster import Workload
from acceptance.resources import Environment, Manifest, ServiceName, service_in
from tests.checks.making import (
    CHART,
    LITELLM,
    PLACE,
    SECRET,
    STORY,
    URL,
    connection,
    deployed,
    refused,
    resolved,
    wiring,
    workload,
)
from tests.story import ENDPOINT

HEALTHY_URLS = {
    "as the story has it": ENDPOINT,
    "H07 short name": "http://litellm.ml:4000/v1",
    "H07 with svc": "http://litellm.ml.svc:4000/v1",
    "H07 trailing dot": "http://litellm.ml.svc.cluster.local.:4000/v1",
    "H09 another port of the Service": "http://litellm.ml.svc.cluster.local/v1",
    "H36 another cluster domain": "http://litellm.ml.svc.home.example:4000/v1",
    "upper case": "HTTP://LiteLLM.ml.SVC:4000/v1",
    "a slash that the singular variable loses": f"{ENDPOINT}/",
}


@pytest.mark.parametrize("url", HEALTHY_URLS.values(), ids=HEALTHY_URLS.keys())
def test_a_healthy_address(url: str) -> None:
    check_declared(deployed(url), PLACE, ENDPOINT)


DEVIATIONS = {
    "another scheme": ("https://litellm.ml:4000/v1", "https, not http"),
    "no /v1, which works": ("http://litellm.ml:4000", "works only because LiteLLM also serves"),
    "another port of the pods": ("http://litellm.ml:8080/v1", "port 8080, not 4000"),
}
"""Addresses of the gateway, and none is the one that was agreed on (G11)."""


@pytest.mark.parametrize(("url", "found"), DEVIATIONS.values(), ids=DEVIATIONS.keys())
def test_another_address_than_the_one_that_was_agreed_on(url: str, found: str) -> None:
    with refused("not told to use LiteLLM", found, f"the contract says {ENDPOINT}"):
        check_declared(deployed(url), PLACE, ENDPOINT)
    with refused("does not use LiteLLM", found):
        check_in_use(wiring(connection(url)), PLACE, None, ENDPOINT)


@pytest.mark.parametrize(
    "agreed",
    [
        "http://proxy.other:9999/v1",
        "http://litellm.other.svc.cluster.local:4000/v1",
        "http://gateway.example.com:4000/v1",
        "http://litellm.ml.svc.cluster.local:4001/v1",
        "https://litellm.ml.svc.cluster.local:4000/v1",
        "http://litellm.ml.svc.cluster.local:4000",
    ],
)
def test_every_part_of_the_sentence_is_compared(agreed: str) -> None:
    for place in (PLACE, replace(PLACE, leads=lambda _url: True)):
        with refused(f"expected  {agreed}"):
            check_declared(deployed(ENDPOINT), place, agreed)


WRONG_URLS = {
    "F001 never applied": ("https://api.openai.com/v1", "api.openai.com is outside"),
    "F003 wrong namespace": ("http://litellm.apps.svc.cluster.local:4000/v1", "no Service at all"),
    "F005 another service": ("http://vllm-api.ml.svc:8000/v1", "vllm-api.ml:8000 is another one"),
    "F006 through the ingress": ("https://litellm.home.example.net/v1", "outside of the cluster"),
    "wrong port": ("http://litellm.ml:4001/v1", "ml/litellm has no port 4001"),
    "wrong path": ("http://litellm.ml:4000/openai", "no OpenAI API under /openai"),
    "another namespace's short name": ("http://litellm:4000/v1", "litellm.apps:4000 is no Service"),
    "an IP address": ("http://10.96.0.12:4000/v1", "10.96.0.12 is outside"),
    "an IPv6 address": ("http://[fd00::12]:4000/v1", "fd00::12 is outside"),
    "a public host of two labels": (
        "https://openrouter.ai/api/v1",
        "openrouter.ai is outside of the cluster",
    ),
    "no scheme": ("litellm.ml:4000/v1", "does not begin with http:// or https://"),
    "one slash": ("http:/litellm.ml:4000/v1", "does not begin with http:// or https://"),
    "in quotes": (f'"{ENDPOINT}"', "does not begin with http:// or https://"),
    "no URL": ("http://[litellm", "it names no host"),
    "no port number": ("http://litellm.ml:http/v1", "its port is no number"),
    "too large a port": ("http://litellm.ml:40000000/v1", "its port is no number"),
    "a query": (f"{ENDPOINT}?api-version=1", "what stands behind ? swallows the paths"),
    "a sign-in": ("http://me:pass@litellm.ml:4000/v1", "do not go together with a key"),
    "an empty query": (f"{ENDPOINT}?", "what stands behind ? swallows the paths"),
    "a fragment": (f"{ENDPOINT}#home", "what stands behind # swallows the paths"),
    "a variable": ("http://$(HOST):4000/v1", "in the place of $(HOST)"),
    "a template": ("http://{{ .Values.host }}:4000/v1", "in the place of {{ .Values.host }}"),
    "itself": ("http://localhost:4000/v1", "localhost is Open WebUI's own pod"),
    "itself by address": ("http://127.0.0.1:4000/v1", "127.0.0.1 is Open WebUI's own pod"),
    "a scheme given twice": (f"http://{ENDPOINT}", "http:// stands twice"),
    "every address": ("http://0.0.0.0:4000/v1", "0.0.0.0 is Open WebUI's own pod"),
    "two slashes": (f"{ENDPOINT}//", "/v1//models"),
}


@pytest.mark.parametrize(("url", "reason"), WRONG_URLS.values(), ids=WRONG_URLS.keys())
def test_a_wrong_address(url: str, reason: str) -> None:
    with refused("not told to use LiteLLM", ENDPOINT, reason, "apps/open-webui", URL):
        check_declared(deployed(url), PLACE, ENDPOINT)


ENTRIES: dict[str, tuple[tuple[Manifest, ...], tuple[Manifest, ...]]] = {
    "H03 twice, the right one last": (STORY, ()),
    "H04 from a ConfigMap": ((SECRET,), ({"configMapRef": {"name": "endpoint"}},)),
    "H04 the entry wins over envFrom": (
        ({"name": URL, "value": ENDPOINT},),
        ({"prefix": "OPENAI_", "configMapRef": {"name": "other"}},),
    ),
    "H06 one of several": (
        (*CHART, {"name": f"{URL}S", "value": f"http://ollama.ml:11434/v1;{ENDPOINT}"}),
        (),
    ),
    "from another variable": (
        ({"name": "HOST", "value": "litellm.ml"}, {"name": URL, "value": "http://$(HOST):4000/v1"}),
        (),
    ),
}


@pytest.mark.parametrize(("entries", "sources"), ENTRIES.values(), ids=ENTRIES.keys())
def test_healthy_ways_to_say_it(
    entries: tuple[Manifest, ...], sources: tuple[Manifest, ...]
) -> None:
    check_declared(workload(resolved(*entries, sources=sources)), PLACE, ENDPOINT)


WRONG_ENTRIES: dict[str, tuple[tuple[Manifest, ...], tuple[str, ...]]] = {
    "F001 nothing set": ((), (OPENAI, "not set")),
    "F010 a name that Open WebUI ignores": (
        ({"name": "OPENAI_API_BASE", "value": ENDPOINT},),
        (OPENAI, "OPENAI_API_BASE names LiteLLM, but Open WebUI does not use it"),
    ),
    "F011 the wrong one last": (
        ({"name": URL, "value": ENDPOINT}, *CHART),
        ("api.openai.com", "defined 2 times, the last one wins"),
    ),
    "F015 the chart's pipelines": (
        (*STORY, {"name": f"{URL}S", "value": "http://open-webui-pipelines.apps:9099"}),
        ("open-webui-pipelines", f"{URL} names LiteLLM, but Open WebUI does not use it"),
    ),
    "F008 a slash in the plural variable": (
        ({"name": f"{URL}S", "value": f"{ENDPOINT}/"},),
        ("trailing slash", "/v1//models", "404"),
    ),
    "other variables that are no URLs": (
        ({"name": "BANNER", "value": "http://[see below"}, *CHART),
        ("api.openai.com",),
    ),
}


@pytest.mark.parametrize(("entries", "phrases"), WRONG_ENTRIES.values(), ids=WRONG_ENTRIES.keys())
def test_wrong_ways_to_say_it(entries: tuple[Manifest, ...], phrases: tuple[str, ...]) -> None:
    with refused(*phrases):
        check_declared(workload(resolved(*entries)), PLACE, ENDPOINT)


OTHER = connection("https://api.openai.com/v1")
SECOND = connection(index=1)
IN_USE = {
    "the only one": wiring(connection()),
    "H06 the second of two": wiring(OTHER, SECOND),
    "beside a disabled one": wiring(connection("http://nowhere", enabled=False), SECOND),
}


@pytest.mark.parametrize("used", IN_USE.values(), ids=IN_USE.keys())
def test_litellm_is_in_use(used: Wiring) -> None:
    check_in_use(used, PLACE, deployed(ENDPOINT))
    (found,) = gateway_connections(used, PLACE)
    assert found.url == ENDPOINT


NOT_IN_USE: dict[str, tuple[Wiring, Workload | None, tuple[str, ...]]] = {
    "F047 the database says otherwise": (
        wiring(OTHER),
        deployed(ENDPOINT),
        ("api.openai.com", f"the environment says {ENDPOINT}, but the database wins"),
    ),
    "F008 a slash in the database": (
        wiring(connection(f"{ENDPOINT}/")),
        deployed(ENDPOINT),
        ("trailing slash", "the database wins"),
    ),
    "F023, F049 all switched off": (
        wiring(connection(), enabled=False),
        None,
        ("OpenAI connections are switched off", "LiteLLM is switched off"),
    ),
    "its own switch": (
        wiring(connection(enabled=False)),
        None,
        ("(disabled)", "LiteLLM is switched off"),
    ),
    "none": (wiring(), None, ("no connection at all",)),
}


@pytest.mark.parametrize(("used", "told", "phrases"), NOT_IN_USE.values(), ids=NOT_IN_USE.keys())
def test_litellm_is_not_in_use(
    used: Wiring, told: Workload | None, phrases: tuple[str, ...]
) -> None:
    with refused("Open WebUI does not use LiteLLM", *phrases):
        check_in_use(used, PLACE, told)


def test_a_connection_with_a_wrong_path_leads_nowhere() -> None:  # P16: one cause, one red line
    assert gateway_connections(wiring(OTHER, connection(f"{ENDPOINT}/")), PLACE) == ()
    assert gateway_connections(wiring(OTHER), PLACE) == ()


def test_several_connections_to_the_gateway_are_one() -> None:
    local = connection(model_ids=("vllm-qwen",))
    external = connection(index=2, key="sk-another", model_ids=("openai-gpt4o",))

    one = together(
        gateway_connections(wiring(local, connection("http://x", index=1), external), PLACE)
    )

    assert one.indexes == {0, 2}
    assert one.model_ids == ("vllm-qwen", "openai-gpt4o")
    assert str(one) == str(local)
    assert together([local, connection(index=1)]).model_ids == (), "one of them lists them all"


@pytest.mark.parametrize(
    "url", [f"{ENDPOINT},https://api.openai.com/v1", f"https://x/v1, {ENDPOINT}"]
)
def test_a_comma_is_no_semicolon(url: str) -> None:  # P16
    assert "a comma joins two addresses" in PLACE.mismatch(url)


def test_a_gateway_below_a_path_of_its_own() -> None:
    place = replace(PLACE, root="/llm")
    for path in ("/llm/v1", "/v1", "/llm"):
        assert not place.mismatch(ENDPOINT.replace("/v1", path))
    assert "no OpenAI API under /api/v1" in place.mismatch(ENDPOINT.replace("/v1", "/api/v1"))


def test_without_a_cluster_the_address_decides() -> None:
    place = GatewayAddress(service=LITELLM, seen_from="apps", address="http://gateway.example:4000")
    assert not place.mismatch("http://gateway.example:4000/v1")
    assert not place.mismatch(ENDPOINT)
    other = "http://other.ml:4000/v1"
    assert place.mismatch(other) == "other.ml is not gateway.example", "nobody looked further"
    looked = replace(place, leads=lambda _url: False)
    assert "is not gateway.example, and does not list" in looked.mismatch(other)
    assert "trailing slash" in place.mismatch("http://gateway.example:4000/v1/")


CONNECTIONS: dict[str, tuple[Environment, list[tuple[str, str]]]] = {
    "fewer keys than URLs: F056": (
        resolved(
            {"name": f"{URL}S", "value": "http://a;http://b"},
            {"name": "OPENAI_API_KEYS", "value": "one"},
        ),
        [("http://a", "one"), ("http://b", "")],
    ),
    "more keys than URLs": (
        resolved({"name": URL, "value": "http://a"}, {"name": "OPENAI_API_KEYS", "value": "1;2"}),
        [("http://a", "1")],
    ),
    "spaces: H31": (
        resolved(
            {"name": f"{URL}S", "value": " http://a ; http://b/ "},
            {"name": "OPENAI_API_KEYS", "value": " one ;two\n"},
        ),
        [("http://a", "one"), ("http://b/", "two")],
    ),
    "an empty plural one": (
        resolved({"name": f"{URL}S", "value": ""}, {"name": URL, "value": "http://a/"}),
        [("http://a", "")],
    ),
    "an empty place in it": (
        resolved({"name": f"{URL}S", "value": "http://a;"}),
        [("http://a", ""), (OPENAI, "")],
    ),
}


@pytest.mark.parametrize(("environment", "expected"), CONNECTIONS.values(), ids=CONNECTIONS.keys())
def test_what_open_webui_makes_of_its_variables(
    environment: Environment, expected: list[tuple[str, str]]
) -> None:
    found = [(each.url, each.key.reveal()) for each in declared_connections(environment)]
    assert found == expected


LABEL = st.from_regex(r"[a-z]([-a-z0-9]{0,8}[a-z0-9])?", fullmatch=True)
PORT = st.integers(1, 65535)


@given(
    name=LABEL,
    namespace=LABEL,
    port=PORT,
    domain=st.lists(LABEL, max_size=3),
    dot=st.sampled_from(["", "."]),
)
def test_every_spelling_of_a_service_is_the_same_one(
    name: str, namespace: str, port: int, domain: list[str], dot: str
) -> None:
    expected = ServiceName(namespace=namespace, name=name, port=port)
    spellings = [
        f"{name}.{namespace}",
        f"{name}.{namespace}.svc",
        ".".join([name, namespace, "svc", *domain]),
    ]
    for host in spellings:
        url = f"http://{host}{dot}:{port}/v1"
        assert service_in(url, namespace="elsewhere") == expected
    assert service_in(f"http://{name}:{port}", namespace=namespace) == expected


@given(name=LABEL, namespace=LABEL, other=LABEL)
def test_another_name_is_another_service(name: str, namespace: str, other: str) -> None:
    place = GatewayAddress(
        service=ServiceName(namespace=namespace, name=name, port=4000), seen_from=namespace
    )
    assert bool(place.mismatch(f"http://{other}:4000/v1")) == (other != name)
    assert bool(place.mismatch(f"http://{name}.{other}:4000/v1")) == (other != namespace)


@given(st.text())
def test_any_text_is_judged(text: str) -> None:
    assert PLACE.mismatch(text)
    assert PLACE.mismatch(f"http://{text}:4000/v1") or "litellm" in text.lower()
    declared_connections(resolved({"name": URL, "value": text}))


def test_what_leads_to_the_same_pods_is_the_gateway() -> None:
    place = replace(PLACE, leads={"http://10.96.0.5:4000/v1", "http://second:4000/x"}.__contains__)
    assert place.mismatch("http://10.96.0.5:4000/v1") == ""
    assert place.mismatch("http://second:4000/x") == "LiteLLM serves no OpenAI API under /x"
    assert place.mismatch("http://10.96.0.6:4000/v1") == "10.96.0.6 is outside of the cluster"


def test_the_gateways_own_address_outside_is_right_where_it_was_given() -> None:
    place = replace(PLACE, address="https://llm.home.example")
    assert place.mismatch("https://llm.home.example/v1") == ""
    assert place.mismatch(ENDPOINT) == ""
    assert "outside of the cluster" in place.mismatch("https://other.home.example/v1")


def test_a_host_of_two_labels_is_no_service_for_certain_where_nobody_may_look() -> None:
    blind = replace(PLACE, exists=lambda _service: True)
    assert blind.mismatch("https://openrouter.ai/api/v1") == (
        "openrouter.ai is outside of the cluster, or another Service"
    )
    assert blind.mismatch("http://vllm-api.ml:8000/v1") == "Service vllm-api.ml:8000 is another one"


def test_what_every_replica_does_is_no_disagreement_of_theirs() -> None:
    right, wrong = wiring(connection(ENDPOINT)), wiring(connection(f"{ENDPOINT}?v=1"))

    check_replicas_in_use({"open-webui-0": right}, PLACE)
    with refused("open-webui-0: connection #0", "swallows the paths", "Admin Settings"):
        check_replicas_in_use({"open-webui-0": wrong}, PLACE)
    with refused("open-webui-1: connection #0", "swallows the paths", "one database"):
        check_replicas_in_use({"open-webui-0": right, "open-webui-1": wrong}, PLACE)
