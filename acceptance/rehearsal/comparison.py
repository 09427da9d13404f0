"""What an upgrade changed, in the contract's words; and the report that says so."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from acceptance.errors import SetupError
from acceptance.rehearsal.life import Kind, Seen
from acceptance.rehearsal.stage import Stage
from acceptance.report.changes import changes
from acceptance.report.record import Record
from acceptance.verdict import Verdict

_ACCEPTED = {str(each) for each in Verdict if each.accepted}
_MISSED = {
    Kind.SIGN_IN: "{whose} no longer signs in as before: {value}",
    Kind.OFFER: "in the selector of {whose} the model {what} is another: {value}",
    Kind.ANSWER: "{what} no longer answers {whose}: {value}",
    Kind.CONVERSATION: "{what} of {whose} no longer opens as it was: {value}",
    Kind.GROUP: "the group {what} is another: {value}",
    Kind.CONNECTION: "{what} is another: {value}",
}
"""What is told where somebody would miss it; settings are told, and not judged."""
_GONE = {
    Kind.OFFER: "the model {what} vanished from the selector of {whose}",
    Kind.ANSWER: "{what} is no longer offered to {whose}, whom it answered",
    Kind.CONVERSATION: "{what} of {whose} is gone",
    Kind.GROUP: "the group {what} is gone",
    Kind.CONNECTION: "{what} is gone: it was {was}",
}
_TOLD = re.compile(r"the (version|image|lock) of |.* was (passed|waived), is ")
"""Changes of the records that are told elsewhere: the versions, and what was green."""
_SETTINGS = 12
"""That are told one by one."""


Look = tuple[Kind, str, str]
"""What was looked at: its kind, whose it is, and its name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """Two stages, held against each other."""

    worse: tuple[str, ...]
    """What was green, or there, and is not."""
    changed: tuple[str, ...]
    """What is different besides."""
    missed: Mapping[Look, str] = field(default_factory=dict)
    """What is worse for somebody, by what was looked at."""


def compare(before: Stage, after: Stage, declared: Iterable[str] = ()) -> Comparison:
    """What changed from one stage to the next.

    Args:
        before: the versions that are deployed.
        after: the versions that are to be.
        declared: names of the variables that the manifests give to Open WebUI.
    """
    missed = dict(_lost(before.seen, after.seen)) if after.seen else {}
    worse = [
        *(f"it does not serve: {each}" for each in after.problems if each not in before.problems),
        *turned(before.record, after),
        *missed.values(),
        *(f"a migration failed: {each}" for each in after.trouble if each not in before.trouble),
    ]
    known = changes(before.record, after.record) if before.record and after.record else ()
    told = [
        *(each for each in known if not _TOLD.match(each)),
        *_settings(before.seen, after.seen, declared),
    ]
    return Comparison(
        worse=tuple(dict.fromkeys(worse)), changed=tuple(dict.fromkeys(told)), missed=missed
    )


def turned(before: Record | None, after: Stage) -> tuple[str, ...]:
    """Rows and scenarios of the contract that were green and are not."""
    return tuple(_turned(before, after.record)) if before else ()


def _turned(before: Record, after: Record | None) -> Iterator[str]:
    if after is None:
        if any(each.verdict in _ACCEPTED for each in before.scenarios):
            yield "it could not be judged by the contract any more"
        return
    rows = {each.name: each.verdict for each in after.requirements}
    for row in before.requirements:
        if row.verdict in _ACCEPTED and rows.get(row.name) not in _ACCEPTED:
            yield f"{row.name}: was {row.verdict}, is {rows.get(row.name, 'not judged')}"
    now = {(each.feature, each.title): each for each in after.scenarios}
    for each in before.scenarios:
        found = now.get((each.feature, each.title))
        if each.verdict in _ACCEPTED and (found is None or found.verdict not in _ACCEPTED):
            is_now = f"{found.verdict}: {found.reason}" if found else "not judged"
            yield f'"{each.title}": was {each.verdict}, is {is_now}'


def _lost(before: Sequence[Seen], after: Sequence[Seen]) -> Iterator[tuple[Look, str]]:
    """What people had, and have no more; of somebody who cannot sign in only that is told."""
    now = {(each.kind, each.whose, each.what): each for each in after}
    failed = {(each.kind, each.whose): each for each in after if not each.what}
    for each in before:
        look = (each.kind, each.whose, each.what)
        if not each.well or each.kind not in _MISSED:
            continue
        if locked_out := failed.get((Kind.SIGN_IN, each.whose)):
            yield look, _told(_MISSED[Kind.SIGN_IN], each, locked_out.value)
        elif blind := failed.get((each.kind, each.whose)):
            yield look, f"{each.whose} is not shown any {each.kind}: {blind.value}"
        elif (found := now.get(look)) is None:
            yield look, _told(_GONE[each.kind], each)
        elif not found.well:
            yield look, _told(_MISSED[each.kind], each, found.value)
        elif found.value != each.value:
            yield look, _told(_MISSED[each.kind], each, f"was {each.value}, is {found.value}")


def _told(sentence: str, missed: Seen, value: str = "") -> str:
    return sentence.format(whose=missed.whose, what=missed.what, was=missed.value, value=value)


def _settings(
    before: Sequence[Seen], after: Sequence[Seen], declared: Iterable[str]
) -> Iterator[str]:
    was = {each.what: each.value for each in before if each.kind is Kind.SETTING and each.well}
    now = {each.what: each.value for each in after if each.kind is Kind.SETTING and each.well}
    if not was or not now:
        return
    new = [name for name in now if name not in was]
    held = {variable: _setting_of(variable, now) for variable in declared}
    held = {variable: name for variable, name in held.items() if name in new}
    for variable, name in held.items():
        yield (
            f"the database now overrides {variable} ({name}): a change of it in the manifests "
            "has no effect any more"
        )
    different = [
        f"setting {name}: was {was[name]}, is {now[name]}"
        for name in was
        if name in now and was[name] != now[name]
    ]
    gone = [f"setting {name}: was {was[name]}, is gone" for name in was if name not in now]
    yield from [*different, *gone][:_SETTINGS]
    if (more := len(different) + len(gone) - _SETTINGS) > 0:
        yield f"{more} more settings are different"
    if len(new) > len(held):
        yield f"{len(new) - len(held)} settings stand in the database that did not before"


def _setting_of(variable: str, settings: Iterable[str]) -> str:
    """The setting that a variable gives: of `OPENAI_API_BASE_URL` it is `openai.api_base_urls`.

    The shortest, since others end alike (`audio.stt.openai.api_base_url`); empty where none is.
    """
    found = (name for name in settings if variable.removesuffix("S") in _spelt(name))
    return min(found, key=len, default="") if "_" in variable else ""


def _spelt(setting: str) -> set[str]:
    path = setting.upper().removesuffix("S").split(".")
    spelt = {"_".join(path[begin:]) for begin in range(len(path))}
    if path[-1] == "ENABLE":  # `ollama.enable` is ENABLE_OLLAMA_API
        name = f"ENABLE_{'_'.join(path[:-1])}"
        spelt |= {name, f"{name}_API"}
    return spelt


def report(
    before: Stage, after: Stage, found: Comparison, *, left_out: Sequence[str], back: Stage | None
) -> str:
    """The rehearsal for people, in Markdown."""
    unwell = [
        f"{each.kind} {each.what} of {each.whose}: {each.value}"
        for each in before.seen
        if not each.well
    ]
    verdict = (
        f"**WORSE: {len(found.worse)} things that were green, or there, are not.**"
        if found.worse
        else "**Nothing that was green is worse.**"
    )
    return "\n".join(
        [
            f"# Rehearsal: {before} → {after}",
            "",
            verdict,
            "",
            "| | before | after |",
            "|---|---|---|",
            *(f"| {' | '.join(map(_cell, row))} |" for row in _rows(before, after)),
            "",
            *_listed("What was green, or there, and is not", found.worse),
            *_listed("What else changed", found.changed),
            *_listed("What was not well before, and is not compared", [*left_out, *unwell]),
            *(_stepped_back(before, back) if back else ()),
            "The two records and their pages: `before/`, `after/`.",
            "",
        ]
    )


def _rows(before: Stage, after: Stage) -> Iterator[tuple[str, str, str]]:
    for title in after.versions:
        yield title, before.versions.get(title, "-"), after.versions[title]
    yield "judged", _judged(before), _judged(after)
    for title in after.seconds:
        yield f"{title} serves after", _seconds(before, title), _seconds(after, title)
    for kind in Kind:
        yield f"{kind}s that were looked at", _looked(before, kind), _looked(after, kind)
    yield "migrations that ran", str(before.migrations), str(after.migrations)


def _looked(stage: Stage, kind: Kind) -> str:
    seen = [each.well for each in stage.seen if each.kind is kind]
    return f"{sum(seen)} well" + (f", {len(seen) - sum(seen)} not" if not all(seen) else "")


def _judged(stage: Stage) -> str:
    return stage.record.statement if stage.record else "not judged"


def _seconds(stage: Stage, title: str) -> str:
    return f"{stage.seconds[title]:.0f} s" if title in stage.seconds else "-"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _listed(title: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield from (f"## {title}", "", *_items(lines), "")


def _items(lines: Iterable[str]) -> Iterator[str]:
    return (f"- {_item(line)}" for line in lines)


def _item(text: str) -> str:
    """A message as an item of a list: its first line, the others below it as they are."""
    first, *others = text.splitlines() or [""]
    block = ["", "  ```text", *(f"  {line}" for line in others), "  ```"] if others else []
    return "\n".join([first, *block])


def _stepped_back(before: Stage, back: Stage) -> Iterator[str]:
    found = compare(before, back)
    yield from ("## A step back", "")
    yield f"{back} on the migrated volumes, told and not judged: {_judged(back)}"
    yield ""
    lines = found.worse or ("nothing that was there before is missed",)
    yield from (*_items(lines), "")


def alike(found: Iterable[str], told: Iterable[str]) -> tuple[str, ...]:
    """What of one comparison is told of another, too, whatever its last words are."""
    wanted = {line.partition(": ")[0] for line in told}
    return tuple(line for line in found if line.partition(": ")[0] in wanted)


def is_worse_alike(found: Comparison, told: Comparison, *, serves: bool) -> bool:
    """Whether a release is worse in the way that is looked for.

    Args:
        found: what is worse at this release.
        told: what is looked for.
        serves: whether it does.

    Raises:
        SetupError: it cannot tell: what is looked for is hidden by something else that is worse.
    """
    if alike(found.worse, told.worse):
        return True
    if not serves:
        raise SetupError("It does not serve, so it does not show what is looked for.")
    if hidden := [found.missed[look] for look in told.missed if look in found.missed]:
        raise SetupError(f"It does not show what is looked for: {hidden[0]}.")
    return False


def bisection(
    title: str,
    green: str,
    red: str,
    told: Sequence[str],
    seen: Mapping[str, Sequence[str]],
    unclear: Mapping[str, str],
) -> str:
    """What a bisection found, in Markdown.

    Args:
        title: of the program whose releases were looked at.
        green: the last release that is not worse.
        red: the first that is.
        told: what is worse at the newer version, which is what was looked for.
        seen: what is worse at each release that was started, the newer version among them.
        unclear: why others cannot tell.
    """
    found = (
        f"{title} {green} is green, {red} is red; {len(seen) - 1} releases between were started."
    )
    others = {
        version: [line for line in worse if line not in alike(worse, told)]
        for version, worse in seen.items()
    }
    lines = [
        *("## The first release that is red", "", found, ""),
        *(*_items(alike(seen[red], told)), ""),
        *_listed(
            "Releases that cannot tell",
            [f"{version}: {why.splitlines()[0]}" for version, why in unclear.items()],
        ),
        *_listed(
            "Worse in another way, which was not looked for",
            [f"{version}: {line}" for version, worse in others.items() for line in worse],
        ),
    ]
    return "\n".join(["", *lines])
