"""Whole runs of the suite on the real programs: ended early, cut off, on broken manifests."""

import copy
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from acceptance.lab.embedded.manifests import DEFAULT, Manifests
from acceptance.lab.environments import CACHE, ensure_all
from acceptance.waiting import eventually
from tests.lab.processes import processes, wait_until_gone
from tests.lab.sessions import WITHOUT_PAGE, command, environment, judge
from tests.sources import REPOSITORY

_WITHOUT_NETWORK = Path(__file__).with_name("without_network.py")
_NOT_DISRUPTIVE = ("-m", "AC1 and not disruptive", *WITHOUT_PAGE)
_OF_A_LAB = 5
"""Processes of a run that boots: the run itself, providers, janitor, two programs."""


@pytest.fixture(scope="module", autouse=True)
def _built() -> None:
    """The programs are built before any run is timed or cut off."""
    ensure_all(cache=CACHE, say=lambda _line: None)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_run_that_is_ended_while_it_boots_leaves_nothing(
    tmp_path: Path, number: signal.Signals
) -> None:
    with subprocess.Popen(
        command(tmp_path, *_NOT_DISRUPTIVE),
        cwd=REPOSITORY,
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    ) as run:
        try:
            eventually(lambda: _boots(tmp_path), what="the lab to boot", timeout=60)

            run.send_signal(number)

            out, _ = run.communicate(timeout=60)
            killed = number is signal.SIGKILL
            expected = -number if killed else pytest.ExitCode.INTERRUPTED
            assert run.returncode == expected, out.decode()
            wait_until_gone(tmp_path)
        finally:
            run.kill()


def _boots(folder: Path) -> None:
    assert len(processes(folder)) >= _OF_A_LAB


def test_a_run_needs_nothing_but_the_loopback(tmp_path: Path) -> None:
    cut_off = ("unshare", "--net", "--map-root-user", sys.executable, str(_WITHOUT_NETWORK))
    if not _can_be_cut_off(cut_off):
        pytest.skip("this system lets nobody make a network of their own: see `unshare --net`")

    session = judge(tmp_path, *_NOT_DISRUPTIVE, before=cut_off)

    assert session.code == 0, session.out
    assert len(session.verdicts) > 10
    assert set(session.verdicts.values()) == {"passed"}
    wait_until_gone(tmp_path)


def _can_be_cut_off(command_line: tuple[str, ...]) -> bool:
    """Whether it works here, and really leaves the loopback only."""
    if shutil.which(command_line[0]) is None:
        return False
    look = "import socket; print(*(name for _, name in socket.if_nameindex()))"
    done = subprocess.run(
        [*command_line, sys.executable, "-c", look], capture_output=True, text=True, check=False
    )
    return done.returncode == 0 and done.stdout.split() == ["lo"]


def test_a_gateway_that_does_not_start_is_judged(tmp_path: Path) -> None:
    secret = _copy("Secret", "ml", "litellm-secrets")
    secret["stringData"]["LITELLM_MASTER_KEY"] = ""

    session = judge(tmp_path, *_NOT_DISRUPTIVE, "--manifests", str(_written(tmp_path, secret)))

    assert session.code == 1, session.out
    assert session.verdicts["test_the_declared_endpoint_is_litellm"] == "passed"
    assert "failure" in session.verdicts.values()
    assert "Deployment ml/litellm does not start." in session.out
    wait_until_gone(tmp_path)


def test_an_open_webui_that_ends_by_itself_ends_the_run_with_its_last_words(
    tmp_path: Path,
) -> None:
    workload = _copy("StatefulSet", "apps", "open-webui")
    container = workload["spec"]["template"]["spec"]["containers"][0]
    container["env"].append({"name": "DATABASE_URL", "value": "nonsense://db.example/webui"})

    session = judge(tmp_path, *_NOT_DISRUPTIVE, "--manifests", str(_written(tmp_path, workload)))

    assert session.code == 99, session.out
    assert "StatefulSet apps/open-webui does not start." in session.out
    assert "it ended with status 1" in session.out
    assert "Slim requires SQLite or PostgreSQL" in session.out  # Open WebUI's own last line
    wait_until_gone(tmp_path)


def _copy(kind: str, namespace: str, name: str) -> dict[str, Any]:
    found = Manifests.load(DEFAULT).get(kind, namespace, name)
    assert found is not None
    return copy.deepcopy(dict(found))


def _written(folder: Path, changed: dict[str, Any]) -> Path:
    """The story's manifests as one file, with an object in another one's place."""
    file = folder / "manifests.yaml"
    file.write_text(yaml.safe_dump_all(Manifests.load(DEFAULT).with_changes([changed])))
    return file
