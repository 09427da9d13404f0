"""What earlier runs left for the report: the history, and the record of the last one."""

import json
from pathlib import Path

from acceptance.report.record import PARTIAL, WHOLE


def earlier_runs(history: Path, results: Path) -> str:
    """The lines of the history that are older than these results.

    Allure 3.18.0 notes in `timestamp` when it made a report, in milliseconds.
    """
    if not history.exists():
        return ""
    judged = max(file.stat().st_mtime for file in results.glob("*-result.json")) * 1000
    lines = history.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True)
    return "".join(line for line in lines if _made_at(line) < judged)


def _made_at(line: str) -> float:
    try:
        return float(json.loads(line)["timestamp"])
    except (KeyError, TypeError, ValueError):  # for Allure to complain about
        return 0.0


def latest_record(reports: Path) -> Path | None:
    """The record of the last run: a partial one is there only until the next whole run."""
    return next((reports / name for name in (PARTIAL, WHOLE) if (reports / name).exists()), None)
