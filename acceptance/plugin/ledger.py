"""The run's book: what was selected, and how each scenario ended."""

from dataclasses import dataclass

import pytest

from acceptance.plugin.gherkin import Case
from acceptance.report.record import UNREACHED
from acceptance.verdict import Verdict, worst


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """How a scenario ended."""

    case: Case
    verdict: Verdict
    reason: str
    """One line; empty when passed."""


class Ledger:
    """Selected scenarios and their results, by node id."""

    def __init__(self) -> None:
        self.selected: dict[str, Case] = {}
        self.judged: dict[str, Result] = {}
        self.unfit: dict[str, str] = {}
        """Messages of the scenarios that found the environment not fit to judge."""
        self.unused: tuple[str, ...] = ()
        """What is told of waivers that accept nothing any more."""
        self.deselected = 0
        self.cut_short = ""
        """How the run ended before its end; empty when it did not."""
        self.closed = False
        """Whether the last scenario has ended."""

    def record(self, nodeid: str, verdict: Verdict, reason: str = "") -> None:
        """Enter a phase of a scenario; of set-up, call and tear-down the worst one counts."""
        known = self.judged.get(nodeid)
        if known is None or worst((known.verdict, verdict)) is not known.verdict:
            case = self.selected[nodeid]
            self.judged[nodeid] = Result(case=case, verdict=verdict, reason=reason)

    def results(self) -> list[Result]:
        """A result for each selected scenario; `UNREACHED` for those without one."""
        return [
            self.judged.get(nodeid)
            or Result(case=case, verdict=Verdict.NOT_PROVEN, reason=UNREACHED)
            for nodeid, case in self.selected.items()
        ]

    def verdicts(self) -> list[Verdict]:
        """What the run's verdict is made of.

        A unused waiver says that something is wrong or unproven, and was seen not to be true.
        """
        return [*(each.verdict for each in self.results()), *[Verdict.FAILED] * len(self.unused)]


_LEDGER = pytest.StashKey[Ledger]()


def ledger(config: pytest.Config) -> Ledger:
    """The run's only book."""
    return config.stash.setdefault(_LEDGER, Ledger())
