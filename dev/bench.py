"""`make bench`: where the time of a run goes, as whoever runs it waits for it.

The clock runs from the start of the process to its end. What programs work is the time in which a
request to one of them is under way, or a question that it answers later; a pause of the suite's is
its own time, and so is all that it thinks, writes and imports. Timings on a shared machine vary, so
only ratios within one run mean anything.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from acceptance.report.waterfall import FIGURES, Profile
from acceptance.spans import Kind

_PROJECT = Path(__file__).parents[1]
_REPORTS = _PROJECT / "reports" / "bench"
"""Not where the reports of a run are, which it would replace."""
_COLLECTIONS = 5
_IN_A_BROWSER = "[browser"


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    """What one run took, in seconds, unless it says otherwise."""

    code: int
    """The exit code."""
    whole: float
    """From the start of the process to its end."""
    begins: float
    """Imports and collection."""
    boot: float
    """In which nothing was asked yet."""
    end: float
    page: float
    browser: float
    """The pass in a browser,"""
    twins: float
    """and the same scenarios by the API in the same run."""
    features: float
    """What is left of the whole."""
    busy: float
    """In which a program was at work on what it was asked, the browser's pass left out."""
    paused: float
    """In which nothing was done but to wait for the next look."""
    first: float
    """Until the first scenario had its verdict."""
    questions: int
    """How many reached providers."""
    tokens: int
    requests: Mapping[str, int]
    """How many, by what they asked."""

    @property
    def own(self) -> float:
        """What the suite takes for itself: all that is neither a program's work nor a start."""
        return self.whole - self.boot - self.end - self.browser - self.busy

    @property
    def overhead(self) -> float:
        """That, over the critical path."""
        return self.own / self.busy


def measured(command: Sequence[str], reports: Path, *, folder: Path = _PROJECT) -> Figures:
    """What a run of pytest takes that profiles itself.

    Args:
        command: which must have `--profile-run`.
        reports: where it puts them.
        folder: where it runs.
    """
    began = time.monotonic()
    done = subprocess.run(command, cwd=folder, check=False)
    return figures(
        Profile.read(reports / FIGURES), whole=time.monotonic() - began, code=done.returncode
    )


def figures(profile: Profile, *, whole: float, code: int) -> Figures:
    """What a profile comes to, where the process took so long in all."""
    scenarios = profile.of_kind(Kind.SCENARIO)
    seconds = {each.name: each.ended - each.began for each in scenarios}
    by_api = profile.without(lambda name: _IN_A_BROWSER in name)
    browser, twins = browser_pass(seconds)
    end, page = (profile.seconds(Kind.PHASE, name=name) for name in ("the target ends", "the page"))
    played = profile.whole - by_api.whole
    return Figures(
        code=code,
        whole=whole,
        begins=profile.seconds(Kind.PHASE, name="Python")
        + profile.seconds(Kind.PHASE, name="collection"),
        boot=profile.starting,
        end=end,
        page=page,
        browser=played,
        twins=twins if browser else 0.0,
        features=whole - profile.starting - end - played,
        busy=by_api.busy,
        paused=by_api.paused,
        first=min((each.ended for each in scenarios), default=profile.ended) - profile.began,
        questions=profile.questions,
        tokens=profile.tokens,
        requests=Counter(each.name for each in profile.of_kind(Kind.REQUEST)),
    )


def browser_pass(seconds: Mapping[str, float]) -> tuple[float, float]:
    """Seconds of a browser's pass, and of the same scenarios by the API in the same run.

    Args:
        seconds: by node id; those of a browser's have its name first among their parameters.
    """
    twins = {node: node.replace("[browser]", "").replace("[browser-", "[") for node in seconds}
    played = {node: twin for node, twin in twins.items() if node != twin and twin in seconds}
    return (
        sum(map(seconds.__getitem__, played)),
        sum(map(seconds.__getitem__, played.values())),
    )


def collection_ratio() -> float:
    """What listing the scenarios costs, against pytest with pytest-bdd and nothing else."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "test_nothing.py").write_text("def test_nothing() -> None: ...\n")
        bare = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": "-p pytest_bdd.plugin"}
        ratios = [
            _seconds_to_collect(_PROJECT, {}) / _seconds_to_collect(Path(folder), bare)
            for _ in range(_COLLECTIONS)
        ]
    return statistics.median(ratios)


def _seconds_to_collect(folder: Path, variables: Mapping[str, str]) -> float:
    started = time.monotonic()
    subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q"],
        cwd=folder,
        env={**os.environ, **variables},
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return time.monotonic() - started


def main() -> int:
    """Run the story once, as `make accept` does, and print where the time went."""
    options = ("--profile-run", f"--reports={_REPORTS}", *sys.argv[1:])
    run = measured([sys.executable, "-m", "pytest", *options], _REPORTS)
    ratio = collection_ratio()
    compared = (
        f"{run.browser:.1f} s, x {run.browser / run.twins:.1f}" if run.twins else "not played"
    )
    table = Table(title="where the time goes", show_header=False)
    for name, value in (
        ("from the start of the process to its end", f"{run.whole:.1f} s"),
        ("until the first verdict", f"{run.first:.1f} s"),
        ("imports and collection", f"{run.begins:.1f} s"),
        ("boot of the lab, both programs in parallel", f"{run.boot:.1f} s"),
        ("end of the lab", f"{run.end:.1f} s"),
        ("a browser's pass, over the API's", compared),
        ("all the rest, the page included", f"{run.features:.1f} s"),
        ("critical path: a program was asked and had not answered", f"{run.busy:.1f} s"),
        ("overhead of the suite over it", f"{run.overhead:.0%}, {run.own:.1f} s"),
        ("of which it only waited to look again", f"{run.paused:.1f} s"),
        ("of which the page is made", f"{run.page:.1f} s"),
        ("listing the scenarios, over bare pytest-bdd", f"x {ratio:.2f}"),
        ("questions that reached providers", str(run.questions)),
        ("tokens", str(run.tokens)),
        *((f"requests: {kind}", str(count)) for kind, count in run.requests.items()),
    ):
        table.add_row(name, value)
    Console().print(table)
    kept = _REPORTS / "bench.json"
    more = {"own": run.own, "overhead": run.overhead, "collection_ratio": ratio}
    kept.write_text(json.dumps({**asdict(run), **more}, indent=1), encoding="utf-8")
    Console().print(f"figures: {kept}")
    return run.code


if __name__ == "__main__":
    sys.exit(main())
