"""Where a Service's address leads: to a pod that answers, and to the port that is the program's."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from acceptance.cluster import Pod
from acceptance.errors import SetupError
from acceptance.kubernetes import cluster as module
from acceptance.kubernetes.cluster import KubernetesCluster
from acceptance.kubernetes.forward import Choose
from acceptance.kubernetes.ports import LITELLM
from acceptance.resources import Manifest, ServiceName
from tests.kubernetes.objects import Objects, container, pod, service

SERVICE = ServiceName(namespace="apps", name="open-webui", port=0)
ALIVE = '"I\'m alive!"'
REFUSED = httpx.ConnectError("refused")
HANGS = httpx.ReadTimeout("timed out")
Answers = Mapping[tuple[str, int], str | Exception]


class _Forward:
    """A local address that is asked in memory; see `acceptance.kubernetes.forward.Forward`."""

    opened: dict[str, "_Forward"]
    answers: Answers
    last_error = ""

    def __init__(self, _api: object, choose: Choose) -> None:
        self.address = f"http://forward-{len(self.opened)}"
        self.opened[self.address] = self
        self.choose = choose

    def close(self) -> None:
        """Nothing is open."""

    @classmethod
    def get(cls, url: str, **_options: Any) -> httpx.Response:  # noqa: ANN401  # as httpx
        """Whatever the pod says that is chosen now."""
        parts = urlsplit(url)
        forward = cls.opened[f"{parts.scheme}://{parts.netloc}"]
        _, name, port = forward.choose()
        answer = cls.answers.get((name, port), REFUSED)
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(200, text=answer)


@pytest.fixture(autouse=True)
def _played(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_Forward, "opened", {}, raising=False)
    monkeypatch.setattr(module, "Forward", _Forward)
    monkeypatch.setattr(httpx, "get", _Forward.get)


def _cluster(*objects: Manifest, answers: Answers, port: Manifest | None = None) -> Any:  # noqa: ANN401  # and its API
    _Forward.answers = answers
    api = Objects(service(*([port] if port else [])), *objects)
    return KubernetesCluster(api, SERVICE, programs={SERVICE: LITELLM}), api


def _leads_to(address: str) -> tuple[str, int]:
    _, name, port = _Forward.opened[address].choose()
    return name, port


def test_the_port_that_answers_as_the_program_is_the_services() -> None:
    ports = {"port": 9090, "targetPort": 9090}, {"port": 4000, "targetPort": 4000}
    metrics = {("one", 9090): "# HELP requests", ("one", 4000): ALIVE}
    cluster, api = _cluster(pod("one"), answers=metrics)
    api.objects[0] = service(*ports)
    assert _leads_to(cluster.address(SERVICE)) == ("one", 4000)


def test_where_nothing_answers_as_the_program_anything_that_answers_is_judged() -> None:
    cluster, _ = _cluster(pod("one"), answers={("one", 8080): "<html>"})
    assert _leads_to(cluster.address(SERVICE)) == ("one", 8080)


def test_a_proxy_in_the_pod_is_gone_round() -> None:
    proxy = container("auth", image="oauth2-proxy:7", ports=[{"containerPort": 8080}])
    program = container("app", image="litellm:1", ports=[{"containerPort": 4444}])
    answers = {("one", 8080): "sign in", ("one", 4444): ALIVE}
    cluster, _ = _cluster(pod("one", None, proxy, program), answers=answers)
    assert _leads_to(cluster.address(SERVICE)) == ("one", 4444)


@pytest.mark.parametrize("silence", [REFUSED, HANGS])
def test_a_pod_that_does_not_answer_does_not_end_what_others_can_show(silence: Exception) -> None:
    answers: Answers = {("one", 8080): silence, ("two", 8080): ALIVE}
    cluster, api = _cluster(pod("one"), pod("two"), answers=answers)
    address = cluster.address(SERVICE)
    assert _leads_to(address) == ("two", 8080)
    api.objects[2] = pod("three")
    assert _leads_to(address) == ("three", 8080)


def _pod(name: str) -> Pod:
    return Pod(namespace="apps", name=name, image="", environment={})


@pytest.mark.parametrize(
    ("silence", "found"),
    [(REFUSED, "nothing listens on its target port"), (HANGS, "does not answer within 10 s")],
)
def test_it_is_that_pods_failure(silence: Exception, found: str) -> None:
    cluster, _ = _cluster(pod("one"), pod("two"), answers={("one", 8080): silence})
    with pytest.raises(AssertionError) as raised:
        cluster.address_of(_pod("one"), SERVICE)
    assert "A pod is ready, and does not answer." in str(raised.value)
    assert found in str(raised.value)
    assert "where     Pod apps/one\n" in str(raised.value)


def test_where_no_pod_answers_the_services_target_port_is_to_be_corrected() -> None:
    cluster, _ = _cluster(pod("one"), answers={})
    with pytest.raises(SetupError, match="fix       correct the Service's targetPort"):
        cluster.address(SERVICE)


def test_a_pod_that_is_not_ready_is_not_asked() -> None:
    cluster, _ = _cluster(pod("one", ready=False), answers={("one", 8080): ALIVE})
    with pytest.raises(SetupError, match="no pod that is ready has its target port"):
        cluster.address(SERVICE)
