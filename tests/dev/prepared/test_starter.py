"""Prepared processes on small programs: when one suits a pod, and what its children are."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from acceptance.lab.embedded import process
from acceptance.lab.embedded.lab import EmbeddedLab
from acceptance.lab.embedded.manifests import Manifests
from acceptance.lab.environments import Environment
from acceptance.waiting import eventually
from dev.prepared import starter
from dev.prepared.first_import import FirstImport
from dev.prepared.starter import PreparedStarter
from tests.lab.embedded import fake
from tests.lab.embedded.inside import POD_PYTHON

MODULE = "import os\nGREETING = os.environ.get('GREETING', 'hello')\n"
GATEWAY = "ml/litellm-0"
Start = Callable[..., EmbeddedLab]


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, Environment]:
    """Small programs, for which a module is imported beforehand that reads `GREETING`."""
    (tmp_path / "greeting.py").write_text(MODULE)
    monkeypatch.setattr(process, "_POD_PYTHON", f"{POD_PYTHON}{os.pathsep}{tmp_path}")
    modules = FirstImport(modules=("no_such_module", "greeting"))
    monkeypatch.setattr(starter, "first_import", lambda *_, **__: modules)
    return fake.programs(tmp_path)


@pytest.fixture
def said() -> list[str]:
    """What the starter said."""
    return []


@pytest.fixture
def start(programs: Mapping[str, Environment], tmp_path: Path, said: list[str]) -> Iterator[Start]:
    """Starts a lab from prepared processes, with variables for LiteLLM's small program."""
    with ExitStack() as closing:

        def begin(mode: str = "serve", **variables: str) -> EmbeddedLab:
            lab = EmbeddedLab(
                gateway(mode, **variables),
                programs.__getitem__,
                starter=PreparedStarter(cache=tmp_path, say=said.append),
            )
            return closing.enter_context(lab)

        yield begin


def gateway(mode: str = "serve", **variables: str) -> Manifests:
    return Manifests(fake.objects("litellm", mode, **variables))


def told(lab: EmbeddedLab, key: str = GATEWAY, path: str = "/") -> dict[str, Any]:
    port = next(iter(lab.pods[key].ports().values()))
    answer: dict[str, Any] = httpx.get(f"http://127.0.0.1:{port}{path}", trust_env=False).json()
    return answer


def gone(process_id: int) -> None:
    with pytest.raises(ProcessLookupError):
        os.kill(process_id, 0)


def test_a_program_is_a_child_of_the_process_that_has_imported(start: Start) -> None:
    lab = start(EXTRA="1")

    program = told(lab)
    assert program["greeting"] == "hello"
    assert program["parent"] != os.getpid()
    assert os.getpgid(program["pid"]) == program["pid"]
    assert program["environment"]["EXTRA"] == "1"
    assert "LAB_LIFELINE" not in program["environment"]
    assert lab.pods[GATEWAY].log(5).startswith("starting litellm serve")


def test_another_value_of_what_no_import_has_read_needs_no_other_parent(
    start: Start, said: list[str]
) -> None:
    lab = start(EXTRA="1")
    before = told(lab)

    lab.apply(gateway(EXTRA="2", MORE="3"))

    after = told(lab)
    assert after["parent"] == before["parent"]
    assert after["pid"] != before["pid"]
    assert (after["environment"]["EXTRA"], after["environment"]["MORE"]) == ("2", "3")
    assert said == ["preparing litellm: once for this environment"]


@pytest.mark.parametrize("name", ["GREETING", "https_proxy", "NO_PROXY", "PYTHONHASHSEED"])
def test_another_value_of_what_was_read_while_importing_needs_another_parent(
    start: Start, said: list[str], name: str
) -> None:
    lab = start()
    before = told(lab)

    lab.apply(gateway(**{name: "1"}))

    after = told(lab)
    assert after["parent"] != before["parent"]
    assert after["greeting"] == after["environment"].get("GREETING", "hello")
    lab.apply(gateway())
    assert told(lab)["parent"] == before["parent"]
    assert len(said) == 2


def test_who_looks_at_all_variables_has_read_each(
    start: Start, tmp_path: Path, programs: Mapping[str, Environment]
) -> None:
    del programs
    (tmp_path / "greeting.py").write_text("import os\nGREETING = len([*os.environ])\n")
    lab = start()
    before = told(lab)

    lab.apply(gateway(EXTRA="1"))

    assert told(lab)["greeting"] == before["greeting"] + 1


def test_what_cannot_be_prepared_starts_cold(
    start: Start, said: list[str], tmp_path: Path, programs: Mapping[str, Environment]
) -> None:
    del programs
    (tmp_path / "greeting.py").write_text("raise SystemExit('not here')\n")

    lab = start()

    assert told(lab)["parent"] == os.getpid()
    assert said[-1] == "litellm cannot be prepared in this environment: cold start"


def test_a_child_that_ends_by_itself_tells_its_status_and_last_lines(start: Start) -> None:
    lab = start("ends")

    pod = lab.pods[GATEWAY]
    assert pod.ended_by_itself
    assert "found     it ended with status 3" in pod.problem
    assert pod.problem.endswith("starting litellm ends\nthe database is from another version")


def test_a_child_that_ignores_a_polite_request_is_ended_all_the_same(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "_STOP_TIMEOUT", 0.3)
    lab = start("stubborn")
    program = told(lab)["pid"]

    lab.reset()

    gone(program)


def test_children_of_a_parent_that_is_no_longer_needed_are_watched_on(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(starter, "_MOST", 1)
    lab = start()
    second = [
        {**item, "metadata": {**item["metadata"], "name": "second"}}
        for item in fake.objects("litellm", "serve", GREETING="good evening")
    ]

    lab.apply(lab.manifests.with_changes(second))

    assert told(lab, "ml/second-0")["greeting"] == "good evening"
    assert told(lab)["greeting"] == "hello"
    told(lab, path="/end")
    eventually(lambda: _ended(lab), what="its end to be known", interval=0.02)


def _ended(lab: EmbeddedLab) -> None:
    assert lab.pods[GATEWAY].ended_by_itself


def test_nothing_is_left_when_the_lab_ends(programs: Mapping[str, Environment]) -> None:
    starter = PreparedStarter(cache=Path())
    with EmbeddedLab(gateway(), programs.__getitem__, starter=starter) as lab:
        program = told(lab)

    gone(program["pid"])
    gone(program["parent"])
    assert not lab.folder.exists()


def test_a_database_is_laid_only_where_none_is_and_none_is_steered(tmp_path: Path) -> None:
    kept = tmp_path / "kept.db"
    kept.write_text("empty")
    first = FirstImport(modules=(), database=kept)
    fresh, used = tmp_path / "fresh", tmp_path / "used"
    fresh.mkdir()
    used.mkdir()
    (used / "webui.db").write_text("chats")

    for folder in (fresh, used):
        first.lay({"DATA_DIR": str(folder)})

    assert (fresh / "webui.db").read_text() == "empty"
    assert (used / "webui.db").read_text() == "chats"
    (fresh / "webui.db").unlink()
    first.lay({"DATA_DIR": str(fresh), "DATABASE_URL": "sqlite:////elsewhere.db"})
    assert not (fresh / "webui.db").exists()
