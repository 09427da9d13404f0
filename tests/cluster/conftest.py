"""The story on the cluster that is at hand, fresh for each module of tests."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from domain.secret import Secret
from domain.target import Account
from drivers.cluster.cluster import KubernetesCluster
from drivers.open_webui import OpenWebUI
from lab.cluster.lab import ClusterLab
from tests.cluster.relay import Relay
from tests.cluster.runs import PASSWORD, USER, administrator
from tests.clusters import KUBECONFIG
from tests.contract.kubernetes import story_on
from tests.contract.world import OPEN_WEBUI


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
