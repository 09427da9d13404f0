"""A node for tests, where there can be one: small, in a folder of its own."""

from collections.abc import Iterator

import pytest

from acceptance.errors import SetupError
from dev.node import machine
from dev.node.layout import Layout
from dev.node.process import end
from tests.clusters import needs_a_cluster
from tests.dev.node.small import small_up


def _unfit() -> str:
    try:
        machine.check()
    except SetupError as error:
        return str(error)
    return ""


NEEDS_A_NODE = [
    needs_a_cluster,
    pytest.mark.skipif(bool(_unfit()), reason=_unfit()),
    # urllib3 (2.8) leaves the socket of a handshake that was broken off to the garbage collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
"""For the tests that bring one up."""


@pytest.fixture(scope="session")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Layout]:
    """A home for nodes, one at a time; none is up at first, nor in the end."""
    layout = Layout(home=tmp_path_factory.mktemp("node") / "home")
    yield layout
    end(layout, print)


@pytest.fixture
def node(nodes: Layout) -> Layout:
    """A node that is up."""
    small_up(nodes, print)
    return nodes


@pytest.fixture
def no_node(nodes: Layout) -> Layout:
    """A home in which no node is up."""
    end(nodes, print)
    return nodes
