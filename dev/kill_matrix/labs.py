"""Faults spread over labs side by side, each in a process of its own."""

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from dev.kill_matrix import worker
from dev.kill_matrix.compare import Row
from dev.kill_matrix.fault import Fault


def run_embedded(
    faults: Sequence[Fault],
    *,
    labs: int,
    cache: Path,
    cold: bool = False,
    known: Callable[[Row], None] | None = None,
) -> list[Row]:
    """A row for each fault, in their order, by labs of their own.

    Args:
        faults: what to try.
        labs: how many labs side by side.
        cache: where the programs are kept.
        cold: start every program from nothing, not from a prepared process.
        known: told each row as soon as it is there.

    Raises:
        SetupError: a program cannot be installed.
    """
    worker.programs(cache, print)
    return _run(faults, labs, partial(worker.start, cache, cold=cold), known)


def run_on_cluster(faults: Sequence[Fault], *, kubeconfig: str) -> list[Row]:
    """A row for each fault, in their order, one after the other on a cluster of the lab's own."""
    return _run(faults, 1, partial(worker.start_on_cluster, kubeconfig))


def _run(
    faults: Sequence[Fault],
    labs: int,
    start: Callable[[], None],
    known: Callable[[Row], None] | None = None,
) -> list[Row]:
    """Each row is shown as soon as it is known."""
    order = {fault.identity: number for number, fault in enumerate(faults)}
    rows: list[Row] = []
    with ProcessPoolExecutor(
        max_workers=min(labs, len(faults)), mp_context=get_context("spawn"), initializer=start
    ) as pool:
        for done in as_completed([pool.submit(worker.run, fault) for fault in faults]):
            rows.append(done.result())
            _show(rows[-1], len(rows), len(faults))
            if known:
                known(rows[-1])
    return sorted(rows, key=lambda row: order[row.identity])


def _show(row: Row, number: int, total: int) -> None:
    line = f"{number:>3}/{total} {row.identity:<6} {row.word:<9} {row.seconds:5.1f} s  {row.title}"
    accident = [f"tried once more: {row.accident}"] if row.accident else []
    told = [each for each in dict.fromkeys((row.skipped, *row.misses, row.crowded)) if each]
    print(line, *accident, *told, sep="\n        ", flush=True)  # noqa: T201  # progress
