"""Scenarios in Allure: Gherkin steps with their status, labels, tables and the full text.

allure-pytest shows Python; this hands it the feature's words, through the hooks that
`allure.step` itself uses (checked with allure-pytest 2.16.2 and pytest-bdd 9.0.1).
"""

import csv
import io
import os
import sys
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import allure_commons
import pytest
from allure_commons.model2 import Label, Link, Parameter, StatusDetails
from allure_commons.types import AttachmentType, LabelType, LinkType, Severity
from allure_pytest.utils import format_allure_link
from pytest_bdd.parser import Scenario, Step

from acceptance.contract.values import Contract
from acceptance.errors import Unproven
from acceptance.plugin.contract import contract_of, run_of
from acceptance.plugin.gherkin import EXAMPLE, Case, case_of
from acceptance.plugin.verdicts import wording

_REPLACED = {LabelType.PARENT_SUITE, LabelType.SUITE, LabelType.SUB_SUITE, LabelType.TAG}
"""Labels that allure-pytest derives from Python modules and markers."""


@dataclass(kw_only=True, slots=True)
class _Progress:
    """How far a scenario has come."""

    left: list[Step]
    """Steps not yet begun."""
    running: str | None = None
    """The open step's id in Allure."""


_PROGRESS = pytest.StashKey[_Progress]()


def pytest_bdd_before_scenario(request: pytest.FixtureRequest, scenario: Scenario) -> None:
    """Note the steps, to know which were never reached."""
    _stash(request)[_PROGRESS] = _Progress(left=list(scenario.steps))


def pytest_bdd_before_step(request: pytest.FixtureRequest, step: Step) -> None:
    """Open the step, with its table and text attached."""
    progress = _stash(request)[_PROGRESS]
    progress.left.pop(0)
    progress.running = _start(step)
    if step.datatable is not None:
        table = io.StringIO()
        csv.writer(table).writerows(step.datatable.raw())
        _attach(table.getvalue(), "table", AttachmentType.CSV)
    if step.docstring is not None:
        _attach(step.docstring, "text", AttachmentType.TEXT)


def pytest_bdd_after_step(request: pytest.FixtureRequest) -> None:
    """Close it as passed."""
    progress = _stash(request)[_PROGRESS]
    _stop(progress.running)
    progress.running = None


def pytest_bdd_after_scenario(request: pytest.FixtureRequest) -> None:
    """Close the step that stopped the scenario, and show those never reached as skipped.

    pytest-bdd's own hook for a failed step is not told of skips and of Ctrl-C; the exception
    on its way out is here in every case.
    """
    progress, error = _stash(request)[_PROGRESS], sys.exc_info()[1]
    if error and not progress.running:  # no step function has this sentence
        progress.running = _start(progress.left.pop(0))
    if progress.running:
        if isinstance(error, Unproven):
            error = pytest.skip.Exception(wording(error, contract_of(request.config)))
        _stop(progress.running, error)
    for step in progress.left:
        _stop(_start(step), pytest.skip.Exception("not reached"))


def _stash(request: pytest.FixtureRequest) -> pytest.Stash:
    stash: pytest.Stash = request.node.stash
    return stash


def _start(step: Step) -> str:
    uuid, title = str(uuid4()), f"{step.keyword} {step.name}"
    allure_commons.plugin_manager.hook.start_step(uuid=uuid, title=title, params={})
    return uuid


def _stop(uuid: str | None, error: BaseException | None = None) -> None:
    kind = type(error) if error else None
    allure_commons.plugin_manager.hook.stop_step(
        uuid=uuid, exc_type=kind, exc_val=error, exc_tb=None
    )


def _attach(body: str, name: str, kind: AttachmentType) -> None:
    allure_commons.plugin_manager.hook.attach_data(
        body=body, name=name, attachment_type=kind, extension=None
    )


def pytest_configure(config: pytest.Config) -> None:
    """Tell Allure how each scenario ended."""
    config.pluginmanager.register(_Messages(config), "allure-messages")


class _Messages:
    """Gives a result the message for people, by which `categories.json` sorts it."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._told: set[str] = set()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Put the verdict's words where allure-pytest has put Python's, once: the first stays."""
        result = _result(self._config)
        if result is None or result.statusDetails is None or report.nodeid in self._told:
            return
        if report.nodeid in run_of(self._config).selected and not report.passed:
            self._told.add(report.nodeid)
            told = run_of(self._config).messages[report.nodeid]
            trace = None if report.skipped else told.traceback
            result.statusDetails = StatusDetails(message=told.words, trace=trace)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, object, object]:
    """Replace Python's names by the feature's; outermost, after allure-pytest set its own."""
    try:
        return (yield)
    finally:
        case, result = case_of(item), _result(item.config)
        if case is not None and result is not None:
            _describe(result, case, item.config)


def _result(config: pytest.Config) -> Any:  # noqa: ANN401  # allure-pytest publishes no types
    listener = config.pluginmanager.get_plugin("allure_listener")
    return listener.allure_logger.get_test(None) if listener else None


def _describe(result: Any, case: Case, config: pytest.Config) -> None:  # noqa: ANN401
    feature, rule = case.scenario.feature, case.scenario.rule
    story = rule.name if rule else feature.name
    tags, contract = sorted(case.tags), contract_of(config)
    criteria = [row for row in contract.criteria if row.tag in case.tags]
    result.name = case.title
    result.titlePath = [feature.name, story] if rule else [feature.name]
    result.description = _description(case, contract, config.rootpath)
    result.descriptionHtml = None
    result.parameters = [
        *(part for part in result.parameters if part.name != EXAMPLE),
        *(Parameter(name=name, value=value) for name, value in case.values.items()),
    ]
    labels = {
        LabelType.EPIC: contract.title,
        LabelType.FEATURE: feature.name,
        LabelType.STORY: story,
        LabelType.SEVERITY: (Severity.CRITICAL if criteria else Severity.NORMAL).value,
        LabelType.PARENT_SUITE: contract.title,
        LabelType.SUITE: feature.name,
        LabelType.SUB_SUITE: story,
    }
    result.labels = [
        *(label for label in result.labels if label.name not in _REPLACED),
        *(Label(name, value) for name, value in labels.items()),
        *(Label(LabelType.TAG, _called(tag, contract)) for tag in tags),
        *(Label("criterion", f"{row.name}: {row.text}") for row in criteria),
    ]
    result.links.extend(_links(case, contract, config))


def _links(case: Case, contract: Contract, config: pytest.Config) -> list[Link]:
    """With `--allure-link-pattern tms:…`, to each criterion and task where the owner keeps them."""
    if LinkType.TEST_CASE not in dict(config.option.allure_link_pattern):
        return []
    return [
        Link(LinkType.TEST_CASE, format_allure_link(config, row.tag, LinkType.TEST_CASE), row.text)
        for row in contract.rows
        if row.tag in case.tags
    ]


def _description(case: Case, contract: Contract, root: Path) -> str:
    """Its full Gherkin, what it proves, and where it is written, as Markdown.

    Paths are told from the root folder.
    """
    return f"{_gherkin(case)}\n\n{_shown_for(case, contract, root)}"


def _called(tag: str, contract: Contract) -> str:
    """How a reader is told a tag: a task is told as one."""
    return next((f"task {row.name}" for row in contract.tasks if row.tag == tag), tag)


def _shown_for(case: Case, contract: Contract, root: Path) -> str:
    """What it proves, each linked to its row on the report's cover, and where it is written.

    Allure 3.18.0 makes no link of an address without a scheme, except in a description.
    """
    rows = [row for row in contract.rows if row.tag in case.tags]
    links = [f"[{_called(row.tag, contract)}](#story-{row.name})" for row in rows]
    path = os.path.relpath(case.scenario.feature.filename, root)
    proves = f"Shown for {', '.join(links)}. " if links else ""
    return f"{proves}Written in `{path}:{case.scenario.line_number}`."


def _gherkin(case: Case) -> str:
    scenario, rule = case.scenario, case.scenario.rule
    lines = [f"{scenario.keyword}: {scenario.name}"]
    if rule is not None:
        lines.insert(0, f"{rule.keyword}: {rule.name}\n")
    for step in scenario.steps:
        lines.append(f"  {step.keyword} {step.name}")
        rows = step.datatable.raw() if step.datatable else []
        lines += [f"    | {' | '.join(map(str, row))} |" for row in rows]
        lines += [f'    """\n{step.docstring}\n    """'] if step.docstring else []
    told = (scenario.feature.description, rule.description if rule else "", scenario.description)
    text = "\n\n".join(part.strip() for part in told if part and part.strip())
    return f"{text}\n\n```gherkin\n" + "\n".join(lines) + "\n```"
