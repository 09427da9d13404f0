"""The first release that is red, between one that is green and one that is not."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Sequence

from acceptance.checks.advisories import MALICIOUS
from acceptance.errors import SetupError
from acceptance.lab.environments import Program, uv_program
from acceptance.message import excerpt, explain

_TIMEOUT = 120.0
"""Seconds for the index, and for fetching pip where it was never used."""
_LISTED = re.compile(r"^Available versions: (.*)$", re.MULTILINE)


def releases_between(program: Program, older: str, newer: str) -> tuple[str, ...]:
    """The releases after one and before another, oldest first, as the package index lists them.

    Raises:
        SetupError: the index does not tell.
    """
    command = [
        *(str(uv_program()), "tool", "run", "--quiet", "--python", sys.executable),
        *("pip", "index", "versions", program.name),
    ]
    index = os.environ.get("UV_DEFAULT_INDEX")
    environment = {**os.environ, **({"PIP_INDEX_URL": index} if index else {})}
    try:
        done = subprocess.run(
            command,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=_TIMEOUT,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise SetupError(_unlisted(program, str(error))) from error
    listed = _LISTED.search(done.stdout)
    if done.returncode or not listed:
        raise SetupError(_unlisted(program, done.stderr or done.stdout))
    refused = MALICIOUS.get(program.name, {})
    known = [each for each in listed[1].split(", ") if each not in refused]
    between = [each for each in known if _numbers(older) < _numbers(each) < _numbers(newer)]
    return tuple(sorted(between, key=_numbers))


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version))


def _unlisted(program: Program, found: str) -> str:
    return explain(
        f"The releases of {program.title} cannot be listed.",
        expected=f"what `pip index versions {program.name}` prints, by uv",
        found=excerpt(" ".join(found.split()), 300),
        where="the package index that pip asks (PIP_INDEX_URL, or UV_DEFAULT_INDEX)",
        fix="run it where the index can be reached",
    )


def first_red(
    older: str, between: Sequence[str], newer: str, is_red: Callable[[str], bool]
) -> tuple[str, str, dict[str, str]]:
    """The last green release and the first red one, by about log2 of their number of looks.

    Besides, why others cannot tell.

    Args:
        older: is green.
        between: oldest first; what cannot be had, or cannot tell (SetupError), is left out.
        newer: is red.
        is_red: whether a release is.
    """
    left, unclear = list(between), dict[str, str]()
    while left:
        middle = len(left) // 2
        try:
            red = is_red(left[middle])
        except SetupError as error:
            unclear[left.pop(middle)] = str(error)
            continue
        if red:
            newer, left = left[middle], left[:middle]
        else:
            older, left = left[middle], left[middle + 1 :]
    return older, newer, unclear
