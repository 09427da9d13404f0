"""Starting a pod's program: what is started, how it is watched, and the plain way to start it."""

import os
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from acceptance.lab.embedded.programs import Program

LIFELINE: Mapping[str, str] = {"LAB_LIFELINE": "stdin"}
"""Makes a program end when its standard input, which the lab holds open, is closed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Launch:
    """A program about to be started."""

    program: Program
    python: Path
    """Interpreter of its environment."""
    command: tuple[str, ...]
    """The executable, and its arguments."""
    environment: Mapping[str, str]
    folder: Path
    """Where it runs."""
    log: Path
    """Where both of its output streams go."""


class Running(Protocol):
    """A started program."""

    @property
    def pid(self) -> int:
        """The process, leader of its own group."""

    def status(self) -> int | None:
        """How it ended, a negative signal number included; None while it runs."""

    def wait(self, timeout: float | None) -> bool:
        """Whether it is gone, at the latest after `timeout` seconds."""

    def let_go(self) -> None:
        """Close its standard input."""


class Starter(Protocol):
    """A way to start programs."""

    def start(self, launch: Launch) -> Running:
        """Start it; does not wait until it serves. May be called from several threads."""

    def close(self) -> None:
        """End what was kept ready for further starts."""


class ColdStarter:
    """Each program in a new process, as a container's runtime does it."""

    def start(self, launch: Launch) -> Running:
        """See `Starter`."""
        with launch.log.open("ab") as log:
            return _Cold(
                subprocess.Popen(
                    launch.command,
                    env={**launch.environment, **LIFELINE},
                    cwd=launch.folder,
                    stdin=subprocess.PIPE,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,  # a Ctrl-C is the lab's to handle, not the program's
                )
            )

    def close(self) -> None:
        """Nothing is kept."""


class _Cold:
    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self.pid = process.pid

    def status(self) -> int | None:
        return self._process.poll()

    def wait(self, timeout: float | None) -> bool:
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout)
        return self._process.poll() is not None

    def let_go(self) -> None:
        assert self._process.stdin is not None
        with suppress(OSError):
            self._process.stdin.close()


def ask_to_end(running: Running) -> None:
    """Ask a program to end; does not wait."""
    if running.status() is None:
        with suppress(ProcessLookupError):
            os.kill(running.pid, signal.SIGTERM)


def end(running: Running, *, timeout: float) -> None:
    """End a program and its children; after `timeout` seconds without asking."""
    ask_to_end(running)
    gone = running.wait(timeout)
    with suppress(ProcessLookupError, PermissionError):  # macOS refuses for what is ending
        os.killpg(running.pid, signal.SIGKILL)
    if not gone:
        running.wait(None)
    running.let_go()
