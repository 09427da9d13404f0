"""The matrix as files: JSON for machines, HTML and Markdown for people."""

import html
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any

from acceptance import files
from acceptance.errors import SetupError
from acceptance.verdict import Verdict
from dev.kill_matrix.compare import Row
from dev.kill_matrix.fault import FEW
from dev.kill_matrix.judge import Ending

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem }
table { border-collapse: collapse; width: 100% }
td, th { border-bottom: 1px solid #8884; padding: .3rem .6rem; text-align: left }
td { vertical-align: top }
.right { color: #1a7f37 } .wrong { color: #cf222e; font-weight: 600 } small { opacity: .75 }
:root { color-scheme: light dark }
"""


_MADE = {
    "embedded": "Made by `make kill-matrix` on the embedded lab; do not edit.",
    "cluster": "Made by `make kill-matrix ARGS=--kubeconfig=FILE` on a Kubernetes of the lab's "
    "own, of what it can show; do not edit.",
}
"""By where it was tried (`EVERYWHERE`): what made it, and on what."""


def write(rows: Sequence[Row], reports: Path, document: Path | None, *, where: str) -> None:
    """Write `kill-matrix.json` and `.html`, and the document where one is named.

    Args:
        rows: what was tried.
        reports: the folder of the first two.
        document: the path of the third.
        where: one of `EVERYWHERE`: each of them says it to people.
    """
    reports.mkdir(parents=True, exist_ok=True)
    data = [{**asdict(row), "right": row.right, "where": where} for row in rows]
    files.write(reports / "kill-matrix.json", json.dumps(data, indent=1, default=str))
    files.write(reports / "kill-matrix.html", _page(rows, where))
    if document:
        files.write(document, _markdown(rows, where))


def last_run(reports: Path, *, where: str) -> list[Row]:
    """The rows that `write` left in these reports, of a run of the same kind.

    Raises:
        SetupError: there are none.
    """
    path = reports / "kill-matrix.json"
    if not path.is_file():
        raise SetupError(f"There is no earlier run to renew: {path} is not there.")
    entries = json.loads(path.read_text(encoding="utf-8"))
    if any(entry.pop("where", "") != where for entry in entries):
        raise SetupError(f"The earlier run was not one of this kind ({where}): {path}.")
    return [_read(entry) for entry in entries]


def _read(entry: dict[str, Any]) -> Row:
    """A row as it was written."""
    del entry["right"]
    endings = {
        title: Ending(**{**ending, "verdict": Verdict(ending["verdict"])})
        for title, ending in entry["endings"].items()
    }
    return Row(**{**entry, "endings": endings, "misses": tuple(entry["misses"])})


def _naive(row: Row) -> str:
    """What the naive checks say of the lab: a tick for green."""
    return " ".join("✓" if green else "✗" for green in row.naive.values()) or "-"


def totals(rows: Iterable[Row]) -> list[tuple[str, int, int, int, int]]:
    """By layer: faults, killed by the suite, all naive checks green, healthy ones refused.

    What was not tried is in none of them.
    """
    layers: dict[str, list[Row]] = {}
    for row in rows:
        if not row.skipped:
            layers.setdefault(row.layer, []).append(row)
    return [
        (
            layer,
            sum(not row.healthy for row in group),
            sum(row.right for row in group if not row.healthy),
            sum(all(row.naive.values()) for row in group if not row.healthy and row.naive),
            sum(not row.right for row in group if row.healthy),
        )
        for layer, group in layers.items()
    ]


def _page(rows: Sequence[Row], where: str) -> str:
    body = "".join(
        f"<tr><td>{row.identity}<td>{html.escape(row.title)}<br><small>{row.layer}</small>"
        f"<td class={'right' if row.right else 'wrong'}>{row.word}"
        f"<td>{_red(row)}<td>{_noticed(row)}<td>{_naive(row)}<td>{row.seconds:.0f} s"
        for row in rows
    )
    sums = "".join("<tr>" + "".join(f"<td>{value}" for value in each) for each in totals(rows))
    return (
        f"<!doctype html><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>Kill matrix</title><style>{_STYLE}</style><h1>Kill matrix</h1>"
        f"<p>{_MADE[where].replace('`', '')}</p>"
        f"<p>{_in_the_middle(rows)}</p>"
        f"<table><tr><th>layer<th>faults<th>killed<th>missed by all three naive checks"
        f"<th>healthy refused{sums}</table>"
        f"<p>The naive checks, in order: environment variable, list of models, model of one chat; "
        f"✓ means that the check saw nothing.</p>"
        f"<table><tr><th>id<th>what is wrong<th>verdict<th>red<th>scenarios that are not green"
        f"<th>naive<th>time{body}</table>"
    )


def _red(row: Row) -> str:
    """How many scenarios are red, and why so many where a reason is given."""
    reason = f"<br><small>{html.escape(row.many)}</small>" if row.many else ""
    return f"{row.red}{reason}" if row.endings else "-"


def _in_the_middle(rows: Iterable[Row]) -> str:
    """How many red lines a fault makes, by the median."""
    red = [row.red for row in rows if row.endings and not row.healthy]
    told = f"{median(red):g}" if red else "not known"
    return f"Red scenarios of one fault: the median is {told}; more than {FEW} have a reason."


def _noticed(row: Row) -> str:
    if row.skipped:
        return html.escape(row.skipped)
    if row.misses:
        return "<br>".join(html.escape(miss) for miss in row.misses)
    lines = [
        f"<b>{html.escape(title)}</b>: {row.endings[title].verdict}, "
        f"<small>{html.escape(_gist(row.endings[title].message))}</small>"
        for title in row.noticed
        if row.endings[title].verdict != "blocked"
    ]
    blocked = sum(row.endings[title].verdict == "blocked" for title in row.noticed)
    return "<br>".join([*lines, *([f"{blocked} blocked"] if blocked else [])]) or "none"


def _gist(message: str) -> str:
    """The title and what was found."""
    lines = message.splitlines()
    found = [line.strip() for line in lines if line.strip().startswith("found")]
    return " ".join([*lines[:1], *found])


def _markdown(rows: Sequence[Row], where: str) -> str:
    lines = [
        "# Kill matrix",
        "",
        _MADE[where],
        "",
        "A fault is killed when the scenarios that its file names are not green, for the reason",
        "that it names, and no other scenario is touched.",
        "The naive checks are the story's own: environment variable, list of models, model of one",
        "chat. ✓ means that the check was green, that is, saw nothing.",
        "",
        "| layer | faults | killed | missed by all three naive checks | healthy refused |",
        "|---|---|---|---|---|",
        *(f"| {' | '.join(map(str, each))} |" for each in totals(rows)),
        "",
        _in_the_middle(rows),
        "",
        "| id | what is wrong, or only looks so | suite | red | naive | first scenario to notice |",
        "|---|---|---|---|---|---|",
        *(
            f"| {row.identity} | {row.title} | {row.word} | {row.red if row.endings else '-'} "
            f"| {_naive(row)} | {_first(row)} |"
            for row in rows
        ),
        *_reasons(rows),
    ]
    return "\n".join(lines) + "\n"


def _reasons(rows: Iterable[Row]) -> list[str]:
    """A line for each fault that has a reason to turn many scenarios red."""
    told = [f"- {row.identity}, {row.red}: {row.many}" for row in rows if row.many and row.endings]
    return ["", f"Why more than {FEW} scenarios are red:", "", *told] if told else []


def _first(row: Row) -> str:
    return next(iter(row.noticed), "-")
