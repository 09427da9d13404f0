"""The suite with drills on the story's cluster, in a process of its own that can be killed."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from acceptance.lab.embedded.manifests import DEFAULT, Manifests
from acceptance.target import Account
from tests.cluster.moments import LATCH, MOMENTS, WAITING
from tests.sources import REPOSITORY

_SECONDS = 150.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Done:
    """A command that has ended."""

    code: int
    out: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Live:
    """A cluster to judge, and a folder for reports and notes."""

    folder: Path
    kubeconfig: str
    context: str
    account: Account
    """An administrator of Open WebUI, as whom is judged."""

    @property
    def reports(self) -> Path:
        """What its runs leave."""
        return self.folder / "reports"

    @property
    def notes(self) -> list[Path]:
        """What is written down as away."""
        return list((self.folder / "cache/drills").rglob("*.json"))

    def record(self) -> Any:  # noqa: ANN401  # JSON
        """The record of the last run, which is partial."""
        return json.loads((self.reports / "signoff-partial.json").read_text(encoding="utf-8"))

    def run(self, *arguments: str, moments: str = "") -> Done:
        """A run, to its end; `tests.cluster.moments` says what may happen to it."""
        with self._started(*arguments, moments=moments) as process:
            out, _ = process.communicate(timeout=_SECONDS)
        return Done(code=process.returncode, out=out)

    @contextmanager
    def paused(self, *arguments: str) -> Iterator[None]:
        """A run that waits while something is away, until the block ends; it passes then."""
        with self._started("-s", *arguments, moments="away=waits") as process:
            assert process.stdout
            said: list[str] = []
            while WAITING not in (line := process.stdout.readline()):
                assert line, "".join(said)
                said.append(line)
            yield
            (self.folder / "latch").touch()
            out, _ = process.communicate(timeout=_SECONDS)
        assert process.returncode == 0, out

    @contextmanager
    def _started(self, *arguments: str, moments: str) -> Iterator[subprocess.Popen[str]]:
        (self.folder / "latch").unlink(missing_ok=True)
        with subprocess.Popen(
            [
                *(sys.executable, "-m", "pytest", str(REPOSITORY / "steps")),
                *("-c", str(REPOSITORY / "pyproject.toml"), f"--rootdir={self.folder}"),
                *("-p", "no:cacheprovider", "-p", "tests.cluster.moments", *arguments),
            ],
            cwd=REPOSITORY,
            env={
                **self._environment(),
                MOMENTS: moments,
                LATCH: str(self.folder / "latch"),
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    def make(self, *arguments: str) -> Done:
        """What make says, with the same settings."""
        done = subprocess.run(
            ["make", *arguments],  # noqa: S607  # one of the three things that the project asks for
            cwd=REPOSITORY,
            env=self._environment(),
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        return Done(code=done.returncode, out=done.stdout + done.stderr)

    def _environment(self) -> dict[str, str]:
        """Of every command: no setting of whoever runs the tests."""
        foreign = {name: each for name, each in os.environ.items() if "ACCEPTANCE" not in name}
        secrets = Manifests.load(DEFAULT).data("Secret", "ml", "litellm-secrets") or {}
        return {
            **foreign,
            "PYTHONUNBUFFERED": "1",
            "KUBECONFIG": self.kubeconfig,
            "ACCEPTANCE_CACHE": str(self.folder / "cache"),
            "ACCEPTANCE_TARGET": "live",
            "ACCEPTANCE_HANDS": "api",
            "ACCEPTANCE_ACCOUNT_EMAIL": self.account.email,
            "ACCEPTANCE_ACCOUNT_PASSWORD": self.account.password.reveal(),
            "ACCEPTANCE_GATEWAY_KEY": secrets["LITELLM_MASTER_KEY"],
        }
