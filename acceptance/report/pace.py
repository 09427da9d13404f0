"""How long things take, and when one is slower by more than its own noise."""

from collections.abc import Iterator, Mapping

from acceptance.report.record import Record

_REMEMBERED = 10
"""Runs whose durations are kept; older ones say little of the system as it is."""
_ENOUGH = 3
"""Runs from which on the slowest of them tells the noise."""
_OVER_THE_SLOWEST = 1.25
_OVER_A_GUESS = 3.0
"""Times; before the noise is known. A first request also loads what later ones find loaded."""
_AT_LEAST_SECONDS = 2.0
_RUN = "the run"


def durations(record: Record) -> Mapping[str, float]:
    """Seconds by what took them."""
    found = record.findings
    answers = {
        f"the answer of {each.name}": each.first_seconds
        for each in found.models
        if each.first_seconds is not None
    }
    drills = {f"the answer of {each}": each.seconds for each in found.failovers}
    return {**answers, **drills, **({} if record.partial else {_RUN: record.seconds})}


def remembered(before: Record | None, after: Record) -> Mapping[str, tuple[float, ...]]:
    """The last durations of everything that takes time, newest last."""
    known = before.recent if before else {}
    now = durations(after)
    return {
        name: (*known.get(name, ()), *([now[name]] if name in now else []))[-_REMEMBERED:]
        for name in {**known, **now}
    }


def slower(before: Record, after: Record) -> Iterator[str]:
    """What takes longer than before, by more than it varied in the runs before."""
    last = durations(before)
    alike = _judged(before) == _judged(after)
    for name, seconds in durations(after).items():
        if name == _RUN and not alike:  # other hands, or other scenarios, take another time
            continue
        known = before.recent.get(name) or tuple([last[name]] if name in last else [])
        if not known:
            continue
        margin = _OVER_THE_SLOWEST if len(known) >= _ENOUGH else _OVER_A_GUESS
        if seconds > max(known) * margin and seconds > max(known) + _AT_LEAST_SECONDS:
            many = f"at most {max(known):.1f} s in the last {len(known)} runs"
            took = many if len(known) > 1 else f"{known[0]:.1f} s"
            yield f"{name} took {took}, takes {seconds:.1f} s"


def _judged(record: Record) -> frozenset[tuple[str, str]]:
    return frozenset((each.feature, each.title) for each in record.scenarios)
