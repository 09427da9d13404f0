"""A fault of each layer, injected into a real lab and killed: the part that runs each time."""

import pytest

from acceptance.lab import environments
from dev.kill_matrix.compare import Row
from dev.kill_matrix.fault import SLICE, Fault
from dev.kill_matrix.labs import run_embedded

TRIED = ("F011", "F030", "F040", "F066", "F085", "F097", "F118", "F120", "F128", "B1", "H04")
"""One of each layer, of the slice that `make versions` tries; `make kill-matrix` tries them all."""


@pytest.fixture(scope="module")
def rows(faults: tuple[Fault, ...]) -> list[Row]:
    """The rows, from one lab: another worker is busy beside it."""
    chosen = [fault for fault in faults if fault.identity in TRIED]
    return run_embedded(chosen, labs=1, cache=environments.CACHE)


@pytest.mark.parametrize("chosen", [SLICE, TRIED])
def test_every_layer_is_covered(faults: tuple[Fault, ...], chosen: tuple[str, ...]) -> None:
    layers = {fault.layer for fault in faults}

    assert {fault.layer for fault in faults if fault.identity in chosen} == layers


@pytest.mark.parametrize("identity", TRIED)
def test_each_is_killed_or_accepted(rows: list[Row], identity: str) -> None:
    row = next(row for row in rows if row.identity == identity)
    if row.skipped:
        pytest.skip(row.skipped)

    assert not row.misses, "\n".join(row.misses)


def test_the_naive_checks_miss_what_the_suite_finds(rows: list[Row]) -> None:
    """The claim is measured: what was seeded into the database passes all three of them."""
    masked = next(row for row in rows if row.identity == "F097")

    assert masked.naive
    assert all(masked.naive.values())
    assert masked.noticed
