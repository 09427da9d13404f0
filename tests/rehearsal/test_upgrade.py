"""Real rehearsals: of the locked pair in the gate, of known breaks by `make test-upgrades`."""

import copy
import os
import sqlite3
from pathlib import Path

import pytest
import yaml

from acceptance.lab.embedded.lab import EmbeddedLab
from acceptance.lab.embedded.manifests import DEFAULT, Manifests
from acceptance.lab.embedded.plan import of_versions
from acceptance.lab.environments import CACHE
from acceptance.rehearsal.__main__ import main
from acceptance.rehearsal.comparison import compare
from acceptance.rehearsal.life import Kind, Life
from acceptance.rehearsal.stage import Deployment, Judge, Stage
from acceptance.resources import ServiceName
from acceptance.waiting import quiet
from dev.kill_matrix.worker import programs
from tests.lab.shared import SharedLab

needs_versions = pytest.mark.skipif(
    not os.environ.get("LAB_UPGRADES"), reason="needs versions of some GB: make test-upgrades"
)
_OPEN_WEBUI = ServiceName(namespace="apps", name="open-webui", port=0)
_GATEWAY = ServiceName(namespace="ml", name="litellm", port=0)


class _Lived:
    """A lab on which people lived, and how they left it."""

    def __init__(self, lab: EmbeddedLab, judge: Judge | None = None) -> None:
        self.lab = lab
        self._judge = judge
        self._deployment = Deployment(lab, _OPEN_WEBUI, _GATEWAY)
        target = self._deployment.target()
        self._life = Life(target.administrator, quiet)
        self._life.live(target.open_webui)
        assert self._life.left_out == []
        self.before = self._deployment.stage("before", self._life, judge)

    def on(self, manifests: Manifests) -> Stage:
        """The next stage, by these manifests, on the same volumes."""
        self.lab.run_versions(manifests, programs(CACHE))
        return self._deployment.stage("after", self._life, self._judge)


def _open_webui_with(manifests: Manifests, *, fleeting: bool = False, **more: str) -> Manifests:
    """The manifests, with another environment, or with data that no restart survives."""
    owner = manifests.get("StatefulSet", "apps", "open-webui")
    assert owner is not None
    mine = copy.deepcopy(dict(owner))
    spec = mine["spec"]["template"]["spec"]
    if fleeting:
        mine["spec"]["volumeClaimTemplates"] = []
        spec["volumes"] = [{"name": "data", "emptyDir": {}}]
    environment = spec["containers"][0]["env"]
    environment += [{"name": name, "value": value} for name, value in more.items()]
    return manifests.with_changes([mine])


def test_an_upgrade_that_changes_nothing_makes_nothing_worse(
    tmp_path: Path, shared: SharedLab
) -> None:
    """The healthy control, judged by pytest, too; two scenarios of the contract suffice here."""
    few = ("-m", "AC1 and task1_1", "-p", "no:cacheprovider", "-q")
    judge = Judge(contract=DEFAULT.parents[1] / "features", cache=CACHE, reports=tmp_path, more=few)
    manifests = Manifests.load(DEFAULT)
    lived = _Lived(shared.with_(manifests), judge)
    after = lived.on(manifests)

    assert [each for each in lived.before.seen if not each.well] == []
    assert {each.kind for each in after.seen} == set(Kind)
    for stage in (lived.before, after):
        assert stage.record is not None
        assert {each.verdict for each in stage.record.scenarios} == {"passed"}
        assert set(stage.record.findings.locks) == {"LiteLLM", "Open WebUI"}
    assert compare(lived.before, after).worse == ()
    assert (tmp_path / "after" / "signoff-partial.json").exists()


def test_data_that_does_not_outlive_its_pod_is_missed(shared: SharedLab) -> None:
    manifests = _open_webui_with(Manifests.load(DEFAULT), fleeting=True)
    lived = _Lived(shared.with_(manifests))
    found = compare(lived.before, lived.on(manifests))

    told = "\n".join(found.worse)
    assert "an ordinary user no longer signs in as before: 400" in told
    assert "another administrator no longer signs in as before: 400" in told
    assert "the model rehearsal-assistant vanished from the selector of the administrator" in told
    assert "the administrator is not shown any conversation" in told
    assert "the group Rehearsal is gone" in told


def test_what_cannot_be_rehearsed_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--to", "open-webui=0.12.4,litellm=1.106.2", "--bisect"]) == 99
    assert "It is not clear which program's releases" in capsys.readouterr().out
    assert main(["--to", "litellm=1.82.8"]) == 99
    assert "MAL-2026-2144" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(["--to", "0.12.4"])
    assert "expected open-webui=X,litellm=Y" in capsys.readouterr().err


def _folder(tmp_path: Path, manifests: Manifests) -> Path:
    file = tmp_path / "manifests" / "all.yaml"
    file.parent.mkdir()
    file.write_text(yaml.safe_dump_all([dict(each) for each in manifests]), encoding="utf-8")
    return file.parent


@needs_versions
def test_a_workspace_model_whose_base_is_entered_nowhere(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """open-webui#28181: since 0.11.0 ordinary users are told "Model not found"."""
    manifests = _open_webui_with(Manifests.load(DEFAULT), BYPASS_MODEL_ACCESS_CONTROL="False")
    code = main(
        [
            *("--manifests", str(_folder(tmp_path, manifests)), "--without-contract"),
            *("--from", "open-webui=0.10.2", "--to", "open-webui=0.12.4"),
            *("--reports", str(tmp_path / "reports")),
        ]
    )
    said = capsys.readouterr().out
    assert code == 1
    assert "rehearsal-assistant no longer answers an ordinary user: 400: Model not found" in said
    assert "no longer answers the administrator" not in said
    assert "**WORSE: 2 things" in (tmp_path / "reports/rehearsal.md").read_text("utf-8")


@needs_versions
def test_a_release_whose_migrations_cannot_be_imported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """open-webui#29280: 0.11.2 imports its own configuration in a circle, and does not start."""
    upgrade = ("--from", "open-webui=0.10.2", "--to", "open-webui=0.11.2")
    assert main([*upgrade, "--without-contract", "--reports", str(tmp_path)]) == 1
    said = capsys.readouterr().out
    assert "it does not serve: StatefulSet apps/open-webui does not start." in said
    assert "a migration failed: Error running migrations: cannot import name" in said


@needs_versions
def test_a_migration_that_was_interrupted_once(tmp_path: Path) -> None:
    """open-webui#21945: 0.8 finds half of its own table, says so in its log, and starts."""
    old = of_versions(Manifests.load(DEFAULT), {"open-webui": "0.7.2"})
    with EmbeddedLab(old, programs(CACHE)) as lab:
        lived = _Lived(lab)
        lab.keep_volumes(tmp_path / "volumes")
        (database,) = (lab.folder / "pods").rglob("claims/**/webui.db")
        with sqlite3.connect(database) as connection:
            connection.execute("CREATE TABLE chat_message (id TEXT NOT NULL PRIMARY KEY)")
        found = compare(lived.before, lived.on(of_versions(old, {"open-webui": "0.8.12"})))
    assert any("table chat_message already exists" in line for line in found.worse)


@needs_versions
def test_a_step_back_does_not_start(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Open WebUI does not support it: 0.7.2 does not know the migrations of 0.12.4."""
    code = main(
        [
            *("--from", "open-webui=0.12.4", "--to", "open-webui=0.7.2", "--without-contract"),
            *("--reports", str(tmp_path)),
        ]
    )
    assert code == 1
    said = capsys.readouterr().out
    assert "it does not serve: StatefulSet apps/open-webui does not start." in said
    assert "a migration failed: " in said
