"""Releases that nobody should run, and who says so."""

from collections.abc import Mapping

from domain.errors import SetupError
from domain.message import explain

MALICIOUS: Mapping[str, Mapping[str, str]] = {
    "litellm": {
        "1.82.7": "OSV MAL-2026-2144: the release steals credentials",
        "1.82.8": "OSV MAL-2026-2144: the release steals credentials",
    }
}
"""What is known of a release, by package and version."""


def malicious(program: str, version: str) -> str:
    """What is known of a release of a program (`LiteLLM`); empty where it is nothing bad."""
    return MALICIOUS.get(program.lower(), {}).get(version, "")


def refuse_malicious(program: str, version: str) -> None:
    """Return if nothing is known against this release.

    Raises:
        SetupError: nobody should run it.
    """
    if known := malicious(program, version):
        raise SetupError(_advice(program, version, known))


def check_not_malicious(program: str, version: str) -> None:
    """Raise AssertionError where the release that runs is one that nobody should run."""
    if known := malicious(program, version):
        raise AssertionError(_advice(program, version, known))


def _advice(program: str, version: str, known: str) -> str:
    return explain(
        f"{program} {version} must not run.",
        expected="a release that nothing is known against",
        found=known,
        where=f"{program} {version}",
        fix="take another release, and change every key that a process of this one could read",
    )
