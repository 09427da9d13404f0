"""A pod of the lab: the real program as a local process."""

import os
import re
import signal
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from acceptance.json_values import mapping, sequence
from acceptance.lab.embedded.administrator import administrator_in, sign_up_first
from acceptance.lab.embedded.files import PodFiles
from acceptance.lab.embedded.launch import Launch, Running, Starter, ask_to_end, end
from acceptance.lab.embedded.manifests import Manifests, namespace_of
from acceptance.lab.embedded.plan import PodPlan
from acceptance.lab.embedded.programs import OPEN_WEBUI, Program
from acceptance.lab.embedded.running import RunningPod
from acceptance.lab.environments import Environment
from acceptance.message import explain
from acceptance.waiting import Progress, eventually, within

_POD_PYTHON = Path(__file__).parent / "pod"
_READY_TIMEOUT = 180.0
"""Seconds; a cold start takes 12-22 on two idle cores, and several times that on busy ones."""
_LOOK = 0.1
"""Seconds between two looks: a file is read until it listens."""
_WORD = 5.0
"""Seconds for the answer of a readiness probe."""
_PROBED = 30.0
"""Seconds for the answer of a probe of the manifest's, on a machine that is busy."""
_PROBES = ("startupProbe", "readinessProbe", "livenessProbe")
_STOP_TIMEOUT = 5.0
"""Seconds between asking a program to end and ending it."""
_LOG_LINES = 25
_EXCEPTION = re.compile(r"^[A-Za-z_][\w.]*(?:Error|Exception): (.+)$", re.MULTILINE)
"""The line of a log in which a program of Python says what it ended by."""


class PodProcess(RunningPod):
    """Starts, watches and ends the program of one pod."""

    def __init__(
        self,
        plan: PodPlan,
        folder: Path,
        program: Environment,
        *,
        table: Path,
        certificates: Path,
        starter: Starter,
    ) -> None:
        super().__init__(plan, folder, program.python)
        self._table = table
        self._certificates = certificates
        self._title = program.program.title
        self._starter = starter
        self._process: Running | None = None
        self._ended = False
        self.started_in = 0.0
        """Seconds until it served, or until it was known that it does not."""
        self.signed_up = False
        """Whether its administrator had to be signed up."""

    def boot(self, say: Progress) -> None:
        """Start it and return once it serves, or with a `problem`, or when `end` was called."""
        began = time.monotonic()
        self._start()
        if self._ended:
            self.end()
        else:
            self._wait_until_ready(say)
            self._make_probes()
        self.started_in = time.monotonic() - began
        if self.plan.program is OPEN_WEBUI and not (self.problem or self._ended):
            address = f"http://127.0.0.1:{next(iter(self.ports().values()))}"
            self.signed_up = sign_up_first(address, administrator_in(self.plan.environment))

    def _start(self) -> None:
        """Lay the pod's files and start the program."""
        files = PodFiles(self.folder, self.plan)
        files.lay()
        self.ports_file.unlink(missing_ok=True)
        self.environment = self._variables(files)
        assert isinstance(self.plan.program, Program)
        assert self.plan.line is not None
        command, *arguments = self.plan.line.words
        launch = Launch(
            program=self.plan.program,
            python=self.python,
            command=(
                str(self.python.parent / command),
                *(files.word(word) for word in arguments),
            ),
            environment=self.environment,
            folder=files.working_folder,
            log=self.log_file,
        )
        try:
            self._process = self._starter.start(launch)
        except (OSError, ValueError) as error:  # more variables than Linux takes, for one
            self.problem = self._not_started(f"this machine does not start it: {error}")

    def _variables(self, files: PodFiles) -> dict[str, str]:
        assert self.plan.given is not None
        declared = {
            name: files.value(name, variable.value.reveal())
            for name, variable in self.plan.environment.items()
            if name in self.plan.given.variables
        }
        home = self.folder / "pod"
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
            "LAB_PORTS": str(self.ports_file),
            "LAB_ALLOW_CODE": "1" if self.plan.allow_code else "",
        }

    @property
    def ended_by_itself(self) -> bool:
        """Whether the program was started and is gone."""
        return self._status() is not None

    @property
    def killed_by(self) -> str:
        """See `RunningPod`."""
        status = self._status()
        return signal.Signals(-status).name if status is not None and status < 0 else ""

    def _status(self) -> int | None:
        """How it ended by itself; a program that the lab ends has no process any more."""
        return self._process.status() if self._process else None

    def _wait_until_ready(self, say: Progress) -> None:
        try:
            with httpx.Client(timeout=_WORD, trust_env=False) as client:
                eventually(
                    partial(self._check_ready, client),
                    what=f"{self._title} to start ({self.plan.key})",
                    timeout=_READY_TIMEOUT,
                    interval=_LOOK,
                    say=say,
                )
        except AssertionError as error:
            self.problem = self._not_started(f"not ready after {_READY_TIMEOUT:.0f} s: {error}")

    def _check_ready(self, client: httpx.Client) -> None:
        assert isinstance(self.plan.program, Program)
        process = self._process
        if process is None:
            return
        status = process.status()
        if status is not None:
            self.problem = self._not_started(f"it ended with status {status}")
            return
        port = next(iter(self.ports().values()), None)
        assert port is not None, "does not listen yet"
        try:
            url = f"http://127.0.0.1:{port}{self.plan.program.ready}"
            answer = within(_WORD, lambda: client.get(url))
        except (httpx.TransportError, TimeoutError) as error:
            raise AssertionError(f"does not answer yet ({type(error).__name__})") from error
        assert answer.status_code == httpx.codes.OK, f"answers {answer.status_code}"

    def _make_probes(self) -> None:
        """End it if it refuses what its manifest probes: a kubelet lets nobody reach it then."""
        if self.problem or self._ended:
            return
        assert isinstance(self.plan.program, Program)
        for probe in _PROBES:
            asked = mapping(self.plan.container.get(probe)).get("httpGet")
            if found := self._refuses(mapping(asked)):
                self.problem = explain(
                    f"{self.plan.where} is never ready.",
                    expected="an answer to each of its probes",
                    found=f"its {probe.removesuffix('Probe')} probe {found}",
                    where=f"container {self.container}",
                    fix="correct the probe's path, port or httpHeaders; this program answers "
                    f"{self.plan.program.ready} without a key",
                )
                self.end()
                return

    def _refuses(self, asked: Mapping[str, Any]) -> str:
        """How the program refuses what a probe asks; empty where it does not, or nobody can tell.

        What it answers while it is in trouble (5xx) may pass.
        """
        port = self.ports().get(self.plan.own_port(asked.get("port", "")) or 0)
        if not asked or port is None or asked.get("scheme", "HTTP") != "HTTP":
            return ""
        path = f"/{str(asked.get('path') or '').removeprefix('/')}"
        headers = {
            str(each.get("name")): str(each.get("value"))
            for each in map(mapping, sequence(asked.get("httpHeaders")))
        }
        try:
            url = f"http://127.0.0.1:{port}{path}"
            status = httpx.get(url, headers=headers, timeout=_PROBED, trust_env=False).status_code
        except (httpx.HTTPError, httpx.InvalidURL, ValueError):
            return ""
        refused = httpx.codes.is_client_error(status)
        return f"(path {path}) is answered {status}" if refused else ""

    def _not_started(self, found: str) -> str:
        assert isinstance(self.plan.program, Program)
        own = f"GET {self.plan.program.ready} "  # what was asked while it was waited for
        log = self.log(_LOG_LINES, apart_from=own)
        message = explain(
            f"{self.plan.kind} {self.plan.namespace}/{self.plan.owner} does not start.",
            expected="a program that serves",
            found=": ".join(filter(None, (found, cause_in(log)))),
            where=f"container {self.container}; its last log lines follow",
            fix="correct the manifest; the log says what the program misses",
        )
        return f"{message}\n{log}"

    def ask_to_end(self) -> None:
        """Ask the program to end; does not wait."""
        if self._process:
            ask_to_end(self._process)

    def end(self) -> None:
        """End the program and wait until it is gone, so that nothing of it answers any more."""
        self._ended = True
        if self._process:
            end(self._process, timeout=_STOP_TIMEOUT)
            self._process = None


def cause_in(log: str) -> str:
    """What a program of Python says it ended by; empty where its log tells no exception."""
    told = log.partition("Exception ignored in")[0]  # what fails while it ends is no cause
    return next(reversed(_EXCEPTION.findall(told)), "")


def cannot_start(plan: PodPlan, manifests: Manifests) -> str:
    """Why a pod whose references lead nowhere does not start."""
    elsewhere = [
        f"{item['kind']} {item['metadata']['name']} exists in {namespace_of(item)}"
        for item in manifests.of_kind("ConfigMap", "Secret")
        if f"{item['kind']} {item['metadata']['name']}" in plan.missing
    ]
    return explain(
        f"Pod {plan.key} cannot start.",
        expected="every ConfigMap, Secret and key that the container refers to",
        found=f"not found in {plan.namespace}: {', '.join([*plan.missing, *elsewhere])}",
        where=f"{plan.kind} {plan.namespace}/{plan.owner}",
        fix="create it in the pod's own namespace; of a Compose file, put what it mounts beside it",
    )
