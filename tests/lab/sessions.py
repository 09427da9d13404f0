"""The suite itself as a process of its own, which writes its reports into a test's folder."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from xml.etree import ElementTree as ET

from tests.sources import REPOSITORY

WITHOUT_PAGE = ("-p", "no:acceptance.plugin.html_report")
"""For a run whose page nobody looks at: Allure takes some seconds to make it."""
_TIMEOUT = 300.0
"""Seconds; a session with a boot takes 20 on two idle cores."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Session:
    """How a run of the suite ended."""

    code: int
    out: str
    verdicts: Mapping[str, str]
    """Outcome of each scenario, by its name in JUnit's file; empty when nothing was judged."""


def command(folder: Path, *arguments: str) -> list[str]:
    """The command of a run that leaves the repository as it is."""
    return [
        *(sys.executable, "-m", "pytest", "-p", "no:cacheprovider"),
        *("-c", str(REPOSITORY / "pyproject.toml"), "--rootdir", str(folder)),
        *(str(REPOSITORY / "steps"), *arguments),
    ]


def environment(folder: Path) -> dict[str, str]:
    """Of a run whose temporary files are in the test's folder."""
    outside = {name: value for name, value in os.environ.items() if "ACCEPTANCE" not in name}
    temporary = folder / "tmp"
    temporary.mkdir(exist_ok=True)
    return {**outside, "TMPDIR": str(temporary), "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "120"}


def judge(
    folder: Path,
    *arguments: str,
    before: tuple[str, ...] = (),
    variables: Mapping[str, str] = MappingProxyType({}),
) -> Session:
    """Run the suite to its end; `before` is a command that starts another one."""
    done = subprocess.run(
        [*before, *command(folder, *arguments)],
        cwd=REPOSITORY,
        env={**environment(folder), **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=_TIMEOUT,
    )
    return Session(code=done.returncode, out=done.stdout + done.stderr, verdicts=_verdicts(folder))


def judge_lab(
    folder: Path, lab: Path, contract: Path, *arguments: str, page: bool = False
) -> Session:
    """Judge the lab of a folder, which is up and described, by a contract and the API's hands."""
    found = (f"--contract={contract}", "--reuse", f"--lab={lab}", "--hands=api")
    return judge(folder, *found, *(() if page else WITHOUT_PAGE), *arguments)


def _verdicts(folder: Path) -> Mapping[str, str]:
    junit = folder / "reports" / "junit.xml"
    if not junit.exists():
        return {}
    cases = ET.parse(junit).iter("testcase")  # noqa: S314  # the suite's own file
    return {case.attrib["name"]: (case[0].tag if _told(case) else "passed") for case in cases}


def _told(case: ET.Element) -> bool:
    return bool(len(case)) and case[0].tag in ("failure", "error", "skipped")
