"""Clusters that change for the worse while they are judged: it is not held against the story."""

from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from threading import Timer

import pytest

from acceptance.errors import AcceptanceError, SetupError
from acceptance.kubernetes.connection import connect
from acceptance.kubernetes.rights import who
from acceptance.lab.cluster.lab import ClusterLab
from acceptance.waiting import eventually
from tests.cluster.account import READ_ONLY, grant, kubeconfig, token
from tests.cluster.relay import Relay
from tests.cluster.runs import check_unfit, run
from tests.clusters import KUBECONFIG, needs_a_cluster

pytestmark = [needs_a_cluster, pytest.mark.usefixtures("user")]
MIDWAY = "AC2 "
"""At the first line that begins so,"""
ANSWERING = "The model mistral/mistral-small-latest answers as itself"
"""or after this scenario, when a conversation begins."""


@pytest.mark.parametrize("how", [Relay.die, Relay.fall_silent])
def test_an_api_server_that_dies_meanwhile(
    tmp_path: Path, relay: Relay, how: Callable[[Relay], None]
) -> None:
    path = kubeconfig(tmp_path / "kubeconfig", KUBECONFIG, server=relay.address)
    found = run(tmp_path, path, at=MIDWAY, do=lambda: how(relay))
    check_unfit(found, "The API server cannot be asked.")
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

    def end() -> None:
        """The API server remembers for ten seconds that a token was good (Kubernetes 1.34)."""
        api.ask("DELETE", f"{secrets}/for-a-while")
        eventually(refused, what="the token to end", timeout=30.0)

    def refused() -> None:
        with closing(connect(kubeconfig=path, context="", say=print)) as ended:
            try:
                name = who(ended)
            except SetupError:
                return
            raise AssertionError(f"it is still {name}")

    found = run(tmp_path, path, at=MIDWAY, do=end, still=True)
    check_unfit(found, "The API server does not know these credentials.", "found     401")


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
