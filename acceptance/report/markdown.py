"""The record for people: a summary of the run, and the tables of the application's README."""

from collections.abc import Iterable, Sequence

from acceptance.report.record import Compared, Record
from acceptance.shown import code, comment, markdown


def summary(record: Record) -> str:
    """Markdown for a pull request or a job's summary."""
    compared = [
        tuple(map(markdown, (each.criterion, each.declared, each.effective, each.observed)))
        for each in record.compared
    ]
    rows = [
        (
            markdown(each.name),
            markdown(each.text),
            markdown(each.verdict),
            f"{each.accepted}/{each.total}",
            "<br>".join(map(markdown, each.reasons)),
        )
        for each in record.requirements
    ]
    parts = [
        f"## {markdown(record.statement)}",
        f"**Partial:** {markdown(record.partial)}." if record.partial else "",
        _bullets("What changed since the last run", record.changes),
        _table(("", markdown(record.contract), "verdict", "passed", "why"), rows),
        _table(("", "declared", "effective", "observed"), compared) if compared else "",
        _bullets("Remarks", record.notes),
        _bullets("Waived", record.waivers),
        markdown(f"{_versions(record)}. Started {record.started}, took {record.seconds:.0f} s."),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def review(
    before: Record | None,
    after: Record | None,
    changed: Sequence[str],
    *,
    before_is: str,
    after_is: str,
) -> str:
    """Markdown for those who review a change: what it was, and what it is.

    Args:
        before: the record of what was there; None where it could not be judged.
        after: the record of the change.
        changed: what is different between them.
        before_is: why there is no record of it.
        after_is: likewise.
    """
    unjudged, *why = after_is.splitlines() or [""]
    unknown, *why_unknown = before_is.splitlines() or [""]
    statement = after.statement if after else f"NOT JUDGED: {unjudged}"
    sides = [("before", before, before_is), ("after", after, after_is)]
    rows = [
        (side, markdown(each.criterion), *map(markdown, _found(each)))
        for side, record, _ in sides
        for each in (record.compared if record else ())
    ]
    verdicts = {each.name: each for each in (after.requirements if after else ())}
    known = {each.name: each.verdict for each in (before.requirements if before else ())}
    judged = [
        (
            markdown(name),
            markdown(each.text),
            markdown(known.get(name, "not judged")),
            markdown(each.verdict),
            "<br>".join(map(markdown, each.reasons)),
        )
        for name, each in verdicts.items()
    ]
    parts = [
        f"## {markdown(statement)}",
        "" if after else _bullets("Why", why),
        ""
        if before
        else f"What was there before could not be judged: {markdown(unknown.rstrip('.'))}.",
        "" if before else _bullets("Why that", why_unknown),
        _bullets("What this changes", changed)
        or ("Nothing that is judged changes." if before and after else ""),
        _table(("", "", "declared", "effective", "observed"), rows) if rows else "",
        _table(("", markdown(after.contract), "before", "after", "why"), judged) if after else "",
        _bullets("Remarks", after.notes) if after else "",
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def _found(compared: Compared) -> tuple[str, str, str]:
    return compared.declared, compared.effective, compared.observed


def models(record: Record) -> str:
    """Markdown for the application's README: the models and the chain as they were found."""
    found = record.findings
    rows = [
        (
            code(model.name),
            code(model.upstream),
            _role(model.name, found.chain),
            markdown(model.host),
            "" if model.first_seconds is None else f"{model.first_seconds:.1f} s",
        )
        for model in found.models
    ]
    chain = " -> ".join(map(code, found.chain))
    drills = [
        (
            markdown(each.asked),
            markdown(" and ".join(each.away)),
            markdown(each.answered or "an error"),
            f"{each.seconds:.1f} s",
        )
        for each in found.failovers
    ]
    parts = [
        comment(f"as found on {record.target}, {record.started} ({_versions(record)})"),
        "## Available models",
        _table(("model", "behind it", "fallback", "answered from", "first word after"), rows)
        if rows
        else "No model was found.",
        "## Fallback behaviour",
        f"A request is answered by the first model of this chain that is there: {chain}."
        if len(found.chain) > 1
        else "No fallback chain was found.",
        _table(("asked", "while", "answered by", "after"), drills) if drills else "",
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def _role(name: str, chain: Sequence[str]) -> str:
    return f"{chain.index(name) + 1}. of the chain" if name in chain else "none: only when chosen"


def _table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _bullets(title: str, lines: Sequence[str]) -> str:
    return (
        "\n".join([f"**{title}**", "", *(f"- {markdown(each)}" for each in lines)]) if lines else ""
    )


def _versions(record: Record) -> str:
    suite = record.suite
    commit = f"suite {suite.version}" + (f", commit {suite.commit[:12]}" if suite.commit else "")
    changed = ", with uncommitted changes" if suite.clean is False else ""
    programs = [f"{name} {version}" for name, version in record.versions.items()]
    return ", ".join([*programs, f"{commit}{changed}"])
