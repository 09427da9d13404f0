"""`make versions`: the whole story, or faults that it must notice, on pairs of versions."""

import argparse
import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

from acceptance.errors import SetupError
from acceptance.lab import environments
from acceptance.message import excerpt
from acceptance.verdict import ExitCode, Verdict
from dev.kill_matrix.compare import Row
from dev.kill_matrix.fault import FOLDERS, HANDS, SLICE, Boot, Expectation, Fault, load
from dev.kill_matrix.judge import beyond, titles
from dev.kill_matrix.labs import run_embedded

DOCUMENT = Path(__file__).parents[1] / "docs/versions.md"
PAIRS = (
    "0.6.43+1.80.17",
    "0.7.2+1.80.17",
    "0.8.12+1.83.14",
    "0.9.6+1.88.6",
    "0.10.2+1.93.2",
    "0.11.4+1.97.0",
    "0.11.4+1.100.5",
    "0.12.4+1.106.2",
    "0.12.4+1.108.7",
    "0.7.2+1.108.7",
    "0.12.4+1.80.17",
)
"""Open WebUI and LiteLLM: neighbours in time, and at the end the two corners, an old page on a new
gateway and a new one on an old. 0.12.4 with 1.106.2, of the committed locks, is what `make accept`
judges."""
_PROGRAMS = (environments.OPEN_WEBUI.name, environments.LITELLM.name)
_BEGIN, _END = "<!-- pairs -->\n", "<!-- end of pairs -->\n"
_STORY, _FAULTS = 2, 3
"""Columns of the table."""
_NOT_RUN = "not run yet"


def main(arguments: list[str] | None = None) -> int:
    """Run them; 0 when on each every scenario passed, or every fault was noticed."""
    parser = argparse.ArgumentParser(prog="versions", description=__doc__)
    parser.add_argument("pairs", nargs="*", default=PAIRS, help="OPEN_WEBUI+LITELLM")
    parser.add_argument(
        "--slice", action="store_true", help="try a slice of the kill matrix on them instead"
    )
    parser.add_argument(
        "--hands",
        choices=HANDS,
        default=HANDS[0],
        help=f"who plays the user of the whole story [{HANDS[0]}]",
    )
    parser.add_argument("--labs", type=int, default=2, help="labs side by side [2]")
    parser.add_argument("--cache", type=Path, default=environments.CACHE)
    parser.add_argument("--document", type=Path, default=DOCUMENT, help="whose table is written")
    options = parser.parse_args(arguments)
    tried: dict[str, list[Row]] = {named: [] for named in options.pairs}

    def known(row: Row) -> None:
        """Write a pair's cell as soon as all of it is known."""
        named, _, fault = row.identity.partition(" ")
        tried[named].append(row)
        if not fault:
            cell = {_STORY: _story(row)}
        elif len(tried[named]) == len(SLICE):
            cell = {_FAULTS: _faults(tried[named])}
        else:
            return
        text = options.document.read_text(encoding="utf-8")
        options.document.write_text(written(text, named, cell), encoding="utf-8")

    try:
        faults = [
            fault
            for named in options.pairs
            for fault in (on_pair(named) if options.slice else [pair(named, options.hands)])
        ]
        # the story cold: whether a version can be prepared says nothing of how it is judged
        rows = run_embedded(
            faults, labs=options.labs, cache=options.cache, cold=not options.slice, known=known
        )
    except SetupError as error:
        print(error)  # noqa: T201  # a command speaks
        return ExitCode.UNFIT
    return ExitCode.ACCEPTED if all(row.right for row in rows) else ExitCode.NOT_ACCEPTED


def _versions(named: str) -> Mapping[str, str]:
    """The versions of a pair, by program name.

    Raises:
        SetupError: it is not written `OPEN_WEBUI+LITELLM`.
    """
    versions = named.split("+")
    if len(versions) != len(_PROGRAMS):
        raise SetupError(f"{named!r} is no pair: write OPEN_WEBUI+LITELLM, as in {PAIRS[0]}")
    return dict(zip(_PROGRAMS, versions, strict=True))


def pair(named: str, hands: str) -> Fault:
    """The healthy lab on these versions, drills included; raises like `_versions`.

    What the page shows is judged with the rest where a browser plays the user too.
    """
    passed = Expectation(verdicts=frozenset({Verdict.PASSED}))
    told = Expectation(verdicts=frozenset(Verdict))
    return Fault(
        identity=named,
        title="the healthy lab, the whole story",
        layer="versions",
        source="",
        history=(),
        boot=Boot(),
        expected={title: told if title in beyond() else passed for title in titles()},
        hands=hands,
        versions=_versions(named),
    )


def on_pair(named: str) -> tuple[Fault, ...]:
    """The slice of the kill matrix, on these versions; raises like `_versions`.

    Their words may be others; which scenarios are red may not.
    """
    versions = _versions(named)
    return tuple(
        replace(
            fault,
            identity=f"{named} {fault.identity}",
            versions=versions,
            expected={title: replace(each, says="") for title, each in fault.expected.items()},
        )
        for fault in _slice()
    )


@cache
def _slice() -> tuple[Fault, ...]:
    """Read once for all pairs."""
    found = (fault for folder in FOLDERS for fault in load(folder, scenarios=titles))
    return tuple(fault for fault in found if fault.identity in SLICE)


def written(text: str, named: str, cell: Mapping[int, str]) -> str:
    """The document, with these cells of a pair in its table; all others stay as they are."""
    head, _, rest = text.partition(_BEGIN)
    table, _, tail = rest.partition(_END)
    first, rule, *known = table.strip().splitlines()
    lines = {each: [*each.split("+"), _NOT_RUN, _NOT_RUN] for each in PAIRS}
    for line in known:
        cells = line.removeprefix("| ").removesuffix(" |").split(" | ")
        lines["+".join(cells[:_STORY])] = cells
    lines.setdefault(named, [*named.split("+"), _NOT_RUN, _NOT_RUN])
    for column, told in cell.items():
        lines[named][column] = told
    shown = "\n".join([first, rule, *(f"| {' | '.join(cells)} |" for cells in lines.values())])
    return f"{head}{_BEGIN}\n{shown}\n\n{_END}{tail}"


def _story(row: Row) -> str:
    if row.skipped:
        return f"{_NOT_RUN}: {row.skipped}"
    if not row.right:
        return _told(row.misses)
    others = "".join(f"; beyond the story, not shown: {each}" for each in row.noticed)
    return f"ACCEPTED, {len(row.endings)} scenarios, {row.seconds:.0f} s{others}"


def _faults(rows: Iterable[Row]) -> str:
    """How many of the slice were killed, or accepted where they are healthy; and which were not."""
    tried = [row for row in rows if not row.skipped]
    right = sum(row.right for row in tried)
    missed = [f"{row.identity.split()[-1]}: {_told(row.misses)}" for row in tried if not row.right]
    return "; ".join([f"{right} of {len(tried)}", *missed])


def _told(misses: Iterable[str]) -> str:
    told = "; ".join(excerpt(" ".join(each.split()), 200) for each in misses)
    return excerpt(told, 500).replace("|", "\\|")


if __name__ == "__main__":
    sys.exit(main())
