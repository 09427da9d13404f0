"""What the night has to say to people: the words, and a mark that tells one night from another.

The mark stands in the issue that was written, so the issue is the memory; of what a webhook was
told, a file beside the record. A night that could not be announced is made up for by the next.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from acceptance import files
from acceptance.report.earlier import latest_record
from acceptance.report.record import NOT_RUN, Record, UnreadableRecordError, read
from acceptance.shown import comment, line, markdown, visible, whole
from acceptance.verdict import Verdict

NONE = "none"
KINDS = (NONE, "ntfy", "slack", "json")
"""What a webhook may want; none: nobody is told."""
_MARK = re.compile(r"<!-- acceptance: .* -->")
"""HTML's comments are not shown."""
_ACCEPTED = "ACCEPTED"
_NO_RECORD = "NOT JUDGED"
_FRESH = timedelta(hours=20)
"""Age from which on a record is the one of the night before."""
_LONGEST = 60_000
"""Characters; GitHub takes 65,536 in a body."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Announcement:
    """One night, as it is told."""

    accepted: bool
    title: str
    said: tuple[str, ...]
    """The verdict, and what is different, a line each, for whoever reads plain text."""
    news: str
    """The same as Markdown."""
    body: str
    mark: str
    """The verdict and all that is not green: equal marks, no news."""


def mark_in(body: str) -> str:
    """The mark of an issue's text; empty where there is none.

    It stands on a line of its own, the last of its kind: whatever the night's texts hold is before.
    """
    return next(filter(_MARK.fullmatch, reversed(body.splitlines())), "")


def announcement(reports: Path, *, run: str = "", now: datetime | None = None) -> Announcement:
    """What the record in this folder has to say, or that this night left none.

    Args:
        reports: the folder with the record and its summary.
        run: address of the job that made them.
        now: the time; the record of an earlier night says nothing of this one.
    """
    try:
        record = _record(reports, now or datetime.now(UTC))
    except UnreadableRecordError as error:
        return not_judged(f"{_NO_RECORD}: {error}", run=run)
    summary = reports / "summary.md"
    text = summary.read_text(encoding="utf-8", errors="replace") if summary.exists() else ""
    return judged(record, summary=text, run=run)


def judged(record: Record, *, summary: str = "", run: str = "") -> Announcement:
    """What this record has to say."""
    rows = [f"{name} {verdict}" for name, verdict in _not_green(record)]
    changes = [f"partial: {record.partial}"] if record.partial else list(record.changes)
    return _written(record.verdict, rows, record.statement, changes, summary, run)


def not_judged(statement: str, *why: str, run: str = "") -> Announcement:
    """That nothing could be judged, and why."""
    return _written(_NO_RECORD, [], statement, list(why), "", run)


def _record(reports: Path, now: datetime) -> Record:
    file = latest_record(reports)
    if file is None:
        raise UnreadableRecordError("the run left no record, so it ended before it judged anything")
    try:
        record, _ = read(files.content(file).decode("utf-8"))
        old = datetime.fromisoformat(record.started) < now - _FRESH
    except (OSError, TypeError, ValueError) as error:
        raise UnreadableRecordError(f"{file.name} is damaged: {error}") from error
    if old:
        raise UnreadableRecordError(f"no run has left a record since {record.started}")
    return record


def _not_green(record: Record) -> list[tuple[str, str]]:
    green = {*(str(each) for each in Verdict if each.accepted), str(Verdict.NOT_REQUIRED), NOT_RUN}
    rows = [(each.name, each.verdict) for each in record.requirements]
    return [(name, verdict) for name, verdict in rows if verdict not in green]


def _written(
    verdict: str, rows: list[str], statement: str, changes: list[str], summary: str, run: str
) -> Announcement:
    mark = comment(f"acceptance: {'; '.join([verdict, *rows])}")
    told = [markdown(statement), *(f"- {markdown(change)}" for change in changes)]
    text = visible(whole(summary)) or told[0]
    return Announcement(
        accepted=verdict == _ACCEPTED,
        title=f"Acceptance: {line(statement).partition(': ')[0]}",
        said=tuple(line(each) for each in (statement, *changes)),
        news="\n".join([*told, run]).strip()[:_LONGEST],
        body="\n\n".join(filter(None, [_cut(text), run, mark])),
        mark=mark,
    )


def _cut(text: str) -> str:
    """As much as an issue takes, by whole lines, so that none is left open."""
    if len(text) <= _LONGEST:
        return text
    return text[:_LONGEST].rpartition("\n")[0] or text[:_LONGEST]
