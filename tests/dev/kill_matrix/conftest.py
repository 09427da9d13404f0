"""What the tests of the matrix share."""

from pathlib import Path

import pytest

from dev.kill_matrix.fault import Fault, load
from dev.kill_matrix.judge import titles

_TESTS = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def faults() -> tuple[Fault, ...]:
    """Every fault and every healthy variation of the project."""
    folders = (_TESTS / "faults", _TESTS / "healthy")
    return tuple(fault for folder in folders for fault in load(folder, scenarios=titles))
