"""Judge a change: what is there now beside what was there before, in one table for reviewers."""

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from acceptance import files
from acceptance.command.arguments import Arguments
from acceptance.errors import SetupError
from acceptance.message import explain
from acceptance.report.changes import changes
from acceptance.report.markdown import review
from acceptance.report.record import Record, read
from acceptance.shipped import COMMAND, called
from acceptance.signals import sigterm_like_ctrl_c
from acceptance.verdict import ExitCode

REVIEW = Path("reports/review.md")
MARK = f"<!-- {COMMAND} review -->"
"""Its first line, by which a comment is found again."""
_MORE = f"""\
examples:
  {COMMAND} review manifests --base=../before
  {COMMAND} review --base=../before --render='kustomize build overlays/home'

The table is also in {REVIEW}; `{COMMAND} comment` writes it to a pull request. Options that
are not listed are those of {COMMAND} check. The exit code is that of the change: what was wrong
before is shown, and is not held against it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Side:
    """What was said of one state."""

    code: int
    record: Record | None = None
    problem: str = ""
    """Why it was not judged."""


def main(arguments: list[str]) -> int:
    """Exit code: that of the change."""
    path = "."
    if arguments and not arguments[0].startswith("-"):
        path, *arguments = arguments
    parser = Arguments("review", __doc__, usage="[PATH] --base=DIR [OPTION …]", more=_MORE)
    parser.add_argument("--base", required=True, help="the folder as it was; PATH is in it too")
    parser.add_argument("--render", help="a shell command that prints the manifests, run in both")
    given, rest = parser.parse_known_args(arguments)
    _make_room()
    before = _judged(Path(given.base), path, given.render, rest, kept=False)
    after = _judged(Path(), path, given.render, rest)
    changed = changes(before.record, after.record) if before.record and after.record else ()
    text = review(
        before.record, after.record, changed, before_is=before.problem, after_is=after.problem
    )
    files.write(REVIEW, f"{MARK}\n{text}")
    sys.stdout.write(text)
    return after.code


def _make_room() -> None:
    """Take the table of an earlier review away, before minutes are spent on a new one.

    Raises:
        SetupError: nothing can be written here.
    """
    try:
        REVIEW.parent.mkdir(exist_ok=True)
        files.write(REVIEW, "")
        REVIEW.unlink()
    except OSError as error:
        raise SetupError(
            explain(
                "The review cannot be written.",
                expected="a folder that this user may write, on a disk that has room",
                found=str(error.strerror or error),
                where=str(REVIEW.absolute()),
                fix="call it in a folder that you may write to, and name PATH from there",
            )
        ) from error


def _judged(
    tree: Path, path: str, render: str | None, options: list[str], *, kept: bool = True
) -> Side:
    """One state, judged by a process of its own, whose words go to standard error.

    The reports of what was there before are not kept: the change would be compared with them twice.
    """
    with tempfile.TemporaryDirectory(prefix="wiredup-review-") as folder:
        manifests = tree / path
        if render:
            if not tree.is_dir():
                return Side(code=ExitCode.UNFIT, problem=f"there is no folder {tree}")
            manifests = Path(folder, "rendered.yaml")
            with manifests.open("wb") as out:
                done = subprocess.run(render, shell=True, cwd=tree, stdout=out, check=False)  # noqa: S602  # the caller's own command
            if done.returncode:
                return Side(code=ExitCode.UNFIT, problem=f"`{render}` ended with {done.returncode}")
        elsewhere = [] if kept else [f"--reports={folder}/reports"]
        command = called("check", str(manifests), "--json", *options, *elsewhere)
        code, printed = _ended(command)
    try:
        told: dict[str, Any] = json.loads(printed)
    except ValueError:
        return Side(code=code or ExitCode.UNFIT, problem="see what it printed above")
    record = read(json.dumps(told["record"]))[0] if told["record"] else None
    problem = "" if record else "; ".join(told["unfit"]) or "see what it printed above"
    return Side(code=told["exit_code"], record=record, problem=problem)


def _ended(command: list[str]) -> tuple[int, bytes]:
    """The exit code of a process, and what it printed; whoever ends this one ends that one, too.

    Raises:
        KeyboardInterrupt: this one was told to end, by Ctrl-C or SIGTERM.
    """
    with (
        sigterm_like_ctrl_c(),
        subprocess.Popen(command, stdout=subprocess.PIPE) as process,
    ):
        try:
            printed, _ = process.communicate()
        except KeyboardInterrupt:
            process.terminate()
            process.communicate()
            raise
    return process.returncode, printed
