"""A slice of the kill matrix on the cluster: `make test-cluster ARGS=--matrix` runs all of it."""

import pytest

from dev.kill_matrix.fault import FOLDERS, load
from dev.kill_matrix.judge import titles
from dev.kill_matrix.labs import run_on_cluster
from tests.clusters import KUBECONFIG, needs_a_cluster

SLICE = ("K01", "K03", "K05", "K12")
"""An old pod, a stuck rollout, a Secret that was changed later; a healthy one with sidecars."""


@needs_a_cluster
def test_each_fault_turns_its_scenario_red_and_no_other() -> None:
    faults = [fault for folder in FOLDERS for fault in load(folder, scenarios=titles)]
    chosen = [fault for fault in faults if fault.identity in SLICE]

    rows = run_on_cluster(chosen, kubeconfig=KUBECONFIG)

    assert [row.identity for row in rows] == list(SLICE)
    assert {row.identity: row.misses for row in rows if not row.right} == {}


@pytest.mark.parametrize("where", ["embedded", "cluster"])
def test_there_is_something_to_try_everywhere(where: str) -> None:
    faults = [fault for folder in FOLDERS for fault in load(folder, scenarios=titles)]
    here = [fault for fault in faults if where in fault.where]

    assert len(here) > 15
    assert any(fault.healthy for fault in here)
