"""The results added up: a row for each criterion, requirement and task, and the closing line."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from acceptance.contract.values import Contract, Requirement
from acceptance.plugin.judged import Judged
from acceptance.plugin.ledger import Ledger, Result
from acceptance.verdict import ExitCode, Verdict, exit_code, worst

_MEANING = {
    "live": "this deployment satisfies the story",
    "url": "what two addresses can show satisfies the story",
}
_OF_THE_LAB = (
    "these manifests and these versions satisfy the story; only `live` says it of a deployment"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """What is known of one criterion, requirement or task."""

    name: str
    text: str
    verdict: Verdict | None
    """None when no selected scenario is about it."""
    accepted: int
    total: int
    """Of its scenarios those that are required; all of them where none is."""
    reasons: tuple[str, ...]
    """What is not green; and once, at the first row, what was not tried and is not required."""


def rows(results: Sequence[Result], contract: Contract) -> list[Row]:
    """A row for everything in the contract, in its order."""
    told: set[str] = set()
    return [
        _row(each, [result for result in results if each.tag in result.case.tags], told)
        for each in contract.rows
    ]


def _row(about: Requirement, results: list[Result], told: set[str]) -> Row:
    required = [each for each in results if each.verdict is not Verdict.NOT_REQUIRED]
    more = Counter(each.reason for each in results if each.verdict is Verdict.NOT_REQUIRED)
    reasons = Counter(each.reason for each in required if each.reason)
    new = {reason: count for reason, count in more.items() if reason not in told}
    told.update(new)
    return Row(
        name=about.name,
        text=about.text,
        verdict=worst(each.verdict for each in results) if results else None,
        accepted=sum(each.verdict.accepted for each in required),
        total=len(required or results),
        reasons=(
            *(f"{reason}{_times(count)}" for reason, count in reasons.items()),
            *(f"{count} more, {_bare(reason)}" for reason, count in new.items()),
        ),
    )


def _bare(reason: str) -> str:
    """`not required: ...`, of a reason that begins with its verdict class."""
    return f"not required: {reason.removeprefix(f'{Verdict.NOT_REQUIRED}: ')}"


def _times(count: int) -> str:
    return f" ({count} scenarios)" if count > 1 else ""


def closing(book: Ledger, judged: Judged | None, contract: Contract) -> str:
    """What the run says of the story, in one line that names its target."""
    where = judged.target if judged else "a target that was not reached"
    results = book.results()
    all_rows = rows(results, contract)
    missing = sum(row.verdict is None for row in all_rows)
    rows_left = f"{missing} of {len(all_rows)} rows of the story were not run"
    left_out = rows_left if missing else f"{book.deselected} scenarios were left out"
    note = f" (a partial run: {left_out})" if missing or book.deselected else ""
    others = Counter(each.verdict for each in results if each.verdict is not Verdict.PASSED)
    counts = ", ".join(f"{count} {verdict}" for verdict, count in others.items())
    of_all = f"of {len(results)} scenarios: {counts or 'all passed'}"
    if book.unused:
        of_all += f"; {len(book.unused)} unused waivers"
    waived = f"; {others[Verdict.WAIVED]} scenarios waived" if Verdict.WAIVED in others else ""
    if book.unfit:
        return f"NOT JUDGED on {where}: the environment was not fit to judge{note}"
    match exit_code(book.verdicts()):
        case ExitCode.ACCEPTED if note or book.cut_short:
            what = of_all if counts else f"all {len(results)} selected passed"
            how = note or f" (a partial run: {book.cut_short})"
            return f"PARTIAL RUN on {where}: {what}{how}"
        case ExitCode.ACCEPTED:
            versions = ", ".join(f"{name} {version}" for name, version in _versions(judged))
            meaning = _MEANING.get(where, _OF_THE_LAB)
            return f"ACCEPTED on {where}: {meaning}{f' ({versions})' if versions else ''}{waived}"
        case ExitCode.NOT_ACCEPTED:
            return f"NOT ACCEPTED on {where}: {of_all}{note}"
        case _:
            return f"INCOMPLETE on {where}: {of_all}{note}"


def _versions(judged: Judged | None) -> list[tuple[str, str]]:
    return list(judged.versions.items()) if judged else []
