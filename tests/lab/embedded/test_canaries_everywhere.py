"""Runs of the whole suite on the real programs, with secrets in every place that has some.

Manifests and Secrets hold canaries, the providers tell them in every answer and every error, and
LiteLLM writes them into its log: none is in anything that a run leaves, however it ends.
"""

import base64
import copy
import signal
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from acceptance.lab.embedded.manifests import DEFAULT, Manifests
from acceptance.lab.environments import CACHE, ensure_all
from acceptance.report.html import ensure_allure
from acceptance.waiting import eventually
from tests.canaries import MASKED, MASTER, PASSWORD, PROVIDER, QUERY, VIRTUAL, found, texts
from tests.lab.processes import wait_until_gone
from tests.lab.sessions import (
    WITHOUT_PAGE,
    Session,
    command,
    environment,
    judge,
)
from tests.sources import REPOSITORY

Objects = dict[str, dict[str, Any]]
Change = Callable[[Objects], None]
_PROXY = f"http://user:{PASSWORD}@proxy.home.example:3128"
_QUERY = f"https://host.example/v1?alt=sse&key={QUERY}"
_SHORT = (
    "(endpoint or key or answers_as_itself or outage) and not (does or limits or groq or gemini)"
)
"""A scenario of each kind, drills included."""
_ALOUD = ("--hands=api", "-rA", "-o", "junit_logging=all")
_PLUGIN = """
from tests.canaries import SAID

def pytest_runtest_logfinish(nodeid):
    if "outage" in nodeid:
        raise RuntimeError(SAID)
"""


@pytest.fixture(scope="module", autouse=True)
def _built() -> None:
    ensure_all(cache=CACHE, say=lambda _line: None)
    ensure_allure(CACHE, lambda _line: None)


@pytest.fixture
def leaky(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on the path of every Python, which makes the emulated providers tell all."""
    folder = tmp_path / "path"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(
        "import sys\nif 'acceptance.lab.providers' in sys.orig_argv:\n    import tests.lab.leaky\n"
    )
    (folder / "crashing.py").write_text(_PLUGIN)
    monkeypatch.setenv("PYTHONPATH", f"{folder}:{REPOSITORY}")
    return folder


def _planted(leaky: Path, *changes: Change, provider: str = PROVIDER) -> str:
    """The story's manifests with canaries for keys; written, and given as an option."""
    objects: Objects = {
        f"{item['kind']} {item['metadata']['name']}": copy.deepcopy(dict(item))
        for item in Manifests.load(DEFAULT)
    }
    keys = objects["Secret litellm-secrets"].pop("stringData")
    objects["Secret litellm-secrets"]["data"] = {
        name: base64.b64encode((MASTER if "MASTER" in name else provider).encode()).decode()
        for name in keys
    }
    objects["Secret open-webui-secrets"]["stringData"]["OPENAI_API_KEY"] = MASTER
    for workload in ("Deployment litellm", "StatefulSet open-webui"):
        (container,) = _pod(objects[workload])["containers"]
        container["env"] = [
            {"name": "OPENAI_API_KEY", "value": VIRTUAL},
            {"name": "OPENAI_API_BASE_URL", "value": _QUERY},
            {"name": "HTTPS_PROXY", "value": _PROXY},
            {"name": "NO_PROXY", "value": "*"},
            {"name": "NOTIFICATIONS_URL", "value": _QUERY},
            *container.get("env", []),
        ][2 * ("litellm" in workload) :]
    for change in changes:
        change(objects)
    file = leaky / "manifests.yaml"
    file.write_text(yaml.safe_dump_all(objects.values()), encoding="utf-8")
    return f"--manifests={file}"


def _pod(workload: Mapping[str, Any]) -> Any:  # noqa: ANN401  # YAML
    return workload["spec"]["template"]["spec"]


def _told(tmp_path: Path) -> bool:
    """Whether the providers' text is in the reports, masked: else the search finds nothing."""
    return MASKED in "".join(texts(tmp_path / "reports").values())


def _left(tmp_path: Path, session: Session) -> list[str]:
    """Where canaries are in what the run left: reports, temporary files, and what it printed."""
    wait_until_gone(tmp_path)
    return [
        *found(tmp_path / "reports", session.out),
        *found(tmp_path / "tmp", ""),
    ]


def _base_url(value: str) -> Change:
    """Open WebUI is sent to this address."""

    def change(objects: Objects) -> None:
        (container,) = _pod(objects["StatefulSet open-webui"])["containers"]
        urls = [each for each in container["env"] if each["name"] == "OPENAI_API_BASE_URL"]
        urls[-1]["value"] = value

    return change


def _broken_configuration(objects: Objects) -> None:
    """YAML that LiteLLM cannot read, so that its log quotes the line, and ends in two halves."""
    data = objects["ConfigMap litellm-config"]["data"]
    data["config.yaml"] += (
        f'\napi_key: "{PROVIDER[:17]}": {PROVIDER}\n{MASTER}: "{_PROXY}": {_QUERY} {VIRTUAL}\n'
    )


def test_a_green_run_tells_no_secret(tmp_path: Path, leaky: Path) -> None:
    session = judge(tmp_path, *_ALOUD, "-k", _SHORT, _planted(leaky))

    assert session.code == 0, session.out
    assert _left(tmp_path, session) == []
    assert _told(tmp_path)


def test_providers_that_refuse_tell_no_secret(tmp_path: Path, leaky: Path) -> None:
    manifests = _planted(leaky, provider=f"invalid{PROVIDER}")

    session = judge(tmp_path, *_ALOUD, "-k", _SHORT, manifests)

    assert session.code == 1, session.out
    assert "401" in session.out
    assert _left(tmp_path, session) == []
    assert _told(tmp_path)


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        (
            _base_url(f"http://user:{PASSWORD}@elsewhere.example/v1?key={QUERY}"),
            "://•••@elsewhere.example/v1?key=•••",
        ),
        (_broken_configuration, "does not start"),
    ],
    ids=["a password and a key in its URL", "a log that quotes keys"],
)
def test_a_wrong_deployment_tells_no_secret(
    tmp_path: Path, leaky: Path, change: Change, shown: str
) -> None:
    chosen = ("-m", "AC1 and not disruptive", *WITHOUT_PAGE)

    session = judge(tmp_path, *_ALOUD, *chosen, _planted(leaky, change))

    assert session.code == 1, session.out
    assert _left(tmp_path, session) == []
    assert shown in session.out


def test_a_run_that_breaks_down_tells_no_secret(tmp_path: Path, leaky: Path) -> None:
    session = judge(tmp_path, *_ALOUD, "-p", "crashing", "-k", _SHORT, _planted(leaky))

    assert session.code == pytest.ExitCode.INTERNAL_ERROR, session.out
    assert MASKED in session.out
    assert _left(tmp_path, session) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_run_that_is_killed_tells_no_secret(
    tmp_path: Path, leaky: Path, number: signal.Signals
) -> None:
    """Killed after some scenarios; what it was writing is there still."""
    log = tmp_path / "tmp.log"

    def answered() -> None:
        assert log.read_text().count("answers as itself") > 1

    with (
        log.open("wb") as out,
        subprocess.Popen(
            command(tmp_path, *_ALOUD, "-k", _SHORT, _planted(leaky)),
            cwd=REPOSITORY,
            env=environment(tmp_path),
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as run,
    ):
        try:
            eventually(answered, what="some scenarios to end", timeout=120)
            run.send_signal(number)
            run.wait(60)
        finally:
            run.kill()
    out_of_it = Session(code=run.returncode, out=log.read_text(), verdicts={})

    assert _left(tmp_path, out_of_it) == []
    assert _told(tmp_path)
