"""A lab that is up, as anybody can ask it: the one who started it, or somebody who found it."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from acceptance.lab.embedded.manifests import Manifests
from acceptance.lab.embedded.network import Network
from acceptance.lab.embedded.plan import PodPlan
from acceptance.lab.providers.client import Providers

_MOST_BYTES = 10_000_000
"""Of the end of a log that is read."""


class RunningPod:
    """A pod's program, by the files in its folder."""

    def __init__(self, plan: PodPlan, folder: Path, python: Path) -> None:
        self.plan = plan
        self.folder = folder
        self.python = python
        """Interpreter of the program's environment."""
        self.environment: Mapping[str, str] = {}
        """Of the process, with the lab's own additions."""
        self.restarts = 0
        self.problem = ""
        """Why it does not serve, with its last log lines; empty when it does."""

    @staticmethod
    def folder_in(lab: Path, plan: PodPlan) -> Path:
        """The pod's folder inside the lab's."""
        return lab / "pods" / plan.key.replace("/", "_")

    @property
    def container(self) -> str:
        """The container's name."""
        return str(self.plan.container["name"])

    @property
    def ended_by_itself(self) -> bool:
        """Whether the program was started and is gone, as far as can be known."""
        return False

    @property
    def killed_by(self) -> str:
        """The signal that ended the program and was not the lab's, as far as can be known."""
        return ""

    @property
    def ports_file(self) -> Path:
        """Where the program says on which local ports it listens."""
        return self.folder / "ports.json"

    @property
    def log_file(self) -> Path:
        """Where the program's output goes."""
        return self.folder / "log"

    def ports(self) -> Mapping[int, int]:
        """Local port of each port that the program listens on so far."""
        if not self.ports_file.exists():
            return {}
        return {int(port): local for port, local in json.loads(self.ports_file.read_text()).items()}

    def run_python(self, source: str, argument: str, *, timeout: float) -> str:
        """Output of a script run beside the program: same Python, environment and network.

        Raises:
            subprocess.SubprocessError: it failed or took longer than `timeout` seconds.
        """
        return subprocess.run(
            [str(self.python), "-c", source, argument],
            env=dict(self.environment),
            cwd=self.folder / "pod",
            capture_output=True,
            check=True,
            text=True,
            timeout=timeout,
        ).stdout

    def log(self, lines: int, *, apart_from: str = "") -> str:
        """The last lines that the program wrote, of those that this does not stand in."""
        if not self.log_file.exists():
            return ""
        with self.log_file.open("rb") as file:  # a program that fails in a circle fills a disk
            file.seek(max(0, self.log_file.stat().st_size - _MOST_BYTES))
            written = file.read(_MOST_BYTES).decode(errors="replace").splitlines()
        kept = [line for line in written if not apart_from or apart_from not in line]
        return "\n".join(kept[-lines:])


class RunningLab(Protocol):
    """What the cluster port and the target are made of."""

    @property
    def providers(self) -> Providers:
        """The emulated providers."""

    @property
    def manifests(self) -> Manifests:
        """The objects in force."""

    @property
    def plans(self) -> tuple[PodPlan, ...]:
        """The pods that run, emulated ones included."""

    @property
    def pods(self) -> Mapping[str, RunningPod]:
        """The pods that run as programs, by `namespace/name`."""

    @property
    def network(self) -> Network:
        """The name table in force."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What of the manifests the lab cannot honour."""

    @property
    def versions(self) -> Mapping[str, str]:
        """Versions of the programs that run, by their titles."""

    @property
    def locks(self) -> Mapping[str, str]:
        """SHA-256 of the lock files that they were installed from, by their titles."""
