"""What is different between two records, in sentences."""

from collections.abc import Iterator, Mapping

from domain.record import NOT_RUN, Record

_SLOWER_TIMES = 1.5
_SLOWER_SECONDS = 2.0
"""Slower is both: by half, and by this many seconds; less is noise on a machine that is shared."""


def changes(before: Record, after: Record) -> tuple[str, ...]:
    """What changed from one to the other, most telling first; empty when nothing did."""
    return (
        *_one("the target", before.target, after.target),
        *_verdicts(before, after),
        *_one("the endpoint in use", before.findings.endpoint, after.findings.endpoint),
        *_models(before, after),
        *_one("the chain", " -> ".join(before.findings.chain), " -> ".join(after.findings.chain)),
        *_each("the version of", before.versions, after.versions),
        *_each("the image of", before.findings.images, after.findings.images),
        *_each("the configuration of", before.findings.fingerprints, after.findings.fingerprints),
        *_slower(before, after),
    )


def _one(what: str, before: str, after: str) -> Iterator[str]:
    """Both must be known: a run that did not look has not seen a change."""
    if before and after and before != after:
        yield f"{what} was {before}, is {after}"


def _each(what: str, before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[str]:
    for name in before:
        yield from _one(f"{what} {name}", before[name], after.get(name, ""))


def _verdicts(before: Record, after: Record) -> Iterator[str]:
    known = {each.name: each.verdict for each in before.requirements if each.verdict != NOT_RUN}
    for each in after.requirements:
        if each.verdict != NOT_RUN:
            yield from _one(each.name, known.get(each.name, ""), each.verdict)
    outcomes = {(each.feature, each.title): each.verdict for each in before.scenarios}
    for outcome in after.scenarios:
        was = outcomes.get((outcome.feature, outcome.title), "")
        yield from _one(f'"{outcome.title}"', was, outcome.verdict)
    names = {(each.feature, each.title) for each in after.scenarios}
    if not after.partial and not before.partial:
        for feature, title in sorted(outcomes.keys() - names):
            yield f'"{title}" of {feature} is no longer judged'
        for feature, title in sorted(names - outcomes.keys()):
            yield f'"{title}" of {feature} is new'


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


def _slower(before: Record, after: Record) -> Iterator[str]:
    answered = {each.name: each.first_seconds for each in before.findings.models}
    for model in after.findings.models:
        yield from _one_slower(
            f"the answer of {model.name}", answered.get(model.name), model.first_seconds
        )
    drills = {str(each): each.seconds for each in before.findings.failovers}
    for drill in after.findings.failovers:
        yield from _one_slower(f"the answer of {drill}", drills.get(str(drill)), drill.seconds)
    if not before.partial and not after.partial:
        yield from _one_slower("the run", before.seconds, after.seconds)


def _one_slower(what: str, before: float | None, after: float | None) -> Iterator[str]:
    if before is None or after is None:
        return
    if after > before * _SLOWER_TIMES and after > before + _SLOWER_SECONDS:
        yield f"{what} took {before:.1f} s, takes {after:.1f} s"
