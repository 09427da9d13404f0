"""Runs the suite against a lab that is up, from Python, and tells how each scenario ended."""

import functools
import sys
from collections.abc import Collection, Generator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from pytest_bdd.feature import get_features

import steps
from acceptance.contract.feature_files import title_of
from acceptance.contract.reading import read_contract
from acceptance.contract.values import Contract
from acceptance.errors import Blocked, SetupError
from acceptance.plugin.contract import CONTRACT, run_of
from acceptance.plugin.gherkin import DISRUPTIVE, IN_A_BROWSER, case_of
from acceptance.plugin.redaction import redactor
from acceptance.plugin.verdicts import verdict_for, wording
from acceptance.target import Target
from acceptance.verdict import Verdict
from fixtures.target import GIVEN

_PROJECT = Path(__file__).parents[2]
steps.load()
STORY = replace(read_contract(_PROJECT / "features"), ordinary_user=True)
"""What every fault is judged by: the story, and that ordinary users are served as well."""
_WITHOUT = ("terminal", "cacheprovider", "acceptance.plugin.terminal", "acceptance.plugin.reports")
"""Plugins that write what people read: here a matrix is written instead."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ending:
    """How a scenario ended."""

    verdict: Verdict
    message: str = ""
    blocked_by: str = ""
    """The criterion that blocks it."""
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Judgement:
    """What one run of the suite said."""

    endings: Mapping[str, Ending]
    """By scenario title."""
    remarks: tuple[str, ...] = ()
    unfit: str = ""
    """Why the environment was not fit to judge; empty when it was."""
    exit_code: int = 0


class _Observer:
    """A plugin that hands the target in and takes the endings out."""

    def __init__(self, target: Target, contract: Contract, wanted: Collection[str]) -> None:
        self._target = target
        self._contract = contract
        self._wanted = wanted
        self.endings: dict[str, Ending] = {}
        self.remarks: tuple[str, ...] = ()
        self.unfit = ""

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        config.stash[GIVEN] = self._target
        config.stash[CONTRACT] = self._contract

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Keep what the contract requires and disturbs nothing, and what is wanted by name."""
        cases = {item: case for item in items if (case := case_of(item))}
        items[:] = [
            item
            for item, case in cases.items()
            if case.title in self._wanted or runs_unnamed(case.tags, self._contract)
        ]

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Enter the ending; of several phases the worst stands, and the time of all."""
        report = yield
        case, error = case_of(item), call.excinfo.value if call.excinfo else None
        if case is None:
            return report
        if isinstance(error, SetupError):
            self.unfit = str(error)
        known = self.endings.get(case.title, Ending(verdict=Verdict.PASSED))
        self.endings[case.title] = Ending(
            verdict=verdict_for(error) if error else known.verdict,
            message=wording(error, self._contract) if error else known.message,
            blocked_by=self._blocker(error) if error else known.blocked_by,
            seconds=known.seconds + call.duration,
        )
        return report

    def _blocker(self, error: BaseException) -> str:
        if not isinstance(error, Blocked):
            return ""
        return self._contract.proven_by.get(error.subject, str(error.subject))

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Take what the run remarked."""
        self.remarks = run_of(session.config).masked(redactor(session.config)).notes


def runs_unnamed(tags: Collection[str], contract: Contract) -> bool:
    """Whether a scenario is judged whether a fault names it or not."""
    return DISRUPTIVE not in tags and contract.requires(tags)


def judge(
    target: Target, contract: Contract, wanted: Collection[str] = (), *, hands: str = "api"
) -> Judgement:
    """What the contract requires and disturbs nothing, and what is named, judged on the target.

    Args:
        target: what is up.
        contract: what is asked of it.
        wanted: titles of scenarios that are judged although they disturb it, or go beyond what is
            required.
        hands: who plays the user, as the setting of this name.
    """
    observer = _Observer(target, contract, wanted)
    sys.modules.pop("steps.test_story", None)  # it binds the features of the contract before
    code = pytest.main(_arguments(hands), plugins=[observer])
    return Judgement(
        endings=observer.endings,
        remarks=observer.remarks,
        unfit=observer.unfit,
        exit_code=int(code),
    )


@functools.cache
def titles(hands: str = "api") -> tuple[str, ...]:
    """The titles of all scenarios, played by the API or, with `both`, by a browser too."""
    added: tuple[tuple[str, ...], ...] = ((), (IN_A_BROWSER,)) if hands == "both" else ((),)
    return tuple(
        title_of(template, row, *more)
        for feature in get_features([str(_PROJECT / "features")])
        for template in feature.scenarios.values()
        for row in [row for table in template.examples for row in table.as_contexts()] or [{}]
        for more in added
    )


@functools.cache
def beyond() -> frozenset[str]:
    """The titles of the scenarios that no sign-off needs."""
    return frozenset(
        title_of(template, row)
        for feature in get_features([str(_PROJECT / "features")])
        for template in feature.scenarios.values()
        if not STORY.requires(
            {*feature.tags, *template.tags, *(template.rule.tags if template.rule else ())}
        )
        for row in [row for table in template.examples for row in table.as_contexts()] or [{}]
    )


def _arguments(hands: str) -> list[str]:
    blocked = [part for name in _WITHOUT for part in ("-p", f"no:{name}")]
    how = ["--rootdir", str(_PROJECT), "--assert=plain", f"--hands={hands}"]
    return [str(_PROJECT / "steps"), *how, *blocked]
