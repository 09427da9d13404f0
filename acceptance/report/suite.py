"""Which suite this is: its version, its commit, and whether its files are those of the commit."""

import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from acceptance.report.record import Suite
from acceptance.shipped import COMMAND, ROOT

_TIMEOUT = 10.0
"""Seconds; a checkout on a slow network disk answers later, and the record does without."""
_NOTE = "COMMIT"
"""File that stands for git in a container image; empty where files differed from the commit."""


def suite(folder: Path) -> Suite:
    """The suite in this folder; what git does not tell stays unknown."""
    if (note := folder / _NOTE).exists():
        commit = note.read_text(encoding="utf-8").strip()
        return Suite(version=installed_version(folder), commit=commit, clean=bool(commit) or None)
    # a folder inside of somebody's repository is not of its commit
    commit = ((folder / ".git").exists() and _git(folder, "rev-parse", "HEAD")) or ""
    changed = _git(folder, "status", "--porcelain") if commit else None
    return Suite(
        version=installed_version(folder),
        commit=commit,
        clean=None if changed is None else not changed,
    )


def installed_version(folder: Path = ROOT) -> str:
    """The version of the suite."""
    import tomllib  # noqa: PLC0415  # only where a record is written

    try:
        return version(COMMAND)
    except PackageNotFoundError:  # it runs from its checkout, without being installed
        file = folder / "pyproject.toml"
        project = tomllib.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
        return str(project.get("project", {}).get("version", "unknown"))


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", folder, *arguments],  # noqa: S607  # whichever git the user has
            capture_output=True,
            text=True,
            check=True,
            timeout=_TIMEOUT,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
