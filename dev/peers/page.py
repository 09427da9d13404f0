"""What the peers took, kept as JSON, and `docs/performance.md`, which is made of it."""

import json
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import chain
from pathlib import Path
from typing import Self

SCRIPT, EIGHT, FLOOR = "script", "script, 8 at once", "httpx, all at once"
SUITE, WIDE = "suite", "suite, `--ahead --lanes=8`"
EARLY = "suite, `--stop-at-first-red`"
_DECIMALS = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Timed:
    """One run of a peer, in seconds."""

    whole: float
    red: float | None
    """Until its first red line; None where there is none."""


Rounds = Mapping[str, Sequence[float]]
"""By peer: seconds of its run in each round."""


@dataclass(kw_only=True, slots=True)
class Figures:
    """All that was measured, some of it perhaps earlier."""

    rounds: dict[str, Rounds] = field(default_factory=dict)
    """By how late providers answer."""
    faults: dict[str, Mapping[str, Timed]] = field(default_factory=dict)
    """By fault, and by peer."""

    @classmethod
    def read(cls, file: Path) -> Self:
        """Those of earlier runs; none where there is no such file."""
        if not file.exists():
            return cls()
        told = json.loads(file.read_text(encoding="utf-8"))
        faults: dict[str, Mapping[str, Timed]] = {
            name: {peer: Timed(**timed) for peer, timed in each.items()}
            for name, each in told["faults"].items()
        }
        return cls(rounds=told["rounds"], faults=faults)

    def write(self, file: Path) -> None:
        """Keep them."""
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")


def ratios(timed: Rounds, peer: str, other: str) -> list[float]:
    """A peer's time over another's, round by round."""
    return [one / two for one, two in zip(timed[peer], timed[other], strict=True)]


def spread(values: Sequence[float]) -> str:
    """The median, and between what it lay."""
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def page(figures: Figures) -> str:
    """`docs/performance.md`."""
    lines = [
        "# Performance",
        "",
        "Written by `make bench-peers`; do not edit. The same checks of the story by the suite",
        "(its API, no drills, its report included), by a script of bash, curl and jq (one question",
        "at a time, and eight), and by httpx as the floor: on one lab that was up, on a machine of",
        "two cores that others used too. Only ratios within a round mean anything.",
        "",
        "## Against scripts",
        "",
        *chain.from_iterable(_late(late, timed) for late, timed in figures.rounds.items()),
        "## Goals",
        "",
        *_table(("goal", "median (from, to)", "met"), [*_goals(figures)]),
        "",
        "What a miss consists of: the start of Python and its imports, the report, and what the",
        "suite does besides. It compares what is declared and what runs, looks from inside of the",
        "pod and as an ordinary user, reads each replica, and asks the providers who was really",
        "asked. One conversation after another is held unless `--ahead` says otherwise: questions",
        "that are asked at once and mixed up would turn other scenarios red than the one about it.",
        "",
    ]
    if figures.faults:
        lines += [*_of_faults(figures.faults)]
    return "\n".join(lines)


def _late(late: str, timed: Rounds) -> Iterator[str]:
    count = len(timed[SCRIPT])
    yield f"### Answers after: {late} ({count} rounds)"
    yield ""
    rows = [
        (
            peer,
            f"{statistics.median(seconds):.1f} s",
            spread(ratios(timed, peer, SCRIPT)),
            spread(ratios(timed, peer, EIGHT)),
        )
        for peer, seconds in timed.items()
    ]
    yield from _table(("peer", "median", "over script", "over 8 at once"), rows)
    medians = {peer: statistics.median(seconds) for peer, seconds in timed.items()}
    names = ", ".join(f'"{peer.replace("`", "")}"' for peer in medians)
    bars = ", ".join(f"{seconds:.{_DECIMALS}f}" for seconds in medians.values())
    yield ""
    yield "```mermaid"
    yield "xychart-beta horizontal"
    yield f'  title "Answers after: {late}"'
    yield f"  x-axis [{names}]"
    yield '  y-axis "seconds"'
    yield f"  bar [{bars}]"
    yield "```"
    yield ""


def _goals(figures: Figures) -> Iterator[Sequence[str]]:
    for goal, late, peer, other, most in (
        ("instant answers: at most 1.0 of the script", "at once", SUITE, SCRIPT, 1.0),
        ("answers after 2 s: at most 0.35 of the script", "2 s", SUITE, SCRIPT, 0.35),
        ("the same, `--ahead --lanes=8`", "2 s", WIDE, SCRIPT, 0.35),
        ("answers after 2 s: at most 1.1 of 8 at once", "2 s", SUITE, EIGHT, 1.1),
        ("the same, `--ahead --lanes=8`", "2 s", WIDE, EIGHT, 1.1),
    ):
        if late in figures.rounds:
            yield _goal(goal, ratios(figures.rounds[late], peer, other), most)
    both = [
        (each[EARLY].red, each[SCRIPT].red)
        for each in figures.faults.values()
        if each[EARLY].red and each[SCRIPT].red
    ]
    if both:
        values = [one / two for one, two in both if one and two]
        yield _goal("the first red: at most 1.0 of the script", values, 1.0)
        seconds = [one for one, _ in both if one]
        yield _goal("the first red within 1.5 s of the start", seconds, 1.5)
        wholes = [each[EARLY].whole for each in figures.faults.values()]
        if green := figures.rounds.get("at once"):
            well = statistics.median(green[SUITE])
            values = [each / well for each in wholes]
            yield _goal("a run that ends at its first red: at most 0.5 of a green one", values, 0.5)


def _goal(goal: str, values: Sequence[float], most: float) -> Sequence[str]:
    met = statistics.median(values) <= most
    return goal, spread(values), "yes" if met else "**no**"


def _of_faults(faults: Mapping[str, Mapping[str, Timed]]) -> Iterator[str]:
    peers = (SCRIPT, EARLY, SUITE)
    noticed = {peer: sum(each[peer].red is not None for each in faults.values()) for peer in peers}
    yield "## Twenty faults"
    yield ""
    yield f"Of {len(faults)}, the script notices {noticed[SCRIPT]}, the suite {noticed[SUITE]}."
    yield "Seconds to the first red line, and those of the whole run."
    yield ""
    rows = [
        (
            name,
            *("not noticed" if (red := each[peer].red) is None else f"{red:.1f}" for peer in peers),
            *(f"{each[peer].whole:.1f}" for peer in peers),
        )
        for name, each in faults.items()
    ]
    titles = ("fault", *(f"{peer}: red" for peer in peers), *(f"{peer}: whole" for peer in peers))
    yield from _table(titles, rows)
    yield ""


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    for row in chain([titles, ["---"] * len(titles)], rows):
        yield f"| {' | '.join(row)} |"
