"""The worlds: one real lab for the whole session."""

from collections.abc import Iterator, Mapping
from contextlib import closing

import pytest

from acceptance.lab.cluster.lab import ClusterLab
from acceptance.lab.embedded.lab import EmbeddedLab
from acceptance.lab.embedded.manifests import DEFAULT, Manifests
from acceptance.lab.environments import CACHE, Environment, ensure_all
from dev.prepared.starter import PreparedStarter
from tests.adapters.embedded import EmbeddedWorld
from tests.adapters.kubernetes import KubernetesWorld, story_on
from tests.adapters.world import World
from tests.clusters import KUBECONFIG, needs_a_cluster


@pytest.fixture(scope="session")
def programs() -> Mapping[str, Environment]:
    """The real programs, built once."""
    return ensure_all(cache=CACHE, say=lambda _line: None)


@pytest.fixture(scope="session")
def lab(programs: Mapping[str, Environment]) -> Iterator[EmbeddedLab]:
    """The story's own manifests, up; prepared, so that a restart within a test costs little."""
    starter = PreparedStarter(cache=CACHE)
    with EmbeddedLab(Manifests.load(DEFAULT), programs.__getitem__, starter=starter) as up:
        assert [pod.problem for pod in up.pods.values()] == ["", ""]
        yield up


@pytest.fixture(scope="session")
def story() -> Iterator[ClusterLab]:
    """The same manifests, on a real Kubernetes."""
    with story_on(KUBECONFIG) as up:
        yield up


@pytest.fixture(
    scope="session",
    params=["embedded", pytest.param("kubernetes", marks=needs_a_cluster)],
)
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """Each adapter of the port."""
    if request.param == "embedded":
        yield EmbeddedWorld(request.getfixturevalue("lab"))
        return
    kubernetes = KubernetesWorld(request.getfixturevalue("story"))
    with closing(kubernetes.cluster):
        yield kubernetes
