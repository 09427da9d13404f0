"""A scenario's description in Allure: its full Gherkin, what it proves, and where it is written."""

import os
from pathlib import Path

from acceptance.contract.values import Contract
from acceptance.plugin.gherkin import Case


def description(case: Case, contract: Contract, root: Path) -> str:
    """Markdown; paths are told from the root folder."""
    return f"{_gherkin(case)}\n\n{_shown_for(case, contract, root)}"


def called(tag: str, contract: Contract) -> str:
    """How a reader is told a tag: a task is told as one."""
    return next((f"task {row.name}" for row in contract.tasks if row.tag == tag), tag)


def _shown_for(case: Case, contract: Contract, root: Path) -> str:
    """What it proves, each linked to its row on the report's cover, and where it is written.

    Allure 3.18.0 makes no link of an address without a scheme, except in a description.
    """
    rows = [row for row in contract.rows if row.tag in case.tags]
    links = [f"[{called(row.tag, contract)}](#story-{row.name})" for row in rows]
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
