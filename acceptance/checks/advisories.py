"""Releases that nobody should run, and who says so."""

from collections.abc import Mapping

from acceptance.errors import SetupError
from acceptance.message import explain

MALICIOUS: Mapping[str, Mapping[str, str]] = {
    "litellm": {
        "1.82.7": "OSV MAL-2026-2144: the release steals credentials",
        "1.82.8": "OSV MAL-2026-2144: the release steals credentials",
    }
}
"""What is known of a release, by package and version."""


def refuse_malicious(program: str, version: str, *, named_by: str) -> None:
    """Return if nothing is known against this release of a program (`LiteLLM`).

    Args:
        program: its title.
        version: which release.
        named_by: who wants it run.

    Raises:
        SetupError: nobody should run it.
    """
    if known := _known(program, version):
        raise SetupError(_advice(program, version, known, named_by))


def check_not_malicious(program: str, versions: Mapping[str, str]) -> None:
    """Raise AssertionError where a release runs, by name of who runs it, that nobody should run."""
    for name, version in versions.items():
        if known := _known(program, version):
            raise AssertionError(_advice(program, version, known, name))


def _known(program: str, version: str) -> str:
    return MALICIOUS.get(program.lower(), {}).get(version, "")


def _advice(program: str, version: str, known: str, where: str) -> str:
    return explain(
        f"{program} {version} must not run.",
        expected="a release that nothing is known against",
        found=known,
        where=where,
        fix="take another release, and change every key that a process of this one could read",
    )
