"""Whether a record agrees with itself: a person signs its first line, and a machine its digest.

Each run leaves a record that does; what does not was put together by somebody else.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime

from acceptance.report.record import NOT_RUN, UNREACHED, Outcome, Record, Requirement, read
from acceptance.verdict import ExitCode, Verdict, exit_code, worst

_WHOLE, _PART, _UNFIT = "ACCEPTED", "PARTIAL RUN", "NOT JUDGED"
_VERDICTS = {
    ExitCode.ACCEPTED: (_WHOLE, _PART),
    ExitCode.NOT_ACCEPTED: ("NOT ACCEPTED",),
    ExitCode.INCOMPLETE: ("INCOMPLETE",),
}
_KNOWN = {*map(str, Verdict)}
_COUNTED = re.compile(r": of (\d+) scenarios: (.+?)(?:; .*| \(a partial run: .*|)$")
_SELECTED = re.compile(r"all (\d+) selected passed")
_ACCEPTED_BY_WAIVER = re.compile(r"(?<=; )(\d+) scenarios waived$")
_UNREACHED = re.compile(r"(\d+) of (\d+) scenarios were not reached")


def contradictions(text: str) -> tuple[str, ...]:
    """What in a record's file contradicts the rest of it; empty for what a run has written.

    Raises:
        UnreadableRecordError: it is no record.
    """
    record, _ = read(text)
    alien = [each.verdict for each in record.scenarios if each.verdict not in _KNOWN]
    if alien:
        return (f"a scenario is {alien[0]!r}, which is no verdict",)
    return (*_of_fields(text, record), *_of_verdict(record), *_of_counts(record), *_of_rows(record))


def _of_fields(text: str, record: Record) -> Iterator[str]:
    """Everything that a record has, and nothing else."""
    there = {*_places(json.loads(text))} - {"digest"}
    known = {*_places(json.loads(json.dumps(asdict(record))))}
    if more := sorted(there - known):
        yield f"{more[0]} is no field of a record"
    if less := sorted(known - there):
        yield f"{less[0]} is missing"
    try:
        known_when = datetime.fromisoformat(record.started).utcoffset() is not None
    except ValueError:
        known_when = False
    if not known_when:
        yield f"it began at {record.started!r}, which is no time of a known zone"
    if min(record.seconds, *(each.seconds for each in record.scenarios), 0) < 0:
        yield "something took less than no time"


def _places(value: object, at: str = "") -> Iterator[str]:
    inside = f"{at}." if at else ""
    match value:
        case dict():
            parts = [(f"{inside}{name}", each) for name, each in value.items()]
        case list():
            parts = [(f"{at}[{number}]", each) for number, each in enumerate(value)]
        case _:
            return
    for place, each in parts:
        yield place
        yield from _places(each, place)


def _of_verdict(record: Record) -> Iterator[str]:
    ended = [Verdict(each.verdict) for each in record.scenarios]
    unused = any(note.startswith("unused waiver") for note in record.notes)
    code = exit_code([*ended, *[Verdict.FAILED] * unused])
    if record.verdict != _UNFIT and record.verdict not in _VERDICTS[code]:
        is_ = "with an unused waiver" if unused else f"its worst scenario is {worst(ended)}"
        yield f"{record.verdict}, and {is_}"
    if record.verdict == _WHOLE and record.partial:
        yield f"{_WHOLE}, and not the whole story was judged: {record.partial}"
    if record.verdict == _PART and not record.partial:
        yield f"{_PART}, and nothing says what is missing"
    if not record.statement.startswith(f"{record.verdict} on {record.target}: "):
        yield f"{record.verdict} on {record.target} is stated as: {record.statement}"


def _of_counts(record: Record) -> Iterator[str]:
    count, ended = len(record.scenarios), Counter(each.verdict for each in record.scenarios)
    others = [f"{ended[each]} {each}" for each in ended if each != Verdict.PASSED]
    if told := _COUNTED.search(record.statement):
        listed = others or ["all passed"]
        if int(told[1]) != count or sorted(told[2].split(", ")) != sorted(listed):
            yield f"stated are {told[1]} scenarios: {told[2]}; listed {count}: {', '.join(listed)}"
    for pattern, number in ((_SELECTED, count), (_ACCEPTED_BY_WAIVER, ended[Verdict.WAIVED])):
        if (told := pattern.search(record.statement)) and int(told[1]) != number:
            yield f"stated is {told[0]!r}; listed are {number}"
    missed = sum(each.reason == UNREACHED for each in record.scenarios)
    told = _UNREACHED.search(record.partial)
    if (told.groups() if told else ("0", str(count))) != (str(missed), str(count)):
        yield f"{missed} of {count} scenarios were not reached, and partial says otherwise"
    for each in record.scenarios:
        line = f"{each.title}: "
        if each.verdict == Verdict.WAIVED and not any(w.startswith(line) for w in record.waivers):
            yield f"{each.title!r} is waived, and no waiver of it is listed"


def _of_rows(record: Record) -> Iterator[str]:
    for name, count in Counter(row.name for row in record.requirements).items():
        if count > 1:
            yield f"{name} is there {count} times"
    for row in record.requirements:
        if problem := _of_row(row, record.scenarios):
            yield f"{row.name} {problem}"
    run = [row for row in record.requirements if row.verdict != NOT_RUN]
    if record.verdict == _WHOLE and len(run) < len(record.requirements):
        yield f"{_WHOLE}, and not every row of the story was run"
    known = [Verdict(row.verdict) for row in run if row.verdict in _KNOWN]
    ended = worst(Verdict(each.verdict) for each in record.scenarios)
    if not (record.partial or ended.accepted) and known and worst(known) is not ended:
        yield f"its worst scenario is {ended}, its worst row {worst(known)}"


def _of_row(row: Requirement, scenarios: tuple[Outcome, ...]) -> str:
    """What is wrong with a row; empty when nothing is."""
    if row.verdict == NOT_RUN:
        return f"is {NOT_RUN}, with {row.total} scenarios" if row.total or row.accepted else ""
    accepted = sum(Verdict(each.verdict).accepted for each in scenarios)
    others = len(scenarios) - accepted
    if not 0 <= row.accepted <= accepted or not 0 <= row.total - row.accepted <= others:
        return (
            f"counts {row.accepted} of {row.total}, where {accepted} of {len(scenarios)} "
            "scenarios are accepted"
        )
    if row.verdict not in {each.verdict for each in scenarios}:
        return f"is {row.verdict}, which no scenario is"
    if Verdict(row.verdict).accepted > bool(row.accepted):
        return f"is {row.verdict}, and none of its scenarios is accepted"
    if row.accepted == row.total and not Verdict(row.verdict).accepted:
        return f"is {row.verdict}, and all of its {row.total} scenarios are accepted"
    return ""
