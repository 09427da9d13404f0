"""Canaries of each kind, planted where secrets are met: none is in anything that a run writes."""

import json
from pathlib import Path

import pytest

from acceptance.lab.environments import CACHE
from acceptance.report.html import ensure_allure
from tests.canaries import MASKED, MASTER, PROVIDER, SAID, found, unescaped
from tests.plugin.project import STEPS, run, write
from tests.story import TAGS

_STEPS = f"""
import logging
from dataclasses import replace

import allure

from acceptance.checks.findings import Findings, Served

SAID = {SAID!r}


@pytest.fixture(scope="session", autouse=True)
def learn(target, pytestconfig):
    mask = redactor(pytestconfig)
    for known in ({MASTER!r}, {PROVIDER!r}):  # as the Secrets of the manifests are
        mask.add(Secret(known))
    about = pytestconfig.stash[JUDGED]
    compared = Compared(criterion="AC1", declared=SAID, effective=SAID, observed=SAID)
    found = Findings(endpoint=SAID, models=(Served(name="m", upstream=SAID, host=SAID),))
    pytestconfig.stash[JUDGED] = replace(
        about, versions={{"Open WebUI": SAID}}, compared=(compared,), notes=(SAID,), findings=found
    )


@given("everything speaks")
def _(record_property):
    print(SAID)
    logging.getLogger("suite").warning(SAID)
    record_property("said", SAID)
    allure.attach(SAID, SAID, allure.attachment_type.TEXT)
    allure.attach(SAID.encode(), "bytes")
    allure.dynamic.parameter("said", SAID)


@then("it fails")
def _():
    assert not SAID, explain(SAID, expected=SAID, found=SAID, where=SAID, fix=SAID)


@then("it breaks")
def _():
    raise ValueError(SAID)


@then("a provider refuses")
def _():
    raise Inconclusive(SAID)
"""
_FEATURE = f"{' '.join(f'@{tag}' for tag in TAGS)}\nFeature: Canaries\n" + "".join(
    f"\n  Scenario: {title}\n    Given everything speaks\n    {then}\n"
    for title, then in {
        "Green": "Then it holds",
        "Red": "Then it fails",
        "Broken": "Then it breaks",
        "Refused": "Then a provider refuses",
    }.items()
)
_CRASHES = {
    "nothing": "",
    "an internal error": "def pytest_runtest_logfinish(nodeid):\n    raise RuntimeError(SAID)\n",
    "an exit": (
        "import pytest\n"
        "def pytest_runtest_logfinish(nodeid):\n    pytest.exit(SAID, returncode=7)\n"
    ),
    "an interrupt": "def pytest_runtest_logfinish(nodeid):\n    raise KeyboardInterrupt(SAID)\n",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project in which everything speaks of secrets."""
    ensure_allure(CACHE, lambda _line: None)
    write(tmp_path, plugins=("record", "html_report"), canaries=_FEATURE, steps=STEPS + _STEPS)
    with (tmp_path / "conftest.py").open("a") as conftest:
        conftest.write(f"SAID = {SAID!r}\n")
    return tmp_path


@pytest.mark.parametrize("crash", _CRASHES.values(), ids=_CRASHES)
@pytest.mark.parametrize("only", ["green", ""], ids=["green", "all colours"])
def test_no_canary_is_in_anything_that_a_run_writes(project: Path, crash: str, only: str) -> None:
    with (project / "conftest.py").open("a") as conftest:
        conftest.write(crash)

    chosen = ["-k", only, "--junit-xml=reports/named.xml"] if only else []
    done = run(project, *chosen, "-rA", "-o", "junit_logging=all")

    assert found(done.reports, done.out) == []
    assert "•••" in done.out
    junit = done.reports / ("named.xml" if only else "junit.xml")
    assert junit.exists() or crash == _CRASHES["an exit"]


def test_the_search_finds_a_canary_in_the_html_file(project: Path) -> None:
    """The test above would be worth nothing if it looked past Allure's encoding."""
    run(project, "-k", "green")
    html = (project / "reports/acceptance.html").read_text()

    assert "everything speaks" in unescaped(html)
    assert "••• at https" in unescaped(html)


def test_what_a_reader_needs_is_still_there(project: Path) -> None:
    done = run(project)

    record = json.loads((done.reports / "signoff.json").read_text())
    assert MASKED in record["notes"][0]
    assert "?alt=sse&key=•••" in record["notes"][0]


def test_internal_names_are_masked_with_one_option(project: Path) -> None:
    text = (project / "test_features.py").read_text()
    (project / "test_features.py").write_text(
        text.replace("SAID = ", "SAID = 'http://litellm.ml.svc.cluster.local:4000 10.1.2.3 ' + ", 1)
    )

    shown = run(project)
    assert "litellm.ml.svc" in (shown.reports / "signoff.json").read_text()
    masked = run(project, ACCEPTANCE_MASK_HOSTS="true")

    for file in masked.reports.rglob("*"):
        if file.is_file() and "history" not in file.name:
            text = file.read_bytes().decode(errors="replace")
            assert "litellm.ml.svc" not in text + unescaped(text), file
            assert "10.1.2.3" not in text + unescaped(text), file
    assert "litellm.ml.svc" not in masked.out
    assert "http://host-" in (masked.reports / "signoff.json").read_text()
