"""The Action, step by step, as a runner takes them, on a repository of somebody's manifests.

It installs what the Action installs, and judges four states on real programs: `make deployments`.
"""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from acceptance.command.review import MARK
from tests.scripts import script
from tests.sources import REPOSITORY

_GIVEN = REPOSITORY / "tests/deployments/short-name-port-80/given/all.yaml"
"""Rendered from charts, as Renovate bumps them: Open WebUI asks http://litellm/v1."""
_STEPS: list[dict[str, Any]] = [
    step
    for step in yaml.safe_load((REPOSITORY / "action.yml").read_text(encoding="utf-8"))["runs"][
        "steps"
    ]
    if "run" in step
]
_MINUTES = 15


@dataclass(frozen=True, slots=True)
class Runner:
    """What one job finds, and leaves."""

    workspace: Path
    temporary: Path
    summary: Path
    known: dict[str, str]
    """Values of the expressions of GitHub."""

    def take(self, step: dict[str, Any]) -> int:
        """One step, as a composite action runs it; its exit code."""
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],  # noqa: S607  # as a runner does
            cwd=self.workspace,
            env={
                "PATH": f"{self.temporary / 'bin'}:/usr/local/bin:/usr/bin:/bin",
                "HOME": os.environ["HOME"],
                "RUNNER_TEMP": str(self.temporary),
                "GITHUB_STEP_SUMMARY": str(self.summary),
                "ACCEPTANCE_HANDS": "api",  # the page is judged in other tests
                **{name: self._value(text) for name, text in step.get("env", {}).items()},
            },
            timeout=_MINUTES * 60,
            check=False,
        )
        return done.returncode

    def _value(self, text: str) -> str:
        """A variable's value; `a || b` is the first that is not empty."""
        return re.sub(
            r"\$\{\{ (.+?) \}\}",
            lambda found: next(
                filter(None, (self.known[name] for name in found[1].split(" || "))), ""
            ),
            text,
        )

    def run(self) -> dict[str, int]:
        """The steps behind `Install`; after one that failed only those that ask for it."""
        codes: dict[str, int] = {}
        for step in _STEPS[1:]:
            if not any(codes.values()) or "always()" in step.get("if", ""):
                codes[step["name"]] = self.take(step)
        return codes


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the step `Install` makes, once for all."""
    temporary = tmp_path_factory.mktemp("runner")
    script(temporary / "bin/python", f'exec "{sys.executable}" "$@"')
    runner = Runner(temporary, temporary, temporary, _known(""))
    assert _STEPS[0]["name"] == "Install"
    assert runner.take(_STEPS[0]) == 0
    return temporary / "wiredup"


def _known(base: str) -> dict[str, str]:
    return {
        "github.action_path": str(REPOSITORY),
        "github.event.pull_request.base.sha": base,
        "github.event.number": "7",
        "github.repository": "me/home",
        "github.token": "hush",
        "inputs.base": "",
        "inputs.contract": "",
        "inputs.manifests": "manifests",
        "inputs.render": "",
    }


@pytest.mark.deployments
@pytest.mark.parametrize(
    ("replaced", "code", "told"),
    [
        pytest.param(
            ("kind: Deployment\nmetadata:\n", "kind: Deployment\nmetadata:\n  labels: {a: b}\n"),
            0,
            ("ACCEPTED", "Nothing that is judged changes."),
            id="a bump that changes labels alone",
        ),
        pytest.param(
            ("  - port: 80\n    targetPort: http\n", "  - port: 4000\n    targetPort: http\n"),
            1,
            ("NOT ACCEPTED", "What this changes", "has no port 80", "| passed | failed |"),
            id="a bump of a chart whose Service has another port now",
        ),
    ],
)
def test_a_bump_is_judged_before_it_is_merged(
    environment: Path,
    tmp_path: Path,
    replaced: tuple[str, str],
    code: int,
    told: tuple[str, ...],
) -> None:
    origin, workspace = tmp_path / "origin", tmp_path / "workspace"
    (origin / "manifests").mkdir(parents=True)
    manifests = origin / "manifests/all.yaml"
    git = ["git", "-C", str(origin), "-c", "user.name=renovate", "-c", "user.email=bot@example"]
    before = _GIVEN.read_text(encoding="utf-8")
    for text, subject in ((before, "before"), (before.replace(*replaced), "bump")):
        manifests.write_text(text, encoding="utf-8")
        subprocess.run([*git, "init", "--quiet"], check=True)
        subprocess.run([*git, "add", "."], check=True)
        subprocess.run([*git, "commit", "--quiet", "-m", subject], check=True)
    subprocess.run([*git, "config", "uploadpack.allowAnySHA1InWant", "true"], check=True)
    parent = [*git, "rev-parse", "HEAD^"]
    base = subprocess.run(parent, check=True, capture_output=True, text=True).stdout.strip()
    clone = ["git", "clone", "--quiet", "--depth=1", origin.as_uri(), str(workspace)]
    subprocess.run(clone, check=True)

    temporary = tmp_path / "runner"
    asked = tmp_path / "asked"
    script(temporary / "bin/gh", f'echo "$@" >>"{asked}"; cat >>"{asked}"')
    (temporary / "wiredup").symlink_to(environment)
    runner = Runner(workspace, temporary, tmp_path / "summary.md", _known(base))
    codes = runner.run()
    summary = runner.summary.read_text(encoding="utf-8")
    assert codes == {
        "What was there before": 0,
        "Judge": code,
        "Summary": 0,
        "Comment": 0,
    }, summary
    assert [each for each in told if each not in summary] == [], summary
    assert summary.startswith(MARK)
    assert "repos/me/home/issues/7/comments" in asked.read_text(encoding="utf-8")
    assert "hush" not in summary
