"""Builds `.venv`, the suite's own environment, from `requirements.txt`; needs nothing but a Python.

Any Python from 3.8 on can run it, so that somebody with a wrong one is told what to get.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from acceptance.errors import SetupError
from acceptance.installation import Installation, Installer
from acceptance.message import explain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Progress = Callable[[str], None]

_UNFIT = 99  # acceptance.verdict.ExitCode.UNFIT, which Python 3.8 cannot import
_INTERRUPTED = 130
_SUITABLE = ("3.11", "3.12")
_CANDIDATES = ("python3.12", "python3.11", "python3", "python")
_PROBE = """
import json, sys
try:
    import ensurepip, venv
    complete = True
except ImportError:
    complete = False
base = getattr(sys, "_base_executable", None) or sys.executable
print(json.dumps(["%d.%d.%d" % sys.version_info[:3], base, complete]))
"""


@dataclass(frozen=True)
class Interpreter:
    """A Python that was asked what it is."""

    command: str
    version: str = ""
    executable: str = ""
    flaw: str = ""
    """Why no environment can be made with it; empty when one can."""


def probe(command: str) -> Interpreter:
    """What the command says of itself; a pyenv shim can exist and yet not run."""
    if not shutil.which(command):
        return Interpreter(command, flaw="not found")
    try:
        answer = subprocess.run(
            [command, "-I", "-c", _PROBE],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=True,
            timeout=30,
        ).stdout
        version, executable, complete = json.loads(answer)
    except (OSError, subprocess.SubprocessError, ValueError):
        return Interpreter(command, flaw="does not run")
    flaw = ""
    if version.rpartition(".")[0] not in _SUITABLE:
        flaw = f"is Python {version}"
    elif not complete:
        flaw = f"is Python {version} without its venv module (Debian: python3-venv)"
    return Interpreter(command, version, executable, flaw)


def suitable(commands: Iterable[str]) -> Interpreter:
    """The first command that can make the environment.

    Raises:
        SetupError: none can; the message names each with its flaw.
    """
    tried = []
    for command in commands:
        interpreter = probe(command)
        if not interpreter.flaw:
            return interpreter
        tried.append(interpreter)
    raise SetupError(
        explain(
            "No suitable Python.",
            expected=f"Python {' or '.join(_SUITABLE)}",
            found="; ".join(f"{python.command} {python.flaw}" for python in tried),
            where="the commands on PATH, or the one given by PYTHON=",
            fix="install Python 3.12 (python.org, your package manager, or 'pyenv install 3.12') "
            "and run 'make PYTHON=/path/to/python3.12 ...' if it is not on PATH",
        )
    )


def environment(root: Path, python: str | None, say: Progress) -> None:
    """Leave `.venv` in the checkout, complete and made from its requirements.

    Args:
        root: the checkout.
        python: the only interpreter that may be used; without it, any suitable one.
        say: told of each step.

    Raises:
        SetupError: it cannot be built.
    """
    requirements = root / "requirements.txt"
    lock = requirements.read_bytes()

    def made_with(interpreter: Interpreter) -> Installation:
        # The folder is part of the recipe: a checkout that was moved has scripts that point away.
        digest = hashlib.sha256(lock).hexdigest()
        recipe = f"{digest}\nPython {interpreter.version}\n{root}\n"
        return Installation("environment of the suite", root / ".venv", recipe, "bin/python")

    present = probe(str(root / ".venv/bin/python"))
    reusable = not python and not present.flaw and made_with(present).is_complete()
    interpreter = present if reusable else suitable([python] if python else _CANDIDATES)
    packages = len(re.findall(rb"^\S+==", lock, re.MULTILINE))

    def build(installer: Installer) -> None:
        installer.run(
            f"making an empty environment with Python {interpreter.version}",
            [interpreter.executable, "-m", "venv", "."],
        )
        installer.run(
            f"fetching and installing {packages} packages, about a minute",
            [
                *(root / ".venv/bin/python", "-m", "pip", "install", "--require-hashes"),
                *("--no-deps", "--no-input", "--disable-pip-version-check"),
                *("--progress-bar", "off", "--requirement", requirements),
            ],
        )

    made_with(interpreter).ensure(build, say)


def main(arguments: list[str] | None = None) -> int:
    """Exit code: 0 with a usable `.venv`, 99 without."""
    parser = argparse.ArgumentParser(prog="make environment", description=__doc__)
    parser.add_argument("--python", help="the interpreter to make the environment with")
    parser.add_argument("--root", type=Path, default=Path.cwd(), help="the checkout")
    options = parser.parse_args(arguments)

    def say(line: str) -> None:
        print(line, flush=True)  # noqa: T201  # a command's own output

    try:
        environment(options.root.resolve(), options.python, say)
    except (SetupError, OSError) as error:
        say(str(error))
        return _UNFIT
    except KeyboardInterrupt:
        say("interrupted; the next run builds again what is half built")
        return _INTERRUPTED
    return 0


if __name__ == "__main__":
    sys.exit(main())
