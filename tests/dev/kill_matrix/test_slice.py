"""A fault of each layer, injected into a real lab and killed: the part that runs each time."""

import pytest

from acceptance.lab import environments
from dev.kill_matrix.compare import Row
from dev.kill_matrix.fault import SLICE, Fault
from dev.kill_matrix.labs import run_embedded


@pytest.fixture(scope="module")
def rows(faults: tuple[Fault, ...]) -> list[Row]:
    """The rows for the slice, from two labs side by side: they wait more than they work."""
    chosen = [fault for fault in faults if fault.identity in SLICE]
    return run_embedded(chosen, labs=2, cache=environments.CACHE)


def test_the_slice_covers_every_layer(faults: tuple[Fault, ...]) -> None:
    layers = {fault.layer for fault in faults}

    assert {fault.layer for fault in faults if fault.identity in SLICE} == layers


@pytest.mark.parametrize("identity", SLICE)
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
