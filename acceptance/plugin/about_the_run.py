"""Allure's files about the run itself: environment, categories, executor."""

import json
import platform
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from acceptance import files
from acceptance.masking import Redactor
from acceptance.report.run import Run
from acceptance.verdict import Verdict

CATEGORIES = [
    {
        "name": "failed: tested, and wrong",
        "matchedStatuses": ["failed", "broken"],
        "messageRegex": r"^(?!setup problem: )[\s\S]*",
    },
    {
        "name": "blocked: an earlier criterion failed",
        "matchedStatuses": ["skipped"],
        "messageRegex": r"^blocked by [\s\S]*",
    },
    {
        "name": "inconclusive: the outside world refused",
        "matchedStatuses": ["skipped"],
        "messageRegex": rf"^{Verdict.INCONCLUSIVE}: [\s\S]*",
    },
    {
        "name": "not proven: this target or these rights cannot show it",
        "matchedStatuses": ["skipped"],
        "messageRegex": rf"^{Verdict.NOT_PROVEN}: [\s\S]*",
    },
    {
        "name": "not proven, and not required",
        "matchedStatuses": ["skipped"],
        "messageRegex": rf"^{re.escape(Verdict.NOT_REQUIRED)}: [\s\S]*",
    },
    {
        "name": "waived: known, and accepted for a time",
        "matchedStatuses": ["skipped"],
        "messageRegex": r"^waived until [\s\S]*",
    },
    {
        "name": "setup problem: nothing could be judged",
        "matchedStatuses": ["broken"],
        "messageRegex": r"^setup problem: [\s\S]*",
    },
]
"""By the beginning of the message, which `acceptance.plugin.allure_gherkin` sets."""


def write(directory: Path, run: Run, mask: Redactor) -> None:
    """Write the three files, each complete or not at all; the versions come masked."""
    target = run.target or "none"
    environment = {
        "target": target,
        **run.versions,
        "Python": platform.python_version(),
        "pytest": pytest.__version__,
        "system": f"{platform.system()} {platform.machine()}",
    }
    environment = {name: mask.own(text) for name, text in environment.items()}
    executor = {
        "name": "pytest",
        "type": "pytest",
        "buildName": f"{target}, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "reportName": run.contract.title,
    }
    texts = {
        "environment.properties": _properties(environment),
        "categories.json": json.dumps(CATEGORIES, indent=2),
        "executor.json": json.dumps(executor, indent=2, ensure_ascii=False),
    }
    for name, text in texts.items():
        files.write(directory / name, text)


def _properties(values: Mapping[str, str]) -> str:
    return "".join(f"{_escaped(key)}={_one_line(text)}\n" for key, text in values.items())


def _escaped(key: str) -> str:
    return "".join(f"\\{sign}" if sign in " :=#!\\" else sign for sign in key)


def _one_line(text: str) -> str:
    return " ".join(text.split()).replace("\\", "\\\\")
