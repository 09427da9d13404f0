"""What is different between two records, in sentences."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from acceptance.report.pace import slower
from acceptance.report.record import NOT_RUN, UNREACHED, Record
from acceptance.verdict import Verdict

_READABLE = 5
"""Scenarios that came or went; more are only counted."""


def changes(before: Record, after: Record) -> tuple[str, ...]:
    """What changed from one to the other, most telling first; empty when nothing did."""
    after = _seen(after)
    return (
        *_one("the target", before.target, after.target),
        *_verdicts(before, after),
        *_scenarios(before, after),
        *_one("the endpoint in use", before.findings.endpoint, after.findings.endpoint),
        *_models(before, after),
        *_one("the chain", " -> ".join(before.findings.chain), " -> ".join(after.findings.chain)),
        *_each("the version of", before.versions, after.versions),
        *_each("the lock of", before.findings.locks, after.findings.locks),
        *_each("the image of", before.findings.images, after.findings.images),
        *_each("the configuration of", before.findings.fingerprints, after.findings.fingerprints),
        *slower(before, after),
    )


def _seen(record: Record) -> Record:
    """What a run that ended early has looked at: some scenarios, and no row as a whole."""
    reached = tuple(each for each in record.scenarios if each.reason != UNREACHED)
    early = len(reached) < len(record.scenarios)
    return replace(record, scenarios=reached, requirements=()) if early else record


def _one(what: str, before: str, after: str) -> Iterator[str]:
    """Both must be known: a run that did not look has not seen a change."""
    if before and after and before != after:
        yield f"{what} was {before}, is {after}"


def _each(what: str, before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[str]:
    for name in before:
        yield from _one(f"{what} {name}", before[name], after.get(name, ""))


def _verdicts(before: Record, after: Record) -> Iterator[str]:
    """Rows of the story that changed alike share a sentence."""
    known = {each.name: each.verdict for each in before.requirements if each.verdict != NOT_RUN}
    changed: dict[str, list[str]] = {}
    for each in after.requirements:
        was = known.get(each.name, NOT_RUN)
        if NOT_RUN not in (was, each.verdict) and was != each.verdict:
            changed.setdefault(f"was {was}, is {each.verdict}", []).append(each.name)
    yield from (f"{', '.join(names)}: {how}" for how, names in changed.items())


def _scenarios(before: Record, after: Record) -> Iterator[str]:
    was = {(each.feature, each.title): each.verdict for each in before.scenarios}
    now = {(each.feature, each.title): each.verdict for each in after.scenarios}
    changed = {key: (was[key], now[key]) for key in now if key in was and was[key] != now[key]}
    turned = Counter(changed.values())
    for (_, title), pair in changed.items():
        if not _only_counted(pair, turned):
            yield from _one(f'"{title}"', *pair)
    for pair in (each for each in turned if _only_counted(each, turned)):
        yield f"{turned[pair]} scenarios were {pair[0]}, are {pair[1]}"
    if before.partial or after.partial:
        return
    yield from _listed("no longer judged", [key for key in was if key not in now])
    yield from _listed("newly judged", [key for key in now if key not in was])


def _only_counted(pair: tuple[str, str], turned: Mapping[tuple[str, str], int]) -> bool:
    """Whether it is a consequence of what failed, or of its mend, and of many."""
    return Verdict.BLOCKED in pair and turned[pair] > _READABLE


def _listed(what: str, scenarios: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Each by its name as long as somebody would read them; else how many of which feature."""
    if len(scenarios) <= _READABLE:
        yield from (f'{what}: "{title}" of {feature}' for feature, title in scenarios)
        return
    counts = Counter(feature for feature, _ in scenarios)
    yield f"{what}: {', '.join(f'{count} of {feature}' for feature, count in counts.items())}"


def _models(before: Record, after: Record) -> Iterator[str]:
    was = {each.name: each for each in before.findings.models}
    now = {each.name: each for each in after.findings.models}
    if not was or not now:
        return
    if gone := [name for name in was if name not in now]:
        yield f"no longer served: {', '.join(gone)}"
    if new := [name for name in now if name not in was]:
        yield f"newly served: {', '.join(new)}"
    for name in (each for each in was if each in now):
        yield from _one(f"what is behind {name}", was[name].upstream, now[name].upstream)
