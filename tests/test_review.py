"""A change is judged: the table, the comment, and the very commands of the Action and its likes."""

import os
import re
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import yaml

from acceptance.command import comment, review
from acceptance.command.review import MARK, Side
from acceptance.errors import SetupError
from acceptance.message import explain
from acceptance.report.record import Record
from acceptance.waiting import eventually
from tests.report.records import RECORD
from tests.scripts import script
from tests.sources import REPOSITORY

_ACTION = REPOSITORY / "action.yml"
_CI = REPOSITORY / "docs/ci"


def _steps() -> dict[str, dict[str, Any]]:
    steps = yaml.safe_load(_ACTION.read_text(encoding="utf-8"))["runs"]["steps"]
    return {step["name"]: step for step in steps if "name" in step}


@pytest.fixture
def judged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Side]:
    """What is said of the state before, and of the change; asked in an empty folder."""
    sides: list[Side] = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(review, "_judged", lambda tree, *_, **__: sides[int(tree == Path())])
    return sides


def _red(good: Record) -> Record:
    rows = tuple(replace(each, verdict="failed", accepted=0) for each in good.requirements)
    found = replace(good.findings, endpoint="http://elsewhere:4000/v1")
    return replace(good, requirements=rows, findings=found, statement="NOT ACCEPTED on embedded")


def test_both_states_stand_in_one_table(
    judged: list[Side], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = RECORD
    judged += [Side(code=0, record=good), Side(code=1, record=_red(good))]
    assert review.main(["--base=../before"]) == 1
    text = (tmp_path / "reports/review.md").read_text(encoding="utf-8")
    assert text == f"{MARK}\n{capsys.readouterr().out}"
    assert "## NOT ACCEPTED on embedded" in text
    assert "**What this changes**" in text
    assert "http://elsewhere:4000/v1" in text
    assert re.search(r"\| AC1 \| .* \| passed \| failed \|", text), text


_WAITING = """
import signal, sys
from pathlib import Path

def end(*_):
    Path("ended").touch()
    sys.exit(3)

signal.signal(signal.SIGTERM, end)
Path("begun").touch()
signal.pause()
"""


def test_who_is_told_to_end_ends_what_judges_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(review, "called", lambda *_: [sys.executable, "-c", _WAITING])

    def begun() -> None:
        assert Path("begun").exists()

    def tell() -> None:
        eventually(begun, what="the judging", timeout=30)
        os.kill(os.getpid(), signal.SIGTERM)

    telling = Thread(target=tell)
    telling.start()
    with pytest.raises(KeyboardInterrupt):
        review.main(["--base=."])
    telling.join()
    assert Path("ended").exists()
    assert not Path("reports/review.md").exists()


def test_what_was_wrong_before_is_not_held_against_a_change(judged: list[Side]) -> None:
    good = RECORD
    judged += [Side(code=1, record=_red(good)), Side(code=0, record=good)]
    assert review.main(["--base=../before"]) == 0


def test_a_state_that_cannot_be_judged_says_why(
    judged: list[Side], capsys: pytest.CaptureFixture[str]
) -> None:
    judged += [Side(code=99, problem="`helm template` ended with 1"), Side(code=0, record=RECORD)]
    assert review.main(["--base=../before"]) == 0
    out = capsys.readouterr().out
    assert "What was there before could not be judged: `helm template` ended with 1" in out.replace(
        "\\", ""
    )
    why = explain("No manifests.", expected="some", found="none", where="here", fix="a|b")
    judged[:] = [judged[1], Side(code=99, problem=why)]
    assert review.main(["--base=../before"]) == 99
    told = capsys.readouterr().out
    assert told.startswith(
        "## NOT JUDGED: No manifests.\n\n**Why**\n\n- expected some\n- found none\n"
    )
    assert "- fix a\\|b\n" in told


def test_a_render_that_fails_is_not_judged_by_half(tmp_path: Path) -> None:
    side = review._judged(tmp_path, ".", "echo 'kind: Pod'; exit 3", [])  # noqa: SLF001  # without a lab
    assert side == Side(code=99, problem="`echo 'kind: Pod'; exit 3` ended with 3")
    side = review._judged(tmp_path / "gone", ".", "true", [])  # noqa: SLF001  # likewise
    assert side.code == 99
    assert "there is no folder" in side.problem


def test_a_folder_that_cannot_be_written_costs_no_minutes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "reports").write_text("a file")
    with pytest.raises(SetupError, match=r"The review cannot be written\.") as error:
        review.main(["--base=../before"])
    assert str(tmp_path / "reports/review.md") in str(error.value)


def test_an_earlier_review_is_not_taken_for_this_one(judged: list[Side], tmp_path: Path) -> None:
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports/review.md").write_text("of last week")
    with pytest.raises(IndexError):  # nothing was judged
        review.main(["--base=../before"])
    assert judged == []
    assert not (tmp_path / "reports/review.md").exists()


@pytest.mark.parametrize(("there", "does"), [("", "written"), ("77\n78\n", "renewed")])
def test_one_comment_is_renewed_and_not_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: str, does: str
) -> None:
    """As `gh api` has it; what it was asked is in a file."""
    sent = tmp_path / "sent"
    script(tmp_path / "bin/gh", f'echo "$@" >>"{tmp_path}/asked"\ncat >"{sent}"\nprintf "{there}"')
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SetupError, match="nothing was reviewed"):
        comment.main(["me/home#7"])
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports/review.md").write_text("x ✓\n" * 20_000, encoding="utf-8")
    assert comment.main(["me/home#7"]) == 0
    listed, wrote = (tmp_path / "asked").read_text().splitlines()
    assert listed.startswith("api --paginate repos/me/home/issues/7/comments --jq")
    assert MARK in listed
    assert "author_association" in listed, "a stranger's own comment is not renewed"
    told = sent.read_text(encoding="utf-8")
    assert len(told) < 65_536, "more is refused"
    assert told.startswith("x ✓\n")
    assert told.endswith("x ✓\n\nThe rest stands in the summary of the job.\n")
    place = (
        "-X PATCH repos/me/home/issues/comments/77" if there else "repos/me/home/issues/7/comments"
    )
    assert wrote == f"api {place} -F body=@-", does


def test_without_a_right_to_write_the_table_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script(tmp_path / "bin/gh", "echo 'Resource not accessible by integration' >&2; exit 1")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports/review.md").write_text("x")
    for path, told in ((tmp_path / "bin", "Resource not accessible"), (tmp_path, "No such file")):
        monkeypatch.setenv("PATH", str(path))
        with pytest.raises(SetupError, match=told):
            comment.main(["me/home#7"])


@pytest.fixture
def clone(tmp_path: Path) -> tuple[Path, str]:
    """A shallow clone of a pull request's merge, as a runner has it; and the commit before."""
    origin = tmp_path / "origin"
    manifests = origin / "manifests"
    manifests.mkdir(parents=True)
    git = ["git", "-C", str(origin), "-c", "user.name=a", "-c", "user.email=a@example"]

    def run(*arguments: str) -> str:
        return subprocess.run([*git, *arguments], check=True, capture_output=True, text=True).stdout

    run("init", "--quiet", "--initial-branch=main")
    run("config", "uploadpack.allowAnySHA1InWant", "true")
    (manifests / "a.yaml").write_text("before\n")
    run("add", ".")
    run("commit", "--quiet", "-m", "before")
    base = run("rev-parse", "HEAD").strip()
    (manifests / "a.yaml").write_text("after\n")
    run("commit", "--quiet", "-am", "after")
    here = tmp_path / "clone"
    depth = ["git", "clone", "--quiet", "--depth=1", origin.as_uri(), str(here)]
    subprocess.run(depth, check=True)
    return here, base


_STUB = 'cat "${3#--base=}/$2/a.yaml" "$2/a.yaml"; shift 3; printf "%s\\n" "$@"'
"""Stands for `wiredup review`: shows what it would judge, and its other arguments."""


def _bash(text: str, folder: Path, environ: dict[str, str]) -> str:
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", text],  # noqa: S607  # as a runner does
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", **environ},
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout


@pytest.mark.parametrize(
    ("inputs", "more"),
    [
        ({"RENDER": "", "CONTRACT": ""}, "\n"),
        ({"RENDER": "helm template x; $(id)", "CONTRACT": "a b"}, None),
    ],
)
def test_the_actions_commands_find_both_states(
    clone: tuple[Path, str], tmp_path: Path, inputs: dict[str, str], more: str | None
) -> None:
    here, base = clone
    script(tmp_path / "wiredup/bin/wiredup", _STUB)
    text = _steps()["What was there before"]["run"] + _steps()["Judge"]["run"]
    environ = {"RUNNER_TEMP": str(tmp_path), "BASE": base, "MANIFESTS": "manifests", **inputs}
    told = _bash(text, here, environ)
    more = more or "--render=helm template x; $(id)\n--contract=a b\n"
    assert told == f"before\nafter\n{more}"


def test_gitlabs_commands_do_too(clone: tuple[Path, str], tmp_path: Path) -> None:
    here, base = clone
    content = yaml.safe_load((_CI / "gitlab-review.yml").read_text(encoding="utf-8"))
    install, *commands = content["review"]["script"]
    assert install.startswith("pip install")
    stub = script(tmp_path / "bin/wiredup", _STUB)
    environ = {"CI_MERGE_REQUEST_DIFF_BASE_SHA": base, "PATH": f"{stub.parent}:/usr/bin:/bin"}
    assert _bash("\n".join(commands), here, environ) == "before\nafter\n\n"


def test_forgejos_commands_do_too(clone: tuple[Path, str], tmp_path: Path) -> None:
    here, base = clone
    content = yaml.safe_load((_CI / "forgejo-review.yml").read_text(encoding="utf-8"))
    fetch, _, judge = (step["run"] for step in content["jobs"]["review"]["steps"])
    head = _bash("git rev-parse HEAD", here, {}).strip()
    values = {
        "github.server_url": tmp_path.as_uri(),
        "github.repository": "origin",
        "github.event.pull_request.head.sha": head,
        "github.event.pull_request.base.sha": base,
    }
    for name, value in values.items():
        fetch = fetch.replace(f"${{{{ {name} }}}}", value)
    stub = script(tmp_path / "bin/wiredup", _STUB)
    folder = tmp_path / "forgejo/work"
    folder.mkdir(parents=True)
    environ = {"PATH": f"{stub.parent}:/usr/bin:/bin", "HOME": str(tmp_path)}
    assert _bash(f"{fetch}\n{judge}", folder, environ) == "before\nafter\n\n"


def test_the_action_pins_what_it_uses_and_hands_no_value_to_a_shell() -> None:
    text = _ACTION.read_text(encoding="utf-8")
    used = re.findall(r"uses: (.+)", text)
    assert used
    assert all(re.fullmatch(r"actions/\w[\w-]+@[0-9a-f]{40} # v[\d.]+", each) for each in used)
    steps = _steps()
    assert [name for name, step in steps.items() if "${{" in step["run"]] == []
    assert [name for name, step in steps.items() if "token" in str(step.get("env"))] == ["Comment"]


def test_the_document_for_github_asks_for_little() -> None:
    text = (_CI / "pull-request.yml").read_text(encoding="utf-8")
    content = yaml.safe_load(text)
    assert content["permissions"] == {"contents": "read", "pull-requests": "write"}
    assert "pull_request_target" not in text
    assert "secrets." not in text
    checkout = content["jobs"]["review"]["steps"][0]
    assert checkout["with"]["persist-credentials"] is False
    known = (REPOSITORY / ".github/workflows/ci.yml").read_text(encoding="utf-8")
    assert checkout["uses"] in known, "one version in all files"


def test_only_the_reports_of_the_change_are_kept(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Else the change is told that its last record is another deployment's."""
    asked = tmp_path / "asked"
    python = script(tmp_path / "python", f'echo "$@" >>"{asked}"')
    monkeypatch.setattr(sys, "executable", str(python))
    monkeypatch.chdir(tmp_path)
    review.main(["--base=before", "--contract=mine"])
    before, after = asked.read_text(encoding="utf-8").splitlines()
    assert re.search(r" check before --json --contract=mine --reports=\S+/reports$", before)
    assert after.endswith(" check . --json --contract=mine")


def test_the_same_python_judges(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What does not say its object is not judged; its own code stands."""
    python = script(tmp_path / "python", "echo 'no object'; exit 4")
    monkeypatch.setattr(sys, "executable", str(python))
    side = review._judged(tmp_path, ".", None, [])  # noqa: SLF001  # without a lab
    assert side == Side(code=4, problem="see what it printed above")
