"""One pair of versions on the volumes: how it started, what is left, how it was judged."""

import os
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from acceptance.errors import SetupError
from acceptance.lab.embedded.lab import EmbeddedLab
from acceptance.lab.embedded.programs import Program
from acceptance.lab.embedded.running_labs import describe
from acceptance.lab.embedded.target import embedded_target
from acceptance.masking import Redactor
from acceptance.message import excerpt
from acceptance.rehearsal.life import Life, Seen
from acceptance.report.earlier import latest_record
from acceptance.report.record import Record, UnreadableRecordError, read
from acceptance.resources import Environment, ServiceName
from acceptance.shipped import called
from acceptance.target import Target

_MIGRATED = re.compile(r"Running upgrade \S* ?->")
"""What Alembic writes for each migration (Open WebUI 0.7.2 to 0.12.4)."""
_TRACEBACK = "Traceback (most recent call last)"
_ABOUT = re.compile(r"migrat|alembic", re.IGNORECASE)
_WRONG = re.compile(r"\b(error|fail\w*|exception|critical|can't|cannot)\b", re.IGNORECASE)
_READABLE = 12
"""Log lines that are told."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """What is known of one pair of versions."""

    name: str
    versions: Mapping[str, str]
    """Version by program title."""
    seconds: Mapping[str, float]
    """Until each program served, migrations included; by its title."""
    migrations: int
    trouble: tuple[str, ...] = ()
    """What the logs say of migrations that failed."""
    problems: tuple[str, ...] = ()
    """Why a program does not serve."""
    seen: tuple[Seen, ...] = ()
    record: Record | None = None
    """None where it could not be judged, or nobody asked for it."""

    def __str__(self) -> str:
        return ", ".join(f"{title} {version}" for title, version in self.versions.items())


@dataclass(frozen=True, kw_only=True, slots=True)
class Judge:
    """How a running lab is judged: as anybody judges it, by a process of its own."""

    contract: Path
    cache: Path
    reports: Path
    more: Sequence[str] = ()
    """Arguments of pytest."""

    def judge(self, lab: EmbeddedLab, name: str) -> Record | None:
        """The record of a run on what is up; None where nothing was judged."""
        describe(lab)
        folder = self.reports / name
        command = called(
            *("check", "--reuse", f"--lab={lab.folder}", "--manifests="),
            *(f"--contract={self.contract}", f"--cache={self.cache}"),
            # by the API: the page of another version is laid out in another way
            *(f"--reports={folder}", "--hands=api", *self.more),
        )
        environment = {
            key: value for key, value in os.environ.items() if not key.startswith("ACCEPTANCE_")
        }
        subprocess.run(command, env=environment, check=False)
        file = latest_record(folder)
        try:
            return read(file.read_text(encoding="utf-8"))[0] if file else None
        except (OSError, UnreadableRecordError):
            return None


class Deployment:
    """A deployment in the lab, whose versions change and whose volumes stay."""

    def __init__(self, lab: EmbeddedLab, open_webui: ServiceName, gateway: ServiceName) -> None:
        self._lab = lab
        self._open_webui, self._gateway = open_webui, gateway
        self._read: dict[str, int] = {}
        """How much of each log is known."""

    def target(self) -> Target:
        """What is up; raises SetupError where Open WebUI ended by itself."""
        return embedded_target(self._lab, open_webui=self._open_webui, gateway=self._gateway)

    def declared(self) -> Environment:
        """The variables that the manifests give to Open WebUI."""
        cluster = self.target().cluster
        assert cluster is not None
        return cluster.workload(self.target().open_webui_service).environment

    def stage(self, name: str, life: Life, judge: Judge | None) -> Stage:
        """What is up, looked at and judged."""
        pods = self._lab.pods.values()
        logs = [self._new_of(pod.log_file) for pod in pods]
        problems = [pod.problem for pod in pods if pod.problem]
        seen: tuple[Seen, ...] = ()
        try:
            address = self.target().open_webui
            seen = life.look(address) if address else ()
        except SetupError as error:
            problems.append(str(error))
        # what does not start is not judged: each row would say the same
        record = judge.judge(self._lab, name) if judge and seen else None
        mask = Redactor(self._lab.manifests.secrets())
        started: dict[str, float] = {}
        for pod in pods:
            assert isinstance(pod.plan.program, Program)
            title = pod.plan.program.title
            started[title] = max(started.get(title, 0.0), pod.started_in)
        return Stage(
            name=name,
            versions=self._lab.versions,
            seconds=started,
            migrations=sum(len(_MIGRATED.findall(log)) for log in logs),
            trouble=tuple(mask(line) for log in logs for line in failed_migrations(log)),
            problems=tuple(dict.fromkeys(map(mask, problems))),
            seen=seen,
            record=record,
        )

    def _new_of(self, log: Path) -> str:
        """What was written to a log since it was read last."""
        if not log.exists():
            return ""
        text = log.read_text(errors="replace")
        key, begin = str(log), self._read.get(str(log), 0)
        self._read[key] = len(text)
        return text[begin:] if begin <= len(text) else text

    def forget(self) -> None:
        """Read every log from its beginning: the volumes are those of an earlier stage."""
        self._read.clear()


def failed_migrations(log: str) -> Iterator[str]:
    """Lines about migrations that failed: the last line of a traceback, or the line itself."""
    told, lines = dict[str, None](), iter(log.splitlines())
    for line in lines:
        if _TRACEBACK in line:
            told.update(dict.fromkeys(_raised(lines)))
        elif _ABOUT.search(line) and _WRONG.search(line):
            told[excerpt(line.strip(), 300)] = None
    yield from list(told)[:_READABLE]


def _raised(lines: Iterator[str]) -> Iterator[str]:
    """The exception at a traceback's end, where a migration raised it."""
    about = False
    for line in lines:
        about = about or bool(_ABOUT.search(line))
        if line and not line[0].isspace():
            if about:
                yield excerpt(line.strip(), 300)
            return
