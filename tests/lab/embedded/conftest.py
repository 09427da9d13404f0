"""Labs on small programs."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from acceptance.lab.embedded.lab import EmbeddedLab
from acceptance.lab.embedded.manifests import Manifests
from acceptance.lab.environments import Environment
from tests.lab.embedded import fake
from tests.lab.embedded.fake import Boot
from tests.lab.embedded.inside import Inside


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Environment]:
    """Small programs."""
    return fake.programs(tmp_path_factory.mktemp("programs"))


@pytest.fixture
def boot(programs: Mapping[str, Environment]) -> Iterator[Boot]:
    """Boots a lab that ends with the test."""
    with ExitStack() as closing:

        def start(manifests: Manifests) -> EmbeddedLab:
            return closing.enter_context(EmbeddedLab(manifests, programs.__getitem__))

        yield start


@pytest.fixture
def inside(tmp_path: Path) -> Inside:
    """A pod in the namespace `apps`, of which the test writes the table."""
    return Inside(folder=tmp_path)
