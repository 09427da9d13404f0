"""The story on the cluster that is at hand, fresh for each module of tests."""

import uuid
from collections.abc import Iterator
from contextlib import closing
from http import HTTPStatus
from pathlib import Path

import pytest

from acceptance.clients.open_webui import OpenWebUI
from acceptance.kubernetes.cluster import KubernetesCluster
from acceptance.lab.cluster.lab import ClusterLab
from acceptance.secret import Secret
from acceptance.target import Account
from tests.adapters.kubernetes import story_on
from tests.adapters.world import OPEN_WEBUI
from tests.cluster.live import Live
from tests.cluster.relay import Relay
from tests.cluster.runs import PASSWORD, USER, administrator
from tests.clusters import KUBECONFIG


@pytest.fixture(scope="module")
def story() -> Iterator[ClusterLab]:
    """The story, deployed; whoever changes it leaves it as it was."""
    with story_on(KUBECONFIG) as up:
        yield up


@pytest.fixture(scope="module")
def open_webui(story: ClusterLab) -> Iterator[OpenWebUI]:
    """Open WebUI, signed in to as its administrator."""
    account = Account(email=administrator("EMAIL"), password=Secret(administrator("PASSWORD")))
    with closing(KubernetesCluster(story.api, OPEN_WEBUI)) as cluster:
        address = cluster.address(OPEN_WEBUI)
        with closing(OpenWebUI(address, account, name="administrator")) as client:
            client.sign_in()
            yield client


@pytest.fixture(scope="module")
def user(open_webui: OpenWebUI) -> Account:
    """An ordinary user, made beforehand."""
    open_webui.add_user(made := Account(email=USER, password=Secret(PASSWORD)))
    return made


@pytest.fixture
def relay(story: ClusterLab) -> Iterator[Relay]:
    """A relay before the API server."""
    with Relay(story.api.server) as up:
        yield up


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where all runs leave their reports and notes, one after the other."""
    return tmp_path_factory.mktemp("live")


@pytest.fixture
def live(story: ClusterLab, open_webui: OpenWebUI, folder: Path) -> Live:
    """Runs with leave for drills, on the story's cluster.

    Each test has an administrator of its own: nobody may sign in more than 15 times in three
    minutes (Open WebUI 0.12.4, `routers/auths.py`), and all of these runs together do.
    """
    account = Account(email=f"{uuid.uuid4().hex}@lab.example", password=Secret(PASSWORD))
    body = {"name": "Drills", "email": account.email, "password": PASSWORD, "role": "admin"}
    made = open_webui.api.post("/api/v1/auths/add", body)
    assert made.status == HTTPStatus.OK, made.error
    return Live(folder=folder, kubeconfig=KUBECONFIG, context=story.api.context, account=account)
