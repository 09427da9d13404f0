"""The workflows hold no logic, pin what they use, and may do as little as they need."""

import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from acceptance.report.record import WHOLE
from tests.sources import REPOSITORY

_GITHUB = REPOSITORY / ".github"
_WORKFLOWS = sorted((_GITHUB / "workflows").glob("*.yml"))
_FILES = [*_WORKFLOWS, *sorted((_GITHUB / "actions").glob("*/action.yml"))]
_GITLAB = REPOSITORY / "docs/ci/gitlab-ci.yml"
_ACTIONLINT = "github.com/rhysd/actionlint/cmd/actionlint@v1.7.12"
_TARGETS = set(re.findall(r"^([\w-]+):", (REPOSITORY / "Makefile").read_text(), re.MULTILINE))
_COMMAND = re.compile(r'make (?:--silent )?([\w-]+)(?: >> "\$GITHUB_STEP_SUMMARY")?')


def _content(path: Path) -> Mapping[str, Any]:
    content: Mapping[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return content


def _jobs() -> Iterator[tuple[str, Mapping[str, Any]]]:
    for path in _WORKFLOWS:
        for name, job in _content(path)["jobs"].items():
            yield f"{path.stem}: {name}", job


def _steps(uses: str) -> list[Mapping[str, Any]]:
    """The steps of all jobs that use this action."""
    return [
        step
        for _, job in _jobs()
        for step in job["steps"]
        if uses in step.get("uses", "none of it")
    ]


def _commands() -> Iterator[str]:
    for _, job in _jobs():
        yield from (step["run"] for step in job["steps"] if "run" in step)
    for job in _content(_GITLAB).values():
        if isinstance(job, dict):
            yield from (*job.get("script", ()), *job.get("after_script", ()))


def test_each_command_is_a_target_that_a_person_can_run() -> None:
    commands = list(_commands())
    matched = [_COMMAND.fullmatch(command) for command in commands]
    targets = [match[1] if match else None for match in matched]
    assert {"test", "accept", "accept-kind", "summary", "announce", "image"} <= set(targets)
    wrong = [
        command for command, target in zip(commands, targets, strict=True) if target not in _TARGETS
    ]
    assert wrong == []


@pytest.mark.parametrize("path", _FILES, ids=lambda path: path.parent.name + path.name)
def test_each_action_is_pinned_by_its_commit_with_the_version_beside_it(path: Path) -> None:
    used = re.findall(r"uses: (.+)", path.read_text(encoding="utf-8"))
    pinned = re.compile(r"actions/[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
    own = [each for each in used if each.startswith("./")]
    assert used
    assert [each for each in used if each not in own and not pinned.fullmatch(each)] == []
    assert [each for each in own if not (REPOSITORY / each / "action.yml").exists()] == []


def test_an_action_has_one_version_in_all_files() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in _FILES)
    versions: dict[str, set[str]] = {}
    for name, pin in re.findall(r"uses: (actions/[\w-]+)\S*@(.+)", text):
        versions.setdefault(name, set()).add(pin)
    assert {name: pins for name, pins in versions.items() if len(pins) > 1} == {}


def test_only_the_job_that_announces_may_write_and_only_issues() -> None:
    assert {path.name: _content(path)["permissions"] for path in _WORKFLOWS} == {
        "ci.yml": {"contents": "read"},
        "nightly.yml": {"contents": "read"},
    }
    own = {name: job["permissions"] for name, job in _jobs() if "permissions" in job}
    assert own == {"nightly: announce": {"contents": "read", "issues": "write"}}


def test_no_secret_is_near_a_pull_request() -> None:
    texts = {path.name: path.read_text(encoding="utf-8") for path in _FILES}
    assert [name for name, text in texts.items() if "secrets." in text] == []
    assert [name for name, text in texts.items() if "github.token" in text] == ["nightly.yml"]
    assert [name for name, text in texts.items() if "pull_request" in text] == ["ci.yml"]
    assert [step for step in _steps("checkout") if step["with"]["persist-credentials"]] == []


def test_nothing_runs_without_an_end_or_twice_at_the_same_time() -> None:
    assert [name for name, job in _jobs() if not 0 < job["timeout-minutes"] <= 90] == []
    assert [path.name for path in _WORKFLOWS if not _content(path)["concurrency"]["group"]] == []


def test_the_history_that_a_run_reads_is_carried_from_night_to_night() -> None:
    needed = {"reports/history.jsonl", f"reports/{WHOLE}"}
    carried = [set(step["with"]["path"].split()) for step in _steps("cache/")]
    assert carried == [needed, needed], "restored, and saved"
    assert set(_content(_GITLAB)["nightly"]["cache"][1]["paths"]) == needed


def test_the_linter_of_github_actions_finds_nothing() -> None:
    assert _linted(REPOSITORY, *_WORKFLOWS, REPOSITORY / "docs/ci/pull-request.yml") == ""


@pytest.mark.parametrize("wrong", ["", "inputs.bsae"])
def test_it_finds_nothing_in_the_action_either(tmp_path: Path, wrong: str) -> None:
    """It reads workflows alone: its steps stand in one here, and another one uses it."""
    text = (REPOSITORY / "action.yml").read_text(encoding="utf-8")
    (tmp_path / "action.yml").write_text(text, encoding="utf-8")
    action = yaml.safe_load(text.replace("inputs.base", wrong or "inputs.base"))
    inputs = {name: {"type": "string", **each} for name, each in action["inputs"].items()}
    jobs = {
        "inside": action["runs"]["steps"],
        "outside": [{"uses": "./", "with": dict.fromkeys(inputs, "x")}],
    }
    workflow = {
        "on": {"pull_request": None, "workflow_call": {"inputs": inputs}},
        "jobs": {name: {"runs-on": "ubuntu-24.04", "steps": each} for name, each in jobs.items()},
    }
    (tmp_path / ".git").mkdir()
    file = tmp_path / ".github/workflows/x.yml"
    file.parent.mkdir(parents=True)
    file.write_text(yaml.safe_dump(workflow, sort_keys=False), encoding="utf-8")
    assert (wrong or "nothing") in (_linted(tmp_path, file) or "nothing")


def _linted(folder: Path, *files: Path) -> str:
    """What actionlint says of workflows."""
    if not (go := shutil.which("go")):
        pytest.skip("actionlint is a program in Go, and there is no Go on PATH")
    lint = [go, "run", _ACTIONLINT, "-shellcheck=", "-pyflakes=", *map(str, files)]
    done = subprocess.run(lint, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode and _ACTIONLINT.partition("@")[0] in done.stderr:
        pytest.skip(f"actionlint could not be built: {done.stderr.strip().splitlines()[-1]}")
    told = [
        each
        for each in done.stderr.splitlines()
        if not each.startswith(("go: downloading ", "exit status "))
    ]
    assert bool(done.returncode) == bool(done.stdout)
    return done.stdout + "\n".join(told)
