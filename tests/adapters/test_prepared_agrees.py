"""A lab from prepared processes and one from cold starts: the same programs, the same verdicts."""

import re
import sqlite3
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from acceptance.lab.embedded.lab import EmbeddedLab
from acceptance.lab.embedded.manifests import DEFAULT, Manifests
from acceptance.lab.embedded.running_labs import published
from acceptance.lab.environments import Environment
from tests.lab.sessions import judge

WEBUI = "apps/open-webui-0"
_EACH_ITS_OWN = re.compile(
    r"[0-9a-f]{8}-[0-9a-f-]{27}|\$2b\$\S{56}|\b1[0-9]{9}\b|\"?https?://127\S*"
)
"""Identifiers, hashes and times, which differ between any two boots."""


@pytest.fixture(scope="module")
def cold(programs: Mapping[str, Environment]) -> Iterator[EmbeddedLab]:
    """The reference: each program in a new process, on an empty volume."""
    with EmbeddedLab(Manifests.load(DEFAULT), programs.__getitem__) as up:
        yield up


@pytest.fixture(scope="module")
def labs(lab: EmbeddedLab, cold: EmbeddedLab) -> tuple[EmbeddedLab, EmbeddedLab]:
    """Both, at the same time."""
    assert "Running upgrade" in cold.pods[WEBUI].log(10_000)
    assert "Running upgrade" not in lab.pods[WEBUI].log(10_000)  # its tables were there already
    return lab, cold


def database(lab: EmbeddedLab) -> dict[str, list[str]]:
    """Each table's definition and rows, without what differs between any two boots.

    The order of a table's constraints is such a thing: the migrations take it from a set.
    """
    (file,) = lab.folder.glob("pods/apps_open-webui-0/claims/data/webui.db")
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as connection:
        tables = connection.execute("SELECT name, sql FROM sqlite_master").fetchall()
        return {
            name: [
                *sorted(line.strip(" \t,") for line in definition.splitlines()),
                *sorted(
                    _EACH_ITS_OWN.sub("…", str(row))
                    for row in connection.execute(f'SELECT * FROM "{name}"')  # noqa: S608
                ),
            ]
            for name, definition in tables
            if definition and definition.startswith("CREATE TABLE")
        }


def test_a_fresh_database_is_the_same(labs: tuple[EmbeddedLab, EmbeddedLab]) -> None:
    prepared, cold = map(database, labs)

    assert prepared.keys() == cold.keys()
    assert len(cold["config"]) > 300
    assert {name: rows for name, rows in prepared.items() if rows != cold[name]} == {}


def test_the_configuration_in_force_is_the_same(labs: tuple[EmbeddedLab, EmbeddedLab]) -> None:
    prepared, cold = (gateway_settings(lab) for lab in labs)

    assert prepared == cold
    assert cold["wrong key"] not in (200, cold["right key"])


def gateway_settings(lab: EmbeddedLab) -> dict[str, object]:
    pod = lab.pods["ml/litellm-0"]
    key = pod.plan.environment["LITELLM_MASTER_KEY"].value.reveal()
    with httpx.Client(
        base_url=f"http://127.0.0.1:{pod.ports()[4000]}", trust_env=False, timeout=30
    ) as client:

        def get(path: str, bearer: str = key) -> httpx.Response:
            return client.get(path, headers={"authorization": f"Bearer {bearer}"})

        fields = get("/router/settings").json()["fields"]
        return {
            "right key": get("/v1/models").status_code,
            "wrong key": get("/v1/models", "sk-of-somebody-else").status_code,
            "models": [model["id"] for model in get("/v1/models").json()["data"]],
            "chain": get("/fallback/vllm-qwen").json(),
            "router": {field["field_name"]: field["field_value"] for field in fields},
        }


def test_both_are_judged_alike_at_the_same_time(
    labs: tuple[EmbeddedLab, EmbeddedLab], tmp_path: Path
) -> None:
    def verdicts(lab: EmbeddedLab) -> dict[str, str]:
        folder = tmp_path / lab.folder.name
        folder.mkdir()
        with published(lab, folder / "cache"):
            session = judge(
                folder, "--reuse", "--cache", str(folder / "cache"), "-m", "AC1 and not disruptive"
            )
        assert session.verdicts, session.out
        return {"exit code": str(session.code), **session.verdicts}

    with ThreadPoolExecutor() as pool:
        prepared, cold = pool.map(verdicts, labs)

    assert prepared == cold
    assert set(cold.values()) == {"passed", "0"}, cold
