"""`make bench`: where the time of a run goes, measured in one run, as ratios.

The critical path is the time in which at least one program of the lab was working on a request of
the suite; what is left of the run is the suite's own. Timings on a shared machine vary, so only
ratios within one run mean anything.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from rich.console import Console
from rich.table import Table

from acceptance.cluster import Pod, PodRequest, PodResponse
from acceptance.lab.embedded.cluster import EmbeddedCluster
from acceptance.target import Target

_PROJECT = Path(__file__).parents[1]
_POLL_SECONDS = 0.3
"""A pause up to this long between two equal requests is a wait for a program, not idleness."""
_COLLECTIONS = 5


class Clock:
    """Notes what the programs were asked, from when to when."""

    def __init__(self) -> None:
        self.spans: list[tuple[float, float, str]] = []
        self.kinds: Counter[str] = Counter()

    @contextmanager
    def span(self, kind: str) -> Iterator[None]:
        """One request, of this kind."""
        self.kinds[kind] += 1
        started = time.monotonic()
        try:
            yield
        finally:
            self.spans.append((started, time.monotonic(), kind))

    def busy(self) -> float:
        """Seconds in which at least one program was working, waits between polls included."""
        total, end, last = 0.0, 0.0, ""
        for start, stop, kind in sorted(self.spans):
            waited = start - end <= _POLL_SECONDS and kind == last
            begin = end if waited or start < end else start
            total += max(0.0, stop - begin)
            end, last = max(end, stop), kind
        return total


class _Watch:
    """A plugin that times the lab and each scenario, and keeps the target for its ledger."""

    def __init__(self) -> None:
        self.boot = self.end = 0.0
        self.seconds: defaultdict[str, float] = defaultdict(float)
        """By node id; set-up, call and tear-down, without the end of the lab."""
        self.calls: Counter[str] = Counter()
        self.tokens = 0
        self._target: Target | None = None
        self._ends_since = 0.0

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[Any]
    ) -> Generator[None, object, object]:
        started = time.monotonic()
        value = yield
        if isinstance(value, Target) and fixturedef.argname == "target":
            self.boot = time.monotonic() - started
            self._target = value
            fixturedef.addfinalizer(self._ending)
        return value

    def _ending(self) -> None:
        self._ends_since = time.monotonic()

    def pytest_fixture_post_finalizer(self, fixturedef: pytest.FixtureDef[Any]) -> None:
        if fixturedef.argname == "target" and self._ends_since:
            self.end, self._ends_since = time.monotonic() - self._ends_since, 0.0

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Read the ledger after each scenario: it ends with the lab."""
        self.seconds[report.nodeid] += report.duration
        if report.when == "teardown":  # the last one, in which the lab ends for both hands
            self.seconds[report.nodeid] -= self.end
        witness = self._target.witness if self._target else None
        if witness is not None and report.when == "call":
            calls = witness.calls()
            self.calls = Counter(call.provider for call in calls)
            self.tokens = sum(call.tokens for call in calls)


def _observe(clock: Clock) -> None:
    """Put the clock where every request passes."""
    stream, inside = httpx.Client.stream, EmbeddedCluster.request

    @contextmanager
    def timed_stream(
        self: httpx.Client,
        method: str,
        url: str,
        **content: Any,  # noqa: ANN401  # httpx's own
    ) -> Iterator[httpx.Response]:
        path = httpx.URL(url).path
        kind = f"{method} {'/'.join(path.split('/')[:4])}"
        with clock.span(kind), stream(self, method, url, **content) as response:
            yield response

    def timed_inside(self: EmbeddedCluster, pod: Pod, request: PodRequest) -> PodResponse:
        with clock.span("from inside a pod"):
            return inside(self, pod, request)

    httpx.Client.stream = timed_stream  # type: ignore[assignment,method-assign]
    EmbeddedCluster.request = timed_inside  # type: ignore[method-assign]


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
    """What listing the scenarios costs, against an empty pytest-bdd project; the median of some."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "test_nothing.py").write_text("def test_nothing() -> None: ...\n")
        ratios = [
            _seconds_to_collect(_PROJECT) / _seconds_to_collect(Path(folder))
            for _ in range(_COLLECTIONS)
        ]
    return statistics.median(ratios)


def _seconds_to_collect(folder: Path) -> float:
    started = time.monotonic()
    subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q"],
        cwd=folder,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return time.monotonic() - started


def main() -> int:
    """Run the story once, and print where the time went."""
    clock, watch = Clock(), _Watch()
    _observe(clock)
    started = time.monotonic()
    code = pytest.main(
        [str(_PROJECT / "steps"), "--rootdir", str(_PROJECT), "--assert=plain", *sys.argv[1:]],
        plugins=[watch],
    )
    whole = time.monotonic() - started
    busy, features = clock.busy(), whole - watch.boot - watch.end
    browser, api = browser_pass(watch.seconds)
    compared = (
        f"x {browser / api:.1f}, {browser:.1f} s over {api:.1f} s" if browser else "not played"
    )
    table = Table(title="where the time goes", show_header=False)
    for name, value in (
        ("boot of the lab, both programs in parallel", f"{watch.boot:.1f} s"),
        ("end of the lab", f"{watch.end:.1f} s"),
        ("run of the features", f"{features:.1f} s"),
        ("critical path: the programs were working", f"{busy:.1f} s"),
        ("overhead of the suite over it", f"{(features - browser - busy) / busy:.0%}"),
        ("what a browser's pass adds, over the API's", compared),
        ("listing the scenarios, over an empty project", f"x {collection_ratio():.2f}"),
        ("questions that reached providers", f"{sum(watch.calls.values())}, {dict(watch.calls)}"),
        ("tokens", str(watch.tokens)),
        *((f"requests: {kind}", str(count)) for kind, count in clock.kinds.most_common()),
    ):
        table.add_row(name, value)
    Console().print(table)
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
