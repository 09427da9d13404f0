"""The suite on a live cluster, run as a person runs it, and what the API server wrote down."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from acceptance.lab.embedded.manifests import DEFAULT, Manifests
from tests.clusters import NODE
from tests.sources import REPOSITORY

USER, PASSWORD = "ordinary@lab.example", "password-of-an-ordinary-user"
_LINE = re.compile(
    r"^(?:AC\d|seamless).*? [✓✗~?!-] (?P<verdict>.+?) +(?P<title>[A-Z].*?)  \(\d+\.\d s\)$"
)
_IN_TIME = 120.0
"""Seconds after which nobody waits for an answer any longer."""
_LONGEST = 240.0
"""Seconds; a run without a drill takes 20 on a machine that is not busy."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """What a run left."""

    code: int
    out: str
    """Both streams of the terminal."""
    folder: Path
    began: datetime
    ended: datetime

    @property
    def verdicts(self) -> Mapping[str, str]:
        """How each scenario ended, by its title."""
        found = [_LINE.match(line) for line in self.out.splitlines()]
        return {each["title"]: each["verdict"] for each in found if each}

    def titles(self, verdict: str) -> set[str]:
        """The scenarios that ended so."""
        return {title for title, ended in self.verdicts.items() if ended == verdict}


def administrator(field: str) -> str:
    """The e-mail (`EMAIL`) or the password of the administrator of the lab's manifests."""
    data = Manifests.load(DEFAULT).data("Secret", "apps", "open-webui-administrator") or {}
    return data[f"WEBUI_ADMIN_{field}"]


def run(
    folder: Path,
    kubeconfig: str,
    *arguments: str,
    at: str = "",
    do: Callable[[], object] = print,
    still: bool = False,
) -> Run:
    """Judge the cluster of a kubeconfig, with the reports in a folder.

    Args:
        folder: where the reports go.
        kubeconfig: its path.
        arguments: more of them, for pytest.
        at: a word of the output, at which
        do: happens.
        still: whether the run stands still meanwhile.
    """
    key = (Manifests.load(DEFAULT).data("Secret", "ml", "litellm-secrets") or {})[
        "LITELLM_MASTER_KEY"
    ]
    foreign = {name: each for name, each in os.environ.items() if not name.startswith("ACCEPTANCE")}
    began = datetime.now(UTC)
    with subprocess.Popen(
        [
            *(sys.executable, "-m", "pytest", str(REPOSITORY / "steps"), f"--rootdir={folder}"),
            *("-c", str(REPOSITORY / "pyproject.toml"), "-p", "no:cacheprovider"),
            *("--target=live", f"--kubeconfig={kubeconfig}", "--hands=api"),
            f"--account-email={administrator('EMAIL')}",
            f"--user-email={USER}",
            f"--docs={DEFAULT / 'README.md'}",
            *arguments,
        ],
        cwd=REPOSITORY,
        env={
            **foreign,
            "PYTHONUNBUFFERED": "1",
            "COLUMNS": "160",
            "ACCEPTANCE_ACCOUNT_PASSWORD": administrator("PASSWORD"),
            "ACCEPTANCE_USER_PASSWORD": PASSWORD,
            "ACCEPTANCE_GATEWAY_KEY": key,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        too_long = threading.Timer(_LONGEST, process.kill)
        too_long.start()
        act = partial(_while_it_stands_still, process, do) if still else do
        out = "".join(_heard(process, at, act))
        code = process.wait()
        too_long.cancel()
    return Run(code=code, out=out, folder=folder, began=began, ended=datetime.now(UTC))


def check_unfit(found: Run, *words: str) -> None:
    """The run was not judged, in time, says why, and leaves nothing half-done."""
    assert found.code == 99, found.out
    assert (found.ended - found.began).total_seconds() < _IN_TIME
    for each in (*words, "  expected  ", "  found     ", "  where     ", "  fix       "):
        assert each in found.out, found.out
    assert "failed" not in found.verdicts.values()
    assert "Traceback" not in found.out
    assert not list((found.folder / "reports").glob(".making-*"))


def _while_it_stands_still(process: "subprocess.Popen[str]", do: Callable[[], object]) -> None:
    process.send_signal(signal.SIGSTOP)
    do()
    process.send_signal(signal.SIGCONT)


def _heard(process: "subprocess.Popen[str]", at: str, do: Callable[[], object]) -> Iterator[str]:
    """What the run says, acting upon it once."""
    assert process.stdout
    waiting = bool(at)
    for line in process.stdout:
        yield line
        if waiting and at in line:
            waiting = False
            do()
    assert not waiting, f"the run never said: {at}"


def written_down(user: str, of: Run) -> Iterator[Mapping[str, Any]]:
    """What the API server wrote down of a user while a run lasted, once an answer was given."""
    for line in NODE.audit.read_text(encoding="utf-8").splitlines():
        event = json.loads(line)
        when = datetime.fromisoformat(event["requestReceivedTimestamp"])
        if event["user"].get("username") == user and of.began <= when <= of.ended:
            yield event


def asked(event: Mapping[str, Any]) -> str:
    """Verb and resource, as a right is written."""
    about = event.get("objectRef")
    if about is None:
        return f"{event['verb']} {event['requestURI'].partition('?')[0]}"
    resource = "/".join(filter(None, (about["resource"], about.get("subresource", ""))))
    group = about.get("apiGroup", "")
    return f"{event['verb']} {resource}{f'.{group}' if group else ''}"
