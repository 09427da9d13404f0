"""A pod of the lab: the real program as a local process."""

import json
import os
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import httpx

from domain.errors import SetupError
from domain.message import explain
from domain.waiting import Say, eventually
from lab.embedded.files import PodFiles
from lab.embedded.manifests import Manifests
from lab.embedded.plan import PodPlan
from lab.embedded.programs import Program
from lab.environments import Environment

_POD_PYTHON = Path(__file__).parent / "pod"
_READY_TIMEOUT = 180.0
"""Seconds; a cold start takes 12-22 on two idle cores, and several times that on busy ones."""
_STOP_TIMEOUT = 5.0
"""Seconds between asking a program to end and ending it."""
_LOG_LINES = 25


class PodProcess:
    """Starts, watches and ends the program of one pod."""

    def __init__(
        self, plan: PodPlan, folder: Path, table: Path, certificates: Path, program: Environment
    ) -> None:
        self.plan = plan
        self._folder = folder
        self._table = table
        self._certificates = certificates
        self._program = program
        self._ports = folder / "ports.json"
        self._log = folder / "log"
        self._process: subprocess.Popen[bytes] | None = None
        self._environment: dict[str, str] = {}
        self.restarts = 0
        self.problem = ""
        """Why it does not serve, with its last log lines; empty when it does."""

    def start(self, manifests: Manifests) -> None:
        """Lay the pod's files and start the program; does not wait."""
        files = PodFiles(self._folder, self.plan, manifests)
        files.lay()
        self._ports.unlink(missing_ok=True)
        self._environment = self._variables(files)
        command, *arguments = (files.local(word) for word in self.plan.arguments)
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [str(self._executable(command)), *arguments],
                env={**self._environment, "LAB_LIFELINE": "stdin"},
                cwd=self._folder / "pod",
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # a Ctrl-C is the lab's to handle, not the program's
            )

    def _executable(self, command: str) -> Path:
        executable = self._program.python.parent / Path(command).name
        if not executable.exists():
            raise SetupError(
                explain(
                    f"The lab cannot run the command of pod {self.plan.key}.",
                    expected=f"a command of {self._program.program.title}",
                    found=command,
                    where=f"{self.plan.kind} {self.plan.owner}, container {self.container}",
                    fix="leave `command` out of the manifest, as the image's entry point does",
                )
            )
        return executable

    def _variables(self, files: PodFiles) -> dict[str, str]:
        declared = {
            name: files.local(variable.value.reveal())
            for name, variable in self.plan.environment.items()
        }
        home = self._folder / "pod"
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(home),
            "TMPDIR": str(home),
            "LANG": "C.UTF-8",
            "SSL_CERT_FILE": str(self._certificates),
            **declared,
            "PYTHONPATH": str(_POD_PYTHON),
            "PYTHONUNBUFFERED": "1",
            "LAB_NETWORK": str(self._table),
            "LAB_POD": self.plan.key,
            "LAB_PORTS": str(self._ports),
        }

    @property
    def container(self) -> str:
        """The container's name."""
        return str(self.plan.container["name"])

    @property
    def ended_by_itself(self) -> bool:
        """Whether the program was started and is gone."""
        return self._process is not None and self._process.poll() is not None

    def ports(self) -> Mapping[int, int]:
        """Local port of each port that the program listens on so far."""
        if not self._ports.exists():
            return {}
        return {int(port): local for port, local in json.loads(self._ports.read_text()).items()}

    def wait_until_ready(self, say: Say) -> None:
        """Return once the program serves, or with a `problem` when it ended or takes too long."""
        try:
            eventually(
                self._check_ready,
                what=f"{self._program.program.title} to start ({self.plan.key})",
                timeout=_READY_TIMEOUT,
                say=say,
            )
        except AssertionError as error:
            self.problem = self._not_started(f"not ready after {_READY_TIMEOUT:.0f} s: {error}")

    def _check_ready(self) -> None:
        assert isinstance(self.plan.program, Program)
        assert self._process is not None
        status = self._process.poll()
        if status is not None:
            self.problem = self._not_started(f"it ended with status {status}")
            return
        port = next(iter(self.ports().values()), None)
        assert port is not None, "does not listen yet"
        try:
            url = f"http://127.0.0.1:{port}{self.plan.program.ready}"
            answer = httpx.get(url, timeout=5, trust_env=False)
        except httpx.TransportError as error:
            raise AssertionError(f"does not answer yet ({type(error).__name__})") from error
        assert answer.status_code == httpx.codes.OK, f"answers {answer.status_code}"

    def _not_started(self, found: str) -> str:
        message = explain(
            f"{self.plan.kind} {self.plan.namespace}/{self.plan.owner} does not start.",
            expected="a program that serves",
            found=found,
            where=f"container {self.container}; its last log lines follow",
            fix="correct the manifest; the log says what the program misses",
        )
        return f"{message}\n{self.log(_LOG_LINES)}"

    def run_python(self, source: str, argument: str, *, timeout: float) -> str:
        """Output of a script run beside the program: same Python, environment and network.

        Raises:
            subprocess.SubprocessError: it failed or took longer than `timeout` seconds.
        """
        return subprocess.run(
            [str(self._program.python), "-c", source, argument],
            env=self._environment,
            cwd=self._folder / "pod",
            capture_output=True,
            check=True,
            text=True,
            timeout=timeout,
        ).stdout

    def log(self, lines: int) -> str:
        """The last lines that the program wrote."""
        if not self._log.exists():
            return ""
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-lines:])

    def ask_to_end(self) -> None:
        """Ask the program to end; does not wait."""
        if self._process and self._process.poll() is None:
            with suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGTERM)

    def end(self) -> None:
        """End the program and wait until it is gone, so that nothing of it answers any more."""
        if self._process is None:
            return
        self.ask_to_end()
        try:
            self._process.wait(timeout=_STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        if self._process.stdin:
            with suppress(OSError):
                self._process.stdin.close()
        self._process = None
