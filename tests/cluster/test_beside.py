"""What deploy/ offers beside the CronJob, run for real: the Job after a sync, and `helm test`."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from acceptance.lab.cluster.lab import ClusterLab
from acceptance.report.record import WHOLE, read
from tests.cluster.account import DRILLS
from tests.cluster.deployed import Deployed, Night, deployed, prepared, rendered
from tests.clusters import NODE, takes_the_image
from tests.go_programs import go_program
from tests.sources import REPOSITORY

pytestmark = takes_the_image
_LEAVE = "in-cluster"


@pytest.fixture(scope="module")
def helm() -> Path:
    """Helm, from the Go module proxy where it is not on PATH."""
    return go_program("helm.sh/helm/v3/cmd/helm", "v3.22.0")


def _ran_by(suite: Deployed) -> tuple[str, str]:
    record, _ = read((suite.volume / WHOLE).read_text(encoding="utf-8"))
    return record.verdict, record.ran_by


def _only(text: str, *kinds: str) -> str:
    """Of an overlay, the objects of these kinds."""
    objects = [each for each in yaml.safe_load_all(text) if each["kind"] in kinds]
    return yaml.safe_dump_all(objects)


def test_the_job_after_a_sync_judges_and_what_it_leaves_is_there_for_prometheus(
    story: ClusterLab, tmp_path: Path
) -> None:
    """Argo CD itself is not there: kubectl applies what it would apply, in its order."""
    job, metrics, flux = (tmp_path / name for name in ("job.yaml", "metrics.yaml", "flux.yaml"))
    job.write_text(_only(rendered("argo-cd", tmp_path, drill=_LEAVE), "Job"))
    flux.write_text(_only(rendered("flux", tmp_path, drill=_LEAVE), "Job"))
    metrics.write_text(_only(rendered("monitoring", tmp_path, drill=_LEAVE), "Deployment"))
    with deployed(NODE, story.manifests) as suite:
        suite.kubectl("apply", "--validate=strict", "--dry-run=server", f"--filename={flux}")
        suite.kubectl("apply", "--validate=strict", f"--filename={job}")
        night = Night(name="acceptance-post-sync", deployed=suite)
        assert night.code() == 0, night.log()
        assert night.outcome() == "Complete"
        assert _ran_by(suite) == ("ACCEPTED", "acceptance-post-sync")

        suite.kubectl("apply", "--validate=strict", f"--filename={metrics}")
        server = "deployment/acceptance-metrics"
        suite.kubectl("wait", "--for=condition=Available", server, "--timeout=120s")
        fetch = "print(urlopen('http://127.0.0.1:8000/metrics.prom').read().decode())"
        python = ("/suite/.venv/bin/python", "-c", f"from urllib.request import urlopen; {fetch}")
        told = suite.kubectl("exec", server, "--", *python)
        assert 'acceptance_accepted{target="live"} 1.0' in told


@pytest.fixture
def released(story: ClusterLab, helm: Path, tmp_path: Path) -> Iterator[tuple[Deployed, Path]]:
    """The chart that the page tells to make, installed as it tells, and where it is."""
    suite = prepared(NODE, story.manifests)
    chart = tmp_path / "chart"
    (chart / "templates").mkdir(parents=True)
    shutil.copy(REPOSITORY / "deploy/helm-test/Chart.yaml", chart)
    _write(chart, rendered("helm-test", tmp_path, drill=_LEAVE))
    try:
        _helm(suite, helm, "install", "acceptance", chart, "--create-namespace")
        suite.kubectl("apply", f"--filename={DRILLS}", namespace="")
        suite.give_accounts()
        suite.own_the_volume()
        yield suite, chart
    finally:
        suite.call(helm, "uninstall", "acceptance", "--namespace=acceptance", "--wait")
        suite.kubectl("delete", f"--filename={DRILLS}", namespace="", check=False)
        suite.kubectl("delete", "--wait", "namespace/acceptance", check=False)


def _write(chart: Path, text: str) -> None:
    (chart / "templates/acceptance.yaml").write_text(text, encoding="utf-8")


def _helm(suite: Deployed, helm: Path, *words: str | Path) -> str:
    done = suite.call(helm, *words, "--namespace=acceptance")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_helm_test_is_green_where_the_story_is_accepted_and_red_otherwise(
    released: tuple[Deployed, Path], helm: Path, tmp_path: Path
) -> None:
    suite, chart = released
    ask = ("test", "acceptance", "--logs", "--timeout=15m")

    told = _helm(suite, helm, *ask)
    assert "ACCEPTED on live" in told, told
    assert _ran_by(suite) == ("ACCEPTED", "acceptance-helm-test")

    _write(chart, rendered("helm-test", tmp_path, drill=""))
    _helm(suite, helm, "upgrade", "acceptance", chart)
    done = suite.call(helm, *ask, "--namespace=acceptance")
    assert done.returncode == 1, done.stdout
    assert "INCOMPLETE on live" in done.stdout, done.stdout
    assert [secret for secret in suite.secrets if secret in done.stdout + done.stderr] == []
