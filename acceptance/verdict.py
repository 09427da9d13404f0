"""The verdict classes, how they add up, and the exit code that they give."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from acceptance.errors import Blocked, Inconclusive, NotProven


class Verdict(StrEnum):
    """What is known of a scenario, a task or a criterion after a run; worst last.

    What the story does not require comes first: beside anything else it decides nothing, and alone
    it proves nothing.
    """

    NOT_REQUIRED = "not proven (not required)"
    PASSED = "passed"
    WAIVED = "waived"
    NOT_PROVEN = "not proven"
    INCONCLUSIVE = "inconclusive"
    BLOCKED = "blocked"
    FAILED = "failed"

    @property
    def accepted(self) -> bool:
        """Whether a sign-off may rest on it."""
        return self in (Verdict.PASSED, Verdict.WAIVED)


@dataclass(frozen=True, kw_only=True, slots=True)
class VerdictStyle:
    """A sign and a colour; the colours are those that pytest and rich both know."""

    glyph: str
    colour: str


VERDICT_STYLES = {
    Verdict.NOT_REQUIRED: VerdictStyle(glyph="?", colour="cyan"),
    Verdict.PASSED: VerdictStyle(glyph="✓", colour="green"),
    Verdict.WAIVED: VerdictStyle(glyph="~", colour="green"),
    Verdict.NOT_PROVEN: VerdictStyle(glyph="?", colour="cyan"),
    Verdict.INCONCLUSIVE: VerdictStyle(glyph="!", colour="yellow"),
    Verdict.BLOCKED: VerdictStyle(glyph="-", colour="blue"),
    Verdict.FAILED: VerdictStyle(glyph="✗", colour="red"),
}
"""How each looks, in a scenario's line and in the table alike."""


class ExitCode(IntEnum):
    """Exit codes of a run; 2 to 5 are pytest's own."""

    ACCEPTED = 0
    NOT_ACCEPTED = 1
    INCOMPLETE = 98
    UNFIT = 99


_STATE = re.compile(
    r"waived until [\d-]+ |blocked by [\w.]{1,9}: |setup problem: "
    r"|(?:inconclusive|not proven(?: \(not required\))?): (?:the run ended before this scenario$)?"
)
_SEVERITY = {verdict: rank for rank, verdict in enumerate(Verdict)}


def verdict_of(error: BaseException | None) -> Verdict:
    """Verdict for a scenario that ended with this exception, or with none."""
    match error:
        case None:
            return Verdict.PASSED
        case Blocked():
            return Verdict.BLOCKED
        case Inconclusive():
            return Verdict.INCONCLUSIVE
        case NotProven(required=False):
            return Verdict.NOT_REQUIRED
        case NotProven():
            return Verdict.NOT_PROVEN
        case _:
            return Verdict.FAILED


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict that speaks for all; `NOT_PROVEN` when there are none."""
    return max(verdicts, key=_SEVERITY.__getitem__, default=Verdict.NOT_PROVEN)


def exit_code(verdicts: Iterable[Verdict]) -> ExitCode:
    """Exit code for the verdicts of all that is required."""
    verdict = worst(verdicts)
    if verdict.accepted:
        return ExitCode.ACCEPTED
    return ExitCode.NOT_ACCEPTED if verdict is Verdict.FAILED else ExitCode.INCOMPLETE


def state_of(message: str) -> str:
    """The verdict class with which a message begins, in the suite's own words; may be empty.

    Reports are sorted by these words, so they stay whatever is masked behind them.
    """
    found = _STATE.match(message)
    return found[0] if found else ""
