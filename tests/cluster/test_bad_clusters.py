"""Clusters on which nothing can be judged, or not any more: said in time, in the right words."""

import base64
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from threading import Timer

import pytest
import trustme

from domain.errors import AcceptanceError
from lab.cluster.lab import ClusterLab
from tests.cluster.account import READ_ONLY, grant, kubeconfig, token
from tests.cluster.relay import Relay
from tests.cluster.runs import Run, run
from tests.clusters import KUBECONFIG, needs_a_cluster

pytestmark = [needs_a_cluster, pytest.mark.usefixtures("user")]
IN_TIME = 120.0
"""Seconds after which nobody waits for an answer any longer."""
MIDWAY = "AC2 "
"""At the first line that begins so,"""
ANSWERING = "The model mistral/mistral-small-latest answers as itself"
"""or after this scenario, when a conversation begins."""


@pytest.fixture
def relay(story: ClusterLab) -> Iterator[Relay]:
    """A relay before the API server."""
    with Relay(story.api.server) as up:
        yield up


def _ended(found: Run, *words: str) -> None:
    """The run was not judged, in time, says why, and leaves nothing half-done."""
    assert found.code == 99, found.out
    assert (found.ended - found.began).total_seconds() < IN_TIME
    for each in (*words, "  expected  ", "  found     ", "  where     ", "  fix       "):
        assert each in found.out, found.out
    assert "failed" not in found.verdicts.values()
    assert "Traceback" not in found.out
    assert not list((found.folder / "reports").glob(".making-*"))


def test_one_that_refuses_connections(tmp_path: Path, relay: Relay) -> None:
    path = kubeconfig(tmp_path / "kubeconfig", KUBECONFIG, server=relay.address)
    relay.die()
    _ended(run(tmp_path, path), "The API server cannot be asked.", "Connection refused")


def test_one_that_accepts_and_is_silent(tmp_path: Path, relay: Relay) -> None:
    path = kubeconfig(tmp_path / "kubeconfig", KUBECONFIG, server=relay.address)
    relay.fall_silent()
    _ended(run(tmp_path, path), "The API server cannot be asked.", "timed out")


def test_one_of_another_authority(tmp_path: Path) -> None:
    other = base64.b64encode(trustme.CA().cert_pem.bytes()).decode()
    path = kubeconfig(tmp_path / "kubeconfig", KUBECONFIG, authority=other)
    _ended(run(tmp_path, path), "The API server cannot be asked.", "CERTIFICATE_VERIFY_FAILED")


def test_one_that_does_not_know_the_certificate(tmp_path: Path) -> None:
    """So it answers one that has expired, too (Kubernetes 1.34)."""
    stranger = trustme.CA().issue_cert("stranger")
    certificate, key = (
        base64.b64encode(part.bytes()).decode()
        for part in (stranger.cert_chain_pems[0], stranger.private_key_pem)
    )
    user = {"client-certificate-data": certificate, "client-key-data": key}
    path = kubeconfig(tmp_path / "kubeconfig", KUBECONFIG, **user)
    _ended(run(tmp_path, path), "The API server does not know these credentials.", "found     401")


def test_one_that_does_not_know_the_token(tmp_path: Path) -> None:
    path = kubeconfig(tmp_path / "kubeconfig", KUBECONFIG, token="made-up")
    _ended(run(tmp_path, path), "The API server does not know these credentials.", "found     401")


def test_one_that_lets_anybody_in_and_allows_nobody_anything(tmp_path: Path) -> None:
    path = kubeconfig(tmp_path / "kubeconfig", KUBECONFIG, username="")
    _ended(run(tmp_path, path), "system:anonymous")


def test_a_namespace_that_is_not_there(tmp_path: Path, story: ClusterLab) -> None:
    elsewhere = "--open-webui-service=nowhere/open-webui"
    _ended(run(tmp_path, KUBECONFIG, elsewhere), "no such Service, or no namespace nowhere")
    grant(story.api, READ_ONLY)
    reader = kubeconfig(tmp_path / "kubeconfig", KUBECONFIG, token=token(story.api))
    _ended(
        run(tmp_path, reader, elsewhere),
        "missing: get services in nowhere",
        "in namespaces that exist",
    )


@pytest.mark.parametrize("how", [Relay.die, Relay.fall_silent])
def test_an_api_server_that_dies_meanwhile(
    tmp_path: Path, relay: Relay, how: Callable[[Relay], None]
) -> None:
    path = kubeconfig(tmp_path / "kubeconfig", KUBECONFIG, server=relay.address)
    found = run(tmp_path, path, at=MIDWAY, do=lambda: how(relay))
    _ended(found, "The API server cannot be asked.")
    assert len(found.titles("passed")) >= 12
    assert (tmp_path / "reports" / "junit.xml").exists()


@pytest.mark.parametrize("at", [MIDWAY, ANSWERING])
def test_an_api_server_that_restarts_meanwhile(tmp_path: Path, relay: Relay, at: str) -> None:
    """Whatever was under way then is lost, and is not held against the story."""
    path = kubeconfig(tmp_path / "kubeconfig", KUBECONFIG, server=relay.address)

    def restart() -> None:
        relay.die()
        Timer(4.0, relay.come_back).start()

    found = run(tmp_path, path, at=at, do=restart)
    assert found.code == 98, found.out
    assert found.titles("failed") == set()
    assert len(found.titles("passed")) > 30


def test_credentials_that_end_meanwhile(tmp_path: Path, story: ClusterLab) -> None:
    grant(story.api, READ_ONLY)
    secrets = "/api/v1/namespaces/acceptance/secrets"
    api = story.api.with_rights(r".*")
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "for-a-while"}}
    made = api.ask("POST", secrets, body=secret)
    bound = {"kind": "Secret", "apiVersion": "v1", "name": "for-a-while"}
    short = token(story.api, **bound, uid=made["metadata"]["uid"])
    path = kubeconfig(tmp_path / "kubeconfig", KUBECONFIG, token=short)
    found = run(tmp_path, path, at=MIDWAY, do=lambda: api.ask("DELETE", f"{secrets}/for-a-while"))
    _ended(found, "The API server does not know these credentials.", "found     401")


@pytest.mark.parametrize("pod", ["apps/open-webui", "ml/litellm"])
def test_a_pod_that_is_evicted_meanwhile(tmp_path: Path, story: ClusterLab, pod: str) -> None:
    found = run(tmp_path, KUBECONFIG, at=MIDWAY, do=lambda: story.stop(pod))
    assert found.code == 98, found.out
    assert found.titles("failed") == set()
    assert found.titles("inconclusive")
    assert f"Pod {pod}-" in found.out
    assert "went away while it was judged" in found.out


def test_a_node_that_does_not_report_meanwhile(tmp_path: Path, story: ClusterLab) -> None:
    """A stand-in: its pods are marked as the cluster marks those of such a node."""
    marking = _Marking(story)
    found = run(tmp_path, KUBECONFIG, at=MIDWAY, do=marking.begin)
    marking.end()
    assert found.code == 98, found.out
    assert found.titles("failed") == set()
    assert "is not ready, and all of its containers are: look at its node" in found.out


class _Marking:
    """Marks Open WebUI's pod as not ready, again and again, for its node says otherwise."""

    _path = "/api/v1/namespaces/apps/pods/open-webui-0/status"

    def __init__(self, story: ClusterLab) -> None:
        self._api = story.api.with_rights(f"PATCH {self._path}")
        self._over = False
        self._timer: Timer | None = None

    def begin(self) -> None:
        """Mark it now, and soon again."""
        condition = {"type": "Ready", "status": "False"}
        with suppress(AcceptanceError):
            self._api.ask(
                "PATCH",
                self._path,
                body={"status": {"conditions": [condition]}},
                content_type="application/strategic-merge-patch+json",
            )
        if not self._over:
            self._timer = Timer(0.05, self.begin)
            self._timer.start()

    def end(self) -> None:
        """Leave it to its node again."""
        self._over = True
        if self._timer:
            self._timer.join()
