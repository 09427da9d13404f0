"""The CronJob of `deploy/`, run on a real cluster: green, red, incomplete, and killed half-way."""

import copy
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from acceptance.kubernetes.rollout import settle
from acceptance.lab.cluster.lab import ClusterLab
from acceptance.report.record import PARTIAL, WHOLE, Record, intact, read
from acceptance.waiting import eventually
from tests.adapters.world import OPEN_WEBUI
from tests.canaries import texts
from tests.cluster.deployed import Deployed, Night, deployed
from tests.clusters import NODE, takes_the_image

pytestmark = takes_the_image
_DRILL = "drill: Deployment ml/vllm-server is scaled from 1 to 0"


@pytest.fixture(scope="module")
def suite(story: ClusterLab) -> Iterator[Deployed]:
    """The CronJob beside the story, with leave for drills."""
    with deployed(NODE, story.manifests) as found:
        found.kubectl("set", "env", "cronjob/acceptance", "ACCEPTANCE_DRILL=in-cluster")
        yield found


def _record(suite: Deployed, name: str = WHOLE) -> tuple[Record, str]:
    text = (suite.volume / name).read_text(encoding="utf-8")
    assert intact(text)
    return read(text)


def _backends(suite: Deployed) -> dict[str, int]:
    found = json.loads(suite.kubectl("get", "deployments", "--output=json", namespace="ml"))
    return {each["metadata"]["name"]: each["spec"]["replicas"] for each in found["items"]}


def _killed(suite: Deployed, night: Night) -> int:
    """End its process as a node that runs out of memory does."""
    mark = suite.layout.cgroup
    (process,) = [
        int(folder.name)
        for folder in Path("/proc").glob("[0-9]*")
        if _has(folder / "cmdline", "--target=live") and _has(folder / "cgroup", mark)
    ]
    os.kill(process, signal.SIGKILL)
    return night.code()


def _has(file: Path, text: str) -> bool:
    try:
        return text in file.read_text(encoding="utf-8")
    except OSError:  # it has ended
        return False


def test_a_green_night_completes_and_leaves_its_record(suite: Deployed) -> None:
    night = suite.start()

    assert night.code() == 0, night.log()
    assert night.outcome() == "Complete"
    record, _ = _record(suite)
    assert (record.verdict, record.target, record.partial) == ("ACCEPTED", "live", "")
    assert record.ran_by == "CronJob acceptance"
    assert _DRILL in night.log()
    assert set(_backends(suite).values()) == {1}
    left = {path.name for path in suite.volume.iterdir()}
    assert {"acceptance.html", "history.jsonl", "metrics.prom", "summary.md"} <= left
    written = "".join(texts(suite.volume).values()) + night.log()
    assert [secret for secret in suite.secrets if secret in written] == []


def test_a_red_night_fails_and_says_what_changed(suite: Deployed, story: ClusterLab) -> None:
    _, before = _record(suite)
    healthy = story.manifests
    workload = copy.deepcopy(dict(healthy.get("StatefulSet", "apps", "open-webui") or {}))
    variables = workload["spec"]["template"]["spec"]["containers"][0]["env"]
    variables.append({"name": "OPENAI_API_BASE_URL", "value": "https://api.openai.com/v1"})
    story.edit(healthy.with_changes([workload]))
    settle(story.api, OPEN_WEBUI, print)

    night = suite.start()

    assert night.code() == 1, night.log()
    assert night.outcome() == "Failed"
    record, _ = _record(suite)
    assert (record.verdict, record.previous) == ("NOT ACCEPTED", before)
    assert any("AC1" in change and "is failed" in change for change in record.changes)
    story.edit(healthy)
    settle(story.api, OPEN_WEBUI, print)


def test_a_night_that_is_told_to_stop_gives_back_what_it_took(suite: Deployed) -> None:
    """As the deadline of the job, or the drain of a node, tells it."""
    _, before = _record(suite)
    night = suite.start()
    night.wait_for(_DRILL)

    suite.kubectl("exec", f"job/{night.name}", "--", "sh", "-c", "kill -TERM 1")

    assert night.code() == pytest.ExitCode.INTERRUPTED, night.log()
    assert night.outcome() == "Failed"
    assert set(_backends(suite).values()) == {1}
    partial, _ = _record(suite, PARTIAL)
    assert "interrupted" in partial.partial
    assert _record(suite)[1] == before, "the last whole record stands"


def test_a_night_that_is_killed_loses_nothing_and_the_next_puts_it_right(suite: Deployed) -> None:
    _, before = _record(suite)
    night = suite.start()
    night.wait_for(_DRILL)

    assert _killed(suite, night) == 128 + signal.SIGKILL
    assert night.outcome() == "Failed"
    assert _record(suite)[1] == before, "the last whole record stands"
    assert _backends(suite)["vllm-server"] == 0

    following = suite.start()
    assert following.code() == 0, following.log()
    assert "an earlier run was killed" in following.log()
    assert set(_backends(suite).values()) == {1}
    record, _ = _record(suite)
    assert (record.verdict, record.previous) == ("ACCEPTED", before)
    assert not (suite.volume / PARTIAL).exists()
    eventually(lambda: _nothing_left(suite), what="the folders of the killed run to be gone")


def _nothing_left(suite: Deployed) -> None:
    assert list(suite.volume.glob(".making-*")) == []


def test_a_night_without_leave_for_drills_is_incomplete(suite: Deployed) -> None:
    suite.kubectl("set", "env", "cronjob/acceptance", "ACCEPTANCE_DRILL-")

    night = suite.start()

    assert night.code() == 98, night.log()
    assert "not proven without a drill" in night.log()
    assert _record(suite)[0].verdict == "INCOMPLETE"
