"""The worlds: one real lab for the whole session."""

from collections.abc import Iterator, Mapping

import pytest

from lab.embedded.lab import EmbeddedLab
from lab.embedded.manifests import DEFAULT, Manifests
from lab.embedded.prepared import PreparedStarter
from lab.environments import CACHE, Environment, ensure_all
from tests.contract.embedded import EmbeddedWorld
from tests.contract.world import World


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


@pytest.fixture(scope="session", params=["embedded"])
def world(request: pytest.FixtureRequest) -> World:
    """Each adapter of the port."""
    return {"embedded": EmbeddedWorld}[request.param](request.getfixturevalue("lab"))
