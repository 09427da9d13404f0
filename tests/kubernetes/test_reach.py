"""Where names, addresses and Services lead."""

from typing import Any

import pytest

from acceptance.cluster import OutsideError
from acceptance.errors import SetupError
from acceptance.kubernetes.objects import selected
from acceptance.kubernetes.reach import addresses, exists, leads_to, strangers
from acceptance.resources import Manifest, ServiceName
from tests.kubernetes.objects import Objects, made, pod, service

LITELLM = ServiceName(namespace="apps", name="litellm", port=4000)
PORT = {"port": 4000, "targetPort": 4000}
LOAD_BALANCER = {"loadBalancer": {"ingress": [{"ip": "192.168.1.240"}, {"hostname": "llm.lan"}]}}


def _service(name: str = "litellm", **spec: Any) -> dict[str, Any]:  # noqa: ANN401  # any JSON
    found = service(PORT, name=name)
    found["spec"] |= spec
    return found


def _alias(name: str, of: str) -> dict[str, Any]:
    return made("Service", name, spec={"type": "ExternalName", "externalName": of})


def _pod(name: str = "one", address: str = "10.0.0.1", **fields: Any) -> Manifest:  # noqa: ANN401  # any JSON
    found = pod(name, **fields)
    found["status"]["podIPs"] = [{"ip": address}]
    return found


def _slice(*found: str, of: str = "litellm", **conditions: bool) -> Manifest:
    labels = {"kubernetes.io/service-name": of}
    endpoints = [{"addresses": [each], "conditions": conditions} for each in found]
    return made(
        "EndpointSlice",
        "-".join(("s", *found)),
        metadata={"labels": labels},
        endpoints=endpoints,
        ports=[{"port": 4000}],
    )


STORY = (
    {
        **_service(clusterIPs=["10.96.0.5", "fd00::5"], externalIPs=["192.168.1.9"]),
        "status": LOAD_BALANCER,
    },
    _pod(),
)


@pytest.mark.parametrize(
    "host",
    [
        "10.96.0.5",
        "[fd00::5]",
        "192.168.1.9",
        "192.168.1.240",
        "llm.lan",
        "10.0.0.1",
        "second.apps.svc.cluster.local",
        "second",
        "alias.apps",
        "of-an-alias",
    ],
)
def test_what_leads_to_the_same_pods_is_the_same(host: str) -> None:
    api = Objects(
        *STORY,
        _service("second"),
        _alias("alias", "litellm.apps.svc.cluster.local"),
        _alias("of-an-alias", "alias.apps.svc.cluster.local"),
    )
    assert leads_to(api, f"http://{host}:4000/v1", LITELLM, seen_from="apps")


def test_what_leads_elsewhere_is_not() -> None:
    other = _service("other", selector={"app": "other"})
    both = _service("both", selector={})
    api = Objects(
        *STORY,
        other,
        _pod("two", "10.0.0.2", labels={"app": "other"}),
        both,
        _alias("outside", "llm.example.org"),
        _alias("circle", "circle.apps.svc"),
    )
    for host in ("10.96.0.6", "10.0.0.2", "other", "both", "outside", "circle", "gone", "a.b.c"):
        assert not leads_to(api, f"http://{host}:4000/v1", LITELLM, seen_from="apps"), host
    assert not leads_to(api, "http://second:4001", LITELLM, seen_from="apps")


def test_a_second_service_without_that_port_is_another() -> None:
    api = Objects(*STORY, _service("second"))
    assert not leads_to(api, "http://second:80/v1", LITELLM, seen_from="apps")


def test_a_service_that_selects_more_pods_is_another() -> None:
    """A request to it meets either."""
    api = Objects(
        _service(selector={"app": "open-webui", "kind": "gateway"}),
        _pod(labels={"kind": "gateway"}),
        _pod("old", "10.0.0.2"),
        _service("second"),
    )
    assert not leads_to(api, "http://second:4000", LITELLM, seen_from="apps")


def test_where_nobody_may_look_nothing_is_the_same() -> None:
    api = Objects(*STORY, forbidden=("Service",))
    assert not leads_to(api, "http://10.96.0.5:4000", LITELLM, seen_from="apps")
    assert (addresses(api, LITELLM), strangers(api, LITELLM)) == ((), ())
    assert exists(api, LITELLM)


def test_what_a_services_name_is_to_a_pod() -> None:
    assert addresses(Objects(*STORY), LITELLM) == ("10.96.0.5", "fd00::5")
    headless = Objects(_service(clusterIP="None"), _pod(), _pod("two", "10.0.0.2"))
    assert addresses(headless, LITELLM) == ("10.0.0.1", "10.0.0.2")


def test_whom_a_service_leads_to_beside_its_pods_is_a_stranger() -> None:
    assert strangers(Objects(*STORY, _slice("10.0.0.1")), LITELLM) == ()
    left_over = Objects(*STORY, _slice("10.0.0.1"), _slice("10.9.9.9"), _slice("10.8.8.8", of="x"))
    assert strangers(left_over, LITELLM) == ("10.9.9.9",)
    assert strangers(Objects(*STORY, _slice("10.9.9.9", ready=False)), LITELLM) == ()
    leaving = _pod("two", "10.0.0.2", deletionTimestamp="2026-01-01T00:00:00Z")
    assert strangers(Objects(*STORY, leaving, _slice("10.0.0.2")), LITELLM) == ()


@pytest.mark.parametrize(
    ("objects", "words", "urls"),
    [
        (
            [_alias("litellm", "llm.home.lan")],
            "another name for llm.home.lan",
            ("http://llm.home.lan:4000",),
        ),
        (
            [_service(selector={}), _slice("192.168.1.5")],
            "leads to http://192.168.1.5:4000 by hand",
            ("http://192.168.1.5:4000",),
        ),
    ],
)
def test_a_service_that_leads_out_of_the_cluster_says_where(
    objects: list[Manifest], words: str, urls: tuple[str, ...]
) -> None:
    api = Objects(*objects)
    with pytest.raises(OutsideError, match=words) as raised:
        selected(api, LITELLM)
    assert raised.value.urls == urls
    assert exists(api, LITELLM)


def test_one_that_leads_nowhere_is_told_so() -> None:
    with pytest.raises(SetupError, match="nobody wrote where it leads"):
        selected(Objects(_service(selector={})), LITELLM)
    with pytest.raises(OutsideError, match="is not shown"):
        selected(Objects(_service(selector={}), forbidden=("EndpointSlice",)), LITELLM)
