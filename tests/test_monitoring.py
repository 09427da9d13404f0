"""Alerts and dashboard: of metrics that are written, and by the rules of who reads them."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from acceptance.plugin.metrics import metrics
from tests.go_programs import go_program
from tests.report.records import RECORD
from tests.sources import REPOSITORY

_MONITORING = REPOSITORY / "deploy" / "monitoring"
_DASHBOARD = _MONITORING / "dashboard.json"
_GROUPS = yaml.safe_load((_MONITORING / "rules.yaml").read_text(encoding="utf-8"))["spec"]
_PANELS = json.loads(_DASHBOARD.read_text(encoding="utf-8"))["panels"]
_SCRAPED = {"job", "instance", "namespace", "pod", "container", "endpoint"}
"""Labels that Prometheus adds."""


def _written() -> Mapping[str, set[str]]:
    """The labels of each metric."""
    found: dict[str, set[str]] = {}
    for line in metrics(RECORD).splitlines():
        if sample := re.match(r"(\w+)\{(.*)\}", line):
            labels = re.findall(r'(\w+)="(?:[^"\\]|\\.)*"', sample[2])
            found.setdefault(sample[1], set()).update(labels)
    return found


def _questions() -> Iterator[tuple[str, str]]:
    """Each expression, with the text that its labels are shown in."""
    for rule in _GROUPS["groups"][0]["rules"]:
        yield rule["expr"], json.dumps(rule["annotations"])
    for panel in _PANELS:
        for target in panel["targets"]:
            yield target["expr"], target.get("legendFormat", "")


def test_each_question_is_of_metrics_and_labels_that_are_written() -> None:
    written = _written()
    for expression, shown in _questions():
        names = re.findall(r"\bacceptance_\w+", expression)
        assert names
        assert set(names) <= set(written), expression
        labels = set().union(*(written[name] for name in names)) | _SCRAPED
        asked = re.findall(r'(\w+)=~?"', expression) + re.findall(
            r"\{\{ *(?:\$labels\.)?(\w+)", shown
        )
        assert set(asked) <= labels, (expression, shown)


def test_each_metric_is_on_the_dashboard() -> None:
    text = "".join(target["expr"] for panel in _PANELS for target in panel["targets"])
    alone = {"acceptance_requirement_verdict", "acceptance_substituted"}
    assert {name for name in _written() if name not in text} == set()
    assert alone <= set(_written())


def test_the_columns_of_a_table_are_its_labels() -> None:
    written = _written()
    for panel in (each for each in _PANELS if each["type"] == "table"):
        (target,) = panel["targets"]
        (name,) = re.findall(r"\bacceptance_\w+", target["expr"])
        (transformation,) = panel["transformations"]
        assert set(transformation["options"]["renameByName"]) <= written[name] | {"Value"}
        assert not set(transformation["options"]["excludeByName"]) & written[name]


def test_the_panels_lie_beside_each_other() -> None:
    taken: set[tuple[int, int]] = set()
    for place in (each["gridPos"] for each in _PANELS):
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, place
        assert max(x for x, _ in cells) < 24
        taken |= cells
    assert len({each["id"] for each in _PANELS}) == len(_PANELS)
    assert [each["title"] for each in _PANELS if not each["description"]] == []


def test_grafana_knows_each_field_of_the_dashboard() -> None:
    """By Grafana's own types, strictly, its panels' options included."""
    if not (go := shutil.which("go")):
        pytest.skip("Grafana's types are a Go module, and there is no Go on PATH")
    command = [go, "run", "-C", str(REPOSITORY / "tests/grafana"), "-buildvcs=false", "."]
    done = subprocess.run([*command, _DASHBOARD], capture_output=True, text=True, check=False)
    if done.returncode and "grafana-foundation-sdk" in done.stderr:
        pytest.skip(f"they cannot be fetched: {done.stderr.strip().splitlines()[-1]}")
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def promtool() -> Path:
    """Prometheus' own checker of rules and metrics."""
    return go_program("github.com/prometheus/prometheus/cmd/promtool", "v0.316.0")


def _told(*command: object, stdin: str = "") -> tuple[int, str]:
    words = [str(word) for word in command]
    done = subprocess.run(words, input=stdin, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_prometheus_reads_the_metrics(promtool: Path) -> None:
    hostile = replace(
        RECORD, findings=replace(RECORD.findings, substituted={'a"\\': "b\nc \u202e ü"})
    )
    for record in (RECORD, hostile):
        text = metrics(record)
        assert _told(promtool, "check", "metrics", stdin=text) == (0, ""), text
    code, told = _told(promtool, "check", "metrics", stdin=text.replace('"} 1.0', "} 1.0"))
    assert code != 0, told


def test_the_alerts_ring_when_they_should_and_only_then(promtool: Path, tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump(_GROUPS), encoding="utf-8")
    shutil.copy(REPOSITORY / "tests/alerts.yaml", tmp_path)
    code, told = _told(promtool, "check", "rules", tmp_path / "rules.yaml")
    assert code == 0, told
    code, told = _told(promtool, "test", "rules", tmp_path / "alerts.yaml")
    assert code == 0, told
