"""Whether a fault was killed: the right scenarios red for the right reason, and only those."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from acceptance.verdict import Verdict
from dev.kill_matrix.fault import FEW, Expectation, Fault
from dev.kill_matrix.judge import Ending, Judgement


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One line of the matrix."""

    identity: str
    title: str
    layer: str
    healthy: bool
    endings: Mapping[str, Ending]
    misses: tuple[str, ...]
    """What was not as expected; a fault is killed when there is none."""
    naive: Mapping[str, bool] = field(default_factory=dict)
    """Whether each naive check was green."""
    seconds: float = 0.0
    accident: str = ""
    """What happened to the lab itself, so that the fault was tried once more."""
    skipped: str = ""
    """Why it was not tried on this machine; empty when it was."""
    many: str = ""
    """Why more than `FEW` scenarios are red."""

    @property
    def red(self) -> int:
        """How many scenarios are red: one fault, one red line, unless there is a reason."""
        return sum(ending.verdict is Verdict.FAILED for ending in self.endings.values())

    @property
    def crowded(self) -> str:
        """That too many scenarios are red for no reason; empty where they are not."""
        if self.red <= FEW or self.many:
            return ""
        return (
            f"{self.red} scenarios are red, and the file has no reason for more than {FEW} (many)"
        )

    @property
    def right(self) -> bool:
        """Killed, or for a healthy variation: accepted; what was not tried is not wrong."""
        return not self.misses

    @property
    def word(self) -> str:
        """What became of it, in one word."""
        if not self.right:
            return "MISSED"
        if self.skipped:
            return "skipped"
        return "accepted" if self.healthy else "killed"

    @property
    def noticed(self) -> tuple[str, ...]:
        """Titles of the scenarios that are not green."""
        return tuple(title for title, ending in self.endings.items() if not ending.verdict.accepted)


def misses(fault: Fault, judgement: Judgement) -> tuple[str, ...]:
    """What of a run is not as the fault's file says."""
    if fault.unfit:
        told = judgement.unfit or "judged"
        return () if fault.unfit in told else (f"expected unfit ({fault.unfit}), found: {told}",)
    if judgement.unfit:
        return (f"nothing was judged: {judgement.unfit}",)
    return (
        *_unlike(fault.expected, judgement.endings),
        *_collateral(fault, judgement.endings),
        *_unsaid(fault.remarks, judgement.remarks),
    )


def _unlike(expected: Mapping[str, Expectation], endings: Mapping[str, Ending]) -> Iterator[str]:
    for title, expectation in expected.items():
        ending = endings.get(title)
        if ending is None:
            yield f"{title}: did not run"
        elif ending.verdict not in expectation.verdicts:
            wanted = " or ".join(sorted(expectation.verdicts))
            yield f"{title}: expected {wanted}, found {ending.verdict}: {ending.message}"
        elif ending.verdict is not Verdict.PASSED and expectation.says not in ending.message:
            yield f"{title}: does not say {expectation.says!r}: {ending.message}"


def _collateral(fault: Fault, endings: Mapping[str, Ending]) -> Iterator[str]:
    for title, ending in endings.items():
        if title not in fault.expected and not _allowed(fault, ending):
            yield f"{title}: {ending.verdict}, which was not expected: {ending.message}"


def _unsaid(phrases: tuple[str, ...], remarks: tuple[str, ...]) -> Iterator[str]:
    for phrase in phrases:
        if not any(phrase in remark for remark in remarks):
            yield f"no remark says {phrase!r}: {'; '.join(remarks) or 'none'}"


def _allowed(fault: Fault, ending: Ending) -> bool:
    if ending.verdict is Verdict.BLOCKED:
        blockers = [name for name in fault.blocked_by.split(" or ") if name]
        return ending.blocked_by in blockers
    return ending.verdict is Verdict.PASSED
