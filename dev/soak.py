"""`make soak N=10`: the healthy run again and again; any verdict that changes is a defect."""

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

from acceptance.lab import environments
from acceptance.verdict import ExitCode, Verdict
from dev.kill_matrix.compare import Row
from dev.kill_matrix.fault import Boot, Expectation, Fault
from dev.kill_matrix.judge import titles
from dev.kill_matrix.labs import run_embedded

_PROJECT = Path(__file__).parents[1]


def main(arguments: list[str] | None = None) -> int:
    """Run it; 0 when every run said the same of every scenario, and that was "passed"."""
    parser = argparse.ArgumentParser(prog="soak", description=__doc__)
    parser.add_argument("runs", nargs="?", type=int, default=10, help="how many runs [10]")
    parser.add_argument("--labs", type=int, default=2, help="labs side by side [2]")
    parser.add_argument("--cache", type=Path, default=environments.CACHE)
    parser.add_argument("--reports", type=Path, default=_PROJECT / "reports")
    options = parser.parse_args(arguments)
    runs = [_healthy(number + 1) for number in range(options.runs)]
    rows = run_embedded(runs, labs=options.labs, cache=options.cache)
    changed = changing(rows)
    _write(options.reports / "soak.json", rows, changed)
    _tell(changed, len(rows))
    return ExitCode.ACCEPTED if all(row.right for row in rows) else ExitCode.NOT_ACCEPTED


def _healthy(number: int) -> Fault:
    """A run of the whole story, drills included, on a lab to which nothing was done."""
    passed = Expectation(verdicts=frozenset({Verdict.PASSED}))
    return Fault(
        identity=f"run {number}",
        title="the healthy lab, the whole story",
        layer="soak",
        source="",
        history=(),
        boot=Boot(),
        expected=dict.fromkeys(titles(), passed),
    )


def changing(rows: Iterable[Row]) -> Mapping[str, Mapping[str, str]]:
    """Scenarios that did not end alike in all runs: by title, what each run said."""
    endings: dict[str, dict[str, str]] = defaultdict(dict)
    for row in rows:
        for title, ending in row.endings.items():
            endings[title][row.identity] = f"{ending.verdict} {ending.message}".strip()
    return {
        title: by_run
        for title, by_run in endings.items()
        if len({words.partition(" ")[0] for words in by_run.values()}) > 1
    }


def _write(path: Path, rows: Iterable[Row], changed: Mapping[str, Mapping[str, str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    runs = [{"run": row.identity, "seconds": row.seconds, "misses": row.misses} for row in rows]
    path.write_text(json.dumps({"runs": runs, "changed": changed}, indent=1), encoding="utf-8")


def _tell(changed: Mapping[str, Mapping[str, str]], runs: int) -> None:
    if not changed:
        print(f"\n{runs} of {runs} runs agree")  # noqa: T201  # a command speaks
    for title, by_run in changed.items():
        print(f"\n{title}", *(f"  {run}: {said}" for run, said in by_run.items()), sep="\n")  # noqa: T201  # likewise


if __name__ == "__main__":
    sys.exit(main())
