"""Drills on the story's own cluster: a run that ends in any way leaves every backend in place."""

import json
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from acceptance.kubernetes.lease import NAME as LEASE
from acceptance.kubernetes.workload_snapshot import BEFORE
from acceptance.lab.cluster.lab import ClusterLab
from acceptance.waiting import eventually
from tests.cluster.account import DRILLS, READ_ONLY, grant, kubeconfig, revoke, token
from tests.cluster.live import Done, Live
from tests.clusters import KUBECONFIG, needs_a_cluster

pytestmark = needs_a_cluster
_ONE = ("-k", "holds or (primary and refuses)")
"""One scenario that disturbs nothing, so that there is something to report, and then the drill."""
_INTERRUPTED = 2
"""The exit code of pytest for a run that was stopped (`make` says so too)."""


@pytest.fixture(autouse=True)
def _in_place(story: ClusterLab, live: Live) -> None:
    """Begin with vLLM in place, whatever the test before has left."""
    live.make("restore", f"CONTEXT={live.context}")
    assert _vllm(story)["spec"]["replicas"] == 1


def _vllm(story: ClusterLab) -> dict[str, Any]:
    found = story.api.get("Deployment", "ml", "vllm-server")
    assert found
    return dict(found)


def _lease(story: ClusterLab) -> object:
    return story.api.get("Lease", "ml", LEASE)


def _require_in_place(story: ClusterLab, live: Live, done: Done) -> None:
    vllm = _vllm(story)
    assert vllm["spec"]["replicas"] == 1, done.out
    assert BEFORE not in vllm["metadata"].get("annotations", {}), done.out
    assert _lease(story) is None, done.out
    assert live.notes == [], done.out


def _require_away(story: ClusterLab) -> None:
    vllm = _vllm(story)
    assert (vllm["spec"]["replicas"], vllm["metadata"]["annotations"][BEFORE]) == (0, "1")


def _drill(live: Live, moments: str = "") -> Done:
    return live.run(*_ONE, f"--drill={live.context}", moments=moments)


def test_a_drill_that_nobody_disturbs_hands_in_its_certificate(
    story: ClusterLab, live: Live
) -> None:
    before = _vllm(story)

    done = _drill(live)

    assert done.code == 0, done.out
    _require_in_place(story, live, done)
    after = _vllm(story)
    assert after["spec"] == before["spec"]
    owners = [each["manager"] for each in after["metadata"]["managedFields"]]
    assert owners == [each["manager"] for each in before["metadata"]["managedFields"]]
    (failover,) = live.record()["findings"]["failovers"]
    (recovery,) = live.record()["findings"]["recoveries"]
    certificate = "Deployment ml/vllm-server has 1 pod again, its spec is as before"
    assert (recovery["model"], recovery["certificate"]) == ("vllm-qwen", certificate)
    assert failover["seconds"] > 0
    assert 0 < recovery["seconds"] < 60
    steps = [
        json.loads(file.read_text(encoding="utf-8"))["steps"][-1]
        for file in (live.reports / "allure-results").glob("*-result.json")
    ]
    (end,) = [each for each in steps if each["name"] == "The drill ends"]
    (chart,) = end["attachments"]
    drawn = (live.reports / "allure-results" / chart["source"]).read_text(encoding="utf-8")
    assert certificate in drawn
    assert "vllm-qwen serves again" in drawn


@pytest.mark.parametrize(
    ("number", "moment"),
    [
        (signal.SIGINT, "taking"),
        (signal.SIGINT, "after taking"),
        (signal.SIGINT, "going"),
        (signal.SIGINT, "away"),
        (signal.SIGINT, "giving back"),
        (signal.SIGINT, "coming"),
        (signal.SIGTERM, "going"),
        (signal.SIGTERM, "away"),
        (signal.SIGHUP, "away"),
    ],
)
def test_a_run_that_is_told_to_stop_gives_back_first(
    story: ClusterLab, live: Live, number: signal.Signals, moment: str
) -> None:
    done = _drill(live, f"{moment}={number.name}")

    assert done.code == _INTERRUPTED, done.out
    _require_in_place(story, live, done)
    assert live.record()["partial"].startswith("interrupted, 1 of 2 scenarios were")


@pytest.mark.parametrize(
    "moments",
    [
        "taking=SIGINT,giving back=SIGINT",
        "away=SIGINT,giving back=SIGINT",
        "away=SIGINT,coming=SIGINT",
        "away=SIGTERM,giving back=SIGINT",
        "away=SIGINT,giving back=SIGTERM",
    ],
)
def test_whoever_presses_ctrl_c_twice_has_it_given_back_too(
    story: ClusterLab, live: Live, moments: str
) -> None:
    done = _drill(live, moments)

    assert done.code != 0, done.out
    eventually(lambda: _require_in_place(story, live, done), what="the pods to be told")


def test_a_scenario_that_fails_in_the_middle_gives_back(story: ClusterLab, live: Live) -> None:
    done = _drill(live, "away=fails")

    assert done.code == 1, done.out
    assert "the scenario fails here" in done.out
    _require_in_place(story, live, done)


@pytest.mark.parametrize("moment", ["after taking", "going", "away", "giving back"])
def test_what_a_killed_run_left_away_stops_the_next_until_it_is_restored(
    story: ClusterLab, live: Live, moment: str
) -> None:
    killed = _drill(live, f"{moment}=SIGKILL")
    assert killed.code == -signal.SIGKILL, killed.out
    _require_away(story)
    assert len(live.notes) == 1

    refused = live.run(*_ONE)
    assert refused.code == 99, refused.out
    assert "Deployment ml/vllm-server, which had 1 pod" in refused.out
    assert f"make restore CONTEXT={live.context}" in refused.out
    _require_away(story)

    restored = live.make("restore", f"CONTEXT={live.context}")
    assert restored.code == 0, restored.out
    assert "Deployment ml/vllm-server has 1 pod again, its spec is as before" in restored.out
    _require_in_place(story, live, restored)


def test_the_next_run_with_a_drill_gives_back_first(story: ClusterLab, live: Live) -> None:
    killed = _drill(live, "away=SIGKILL")
    assert killed.code == -signal.SIGKILL, killed.out

    done = _drill(live)

    assert done.code == 0, done.out
    assert done.out.index("is scaled back to 1") < done.out.index("cluster: context")
    assert "waiting for Lease ml/acceptance-drill to be free" in done.out
    _require_in_place(story, live, done)


@pytest.mark.parametrize("moment", ["taking", "after giving back", "coming"])
def test_a_run_that_was_killed_with_nothing_away_stops_nobody(
    story: ClusterLab, live: Live, moment: str
) -> None:
    killed = _drill(live, f"{moment}=SIGKILL")
    assert killed.code == -signal.SIGKILL, killed.out
    assert _vllm(story)["spec"]["replicas"] == 1

    restored = live.make("restore", f"CONTEXT={live.context}")

    assert (restored.code, "nothing is away" in restored.out) == (0, True), restored.out
    assert live.notes == []


def test_while_one_drill_is_under_way_nobody_else_judges(story: ClusterLab, live: Live) -> None:
    with live.paused(*_ONE, f"--drill={live.context}"):
        drill, harmless = _drill(live), live.run(*_ONE)
        restored = live.make("restore", f"CONTEXT={live.context}")
        _require_away(story)
    assert (drill.code, harmless.code) == (99, 99)
    for out in (drill.out, restored.out):
        assert "another drill is under way: Lease acceptance-drill is held by" in out
    assert "it is under way still, or it was killed" in harmless.out
    assert restored.code == 2, "make's own code for a command that failed"


def test_the_context_must_be_named(story: ClusterLab, live: Live) -> None:
    done = live.run(*_ONE, "--drill=production")
    assert done.code == 99, done.out
    assert "The drill was meant for another cluster." in done.out
    assert _vllm(story)["spec"]["replicas"] == 1


def test_without_the_right_to_change_a_backend_no_drill_begins(
    story: ClusterLab, live: Live, tmp_path: Path
) -> None:
    grant(story.api, READ_ONLY)
    grant(story.api, DRILLS, without="patch deployments")
    file = kubeconfig(tmp_path / "kubeconfig", KUBECONFIG, token=token(story.api))
    done = replace(live, kubeconfig=file).run(*_ONE, f"--drill={live.context}")
    revoke(story.api, DRILLS)
    assert done.code == 98, done.out
    words = "missing rights: patch deployments.apps; deploy/rbac/drills.yaml grants them"
    assert f"not proven: no drill with Deployment ml/vllm-server: {words}" in " ".join(
        done.out.split()
    )
    assert f"drill: vLLM stays: no drill with Deployment ml/vllm-server: {words}" in done.out
    assert _lease(story) is None
