"""The closing table as text: with colours on a terminal, as plain Markdown in a pipe."""

import io
from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from acceptance.report.record import Compared
from acceptance.report.run import Row
from acceptance.verdict import VERDICT_STYLES, Verdict


def verdicts(title: str, rows: Sequence[Row], *, width: int, colour: bool) -> str:
    """The table of criteria, requirements and tasks."""
    table = _table("", title, "verdict", "passed", colour=colour)
    for row in rows:
        about = Text("\n").join([Text(row.text), *(Text(f"  {line}") for line in row.reasons)])
        count = f"{row.accepted}/{row.total}" if row.total else ""
        table.add_row(Text(row.name), about, _verdict(row.verdict), Text(count))
    return _text(table, width=width, colour=colour)


def comparison(rows: Sequence[Compared], *, width: int, colour: bool) -> str:
    """Declared, effective and observed, side by side."""
    table = _table("", "declared", "effective", "observed", colour=colour)
    for row in rows:
        table.add_row(*map(Text, (row.criterion, row.declared, row.effective, row.observed)))
    return _text(table, width=width, colour=colour)


def costs(rows: Sequence[Sequence[str]], *, width: int, colour: bool) -> str:
    """What would be asked of whom."""
    table = _table("model", "at", "questions", "asked", "tokens", "US dollars", colour=colour)
    for row in rows:
        table.add_row(*map(Text, row))
    return _text(table, width=width, colour=colour)


def _verdict(verdict: Verdict | None) -> Text:
    if verdict is None:
        return Text("not run", style="dim")
    look = VERDICT_STYLES[verdict]
    return Text(f"{look.glyph} {verdict}", style=look.colour)


def _table(*titles: str, colour: bool) -> Table:
    table = Table(box=box.SIMPLE_HEAD if colour else box.MARKDOWN)
    for title in titles:
        table.add_column(title, overflow="fold")
    return table


def _text(table: Table, *, width: int, colour: bool) -> str:
    out = io.StringIO()
    console = Console(
        file=out,
        width=width,
        force_terminal=colour,
        color_system="standard" if colour else None,
        legacy_windows=False,
    )
    console.print(table)
    return out.getvalue().strip("\n ")
