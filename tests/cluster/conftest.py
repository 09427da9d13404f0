"""The story on the cluster that is at hand, fresh for each module of tests."""

from collections.abc import Iterator

import pytest

from lab.cluster.lab import ClusterLab
from tests.clusters import KUBECONFIG
from tests.contract.kubernetes import story_on


@pytest.fixture(scope="module")
def story() -> Iterator[ClusterLab]:
    """The story, deployed; whoever changes it leaves it as it was."""
    with story_on(KUBECONFIG) as up:
        yield up
