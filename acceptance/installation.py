"""Folders that are complete or else built again: whatever is installed is built by this.

A stamp is written last, so that a build that was killed is noticed. The folder itself carries the
lock, which the running installer inherits: nobody clears a folder that is still being written,
not even when the run that started the installer is gone.

Standard library only, and readable by Python 3.8: the suite's own environment is built by it too,
by whichever Python there is.
"""

from __future__ import annotations

import errno
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from acceptance.errors import SetupError
from acceptance.files import locked
from acceptance.installer_output import cause_of, last_line, last_lines
from acceptance.message import explain

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Progress = Callable[[str], None]

_STAMP = ".complete"
_HEARTBEAT_SECONDS = 5.0
_FULL = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True)  # not kw_only, not slots: Python 3.8 has neither
class Installation:
    """Something that is installed once, into a folder of its own."""

    name: str
    """What people call it."""
    folder: Path
    recipe: str
    """All that its content depends on; another recipe means building again."""
    entry: str
    """The file, inside the folder, that is started from it; without it nothing is installed."""

    def is_complete(self) -> bool:
        """Whether it was built to the end, by this recipe, and can still be started."""
        try:
            stamp = (self.folder / _STAMP).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return False
        return stamp == self.recipe and (self.folder / self.entry).exists()

    def ensure(self, build: Callable[[Installer], None], say: Progress) -> None:
        """Leave it complete: reuse it, or build it with `build`.

        Raises:
            SetupError: it cannot be built; the message says why and what to do.
        """
        if self.is_complete():
            say(f"{self.name}: reused, {self.folder}")
            return
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with locked(self.folder, lambda: say(f"{self.name}: waiting for another run")) as lock:
                if self.is_complete():
                    say(f"{self.name}: built by another run, {self.folder}")
                    return
                self._clear(say)
                build(Installer(self, lock, say))
                (self.folder / _STAMP).write_text(self.recipe, encoding="utf-8")
        except OSError as error:
            raise SetupError(self._unusable(error)) from error

    def _clear(self, say: Progress) -> None:
        remains = sorted(self.folder.iterdir(), key=lambda path: path.name != _STAMP)
        if remains:
            say(f"{self.name}: outdated or not built to the end, building again")
        for path in remains:  # the stamp first: no moment in which it vouches for half a folder
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()

    def _unusable(self, error: OSError) -> str:
        full = error.errno in _FULL
        return explain(
            f"{self.name} could not be installed.",
            expected="a disk with room for it" if full else "a folder that can be written",
            found=str(error.strerror or error),
            where=str(error.filename or self.folder),
            fix="free some disk space and start again: what is half built is then built anew"
            if full
            else f"make {self.folder.parent} writable, or use another place: --cache=DIR",
        )


class CommandFailedError(SetupError):
    """A command of an installation failed; `output` is all that it printed."""

    def __init__(self, message: str, output: str) -> None:
        super().__init__(message)
        self.output = output


@dataclass(frozen=True)
class Installer:
    """Runs the commands that fill an installation's folder."""

    installation: Installation
    lock: int
    """Descriptor of the lock, handed on to each command."""
    say: Progress

    def run(self, step: str, command: Sequence[str | Path]) -> None:
        """Run the command in the folder; says what is waited for, and for how long.

        Raises:
            CommandFailedError: it failed; the message carries its last lines.
            SetupError: there is no such command.
        """
        name, started = self.installation.name, time.monotonic()
        self.say(f"{name}: {step}")
        try:
            process = subprocess.Popen(
                [str(word) for word in command],
                cwd=self.installation.folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=(self.lock,),
            )
        except FileNotFoundError as error:
            raise SetupError(self._missing(command[0])) from error
        output = self._follow(process, step, started)
        if process.returncode != 0:
            failed = self._failed(step, command, process.returncode, output)
            raise CommandFailedError(failed, output)
        self.say(f"{name}: {step}: done, {time.monotonic() - started:.0f} s")

    def _follow(self, process: subprocess.Popen[bytes], step: str, started: float) -> str:
        with process:
            try:
                while True:
                    try:
                        return process.communicate(timeout=_HEARTBEAT_SECONDS)[0].decode(
                            errors="replace"
                        )
                    except subprocess.TimeoutExpired as pause:
                        waited = f"{time.monotonic() - started:.0f} s"
                        latest = last_line((pause.output or b"").decode(errors="replace"))
                        self.say(f"{self.installation.name}: still {step}, {waited} {latest}")
            except BaseException:
                process.kill()
                raise

    def _failed(self, step: str, command: Sequence[str | Path], code: int, output: str) -> str:
        cause = cause_of(output)
        message = explain(
            f"{self.installation.name} could not be installed.",
            expected=cause.expected,
            found=f"{cause.found} (exit code {code} while {step})",
            where=str(self.installation.folder),
            fix=cause.fix,
        )
        return f"{message}\nThe last lines of {Path(command[0]).name}:\n{last_lines(output)}"

    def _missing(self, program: str | Path) -> str:
        return explain(
            f"{self.installation.name} could not be installed.",
            expected=f"{Path(program).name}, which installs it",
            found="no such program",
            where=str(program),
            fix="delete .venv and run 'make environment'",
        )
