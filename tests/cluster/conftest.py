"""The story on the cluster that is at hand, fresh for each module of tests."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from acceptance.clients.open_webui import OpenWebUI
from acceptance.kubernetes.cluster import KubernetesCluster
from acceptance.lab.cluster.lab import ClusterLab
from acceptance.secret import Secret
from acceptance.target import Account
from tests.adapters.kubernetes import story_on
from tests.adapters.world import OPEN_WEBUI
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
