"""`make announce`: opens or updates a GitHub issue when the verdict changed, and only then.

With ACCEPTANCE_ANNOUNCE and ACCEPTANCE_ANNOUNCE_URL a webhook is told instead.
"""

import argparse
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

from acceptance import files
from acceptance.errors import SetupError
from acceptance.message import explain
from acceptance.report.announcement import NONE, Announcement, announcement, mark_in
from acceptance.report.github import GitHub
from acceptance.report.webhook import Webhook
from acceptance.secret import Secret
from acceptance.shown import visible, whole
from acceptance.verdict import ExitCode

_REPORTS = Path("reports")
_MEMORY = "announced"
"""Name of the file, beside the record, that holds the mark of what a webhook was told last."""


def tell(told: Announcement, webhook: Webhook, reports: Path, say: Callable[[str], None]) -> None:
    """Tell a webhook, unless it was told the same, or was never told that something is wrong.

    What it did not take is not remembered: the next run makes up for it.

    Raises:
        SetupError: it is not told.
    """
    memory = reports / _MEMORY
    try:
        last = files.content(memory).decode(errors="replace") if memory.exists() else ""
        if last == told.mark or (told.accepted and not last):
            say("nothing to announce: told before, or accepted from the first")
            return
        webhook.tell(told)
        reports.mkdir(parents=True, exist_ok=True)
        files.write(memory, told.mark)
    except OSError as error:
        raise SetupError(_forgetful(memory, error)) from error
    say(f"announced: {told.title}")


def _forgetful(memory: Path, error: OSError) -> str:
    return explain(
        "What a webhook was told last cannot be kept, so that it may be told again.",
        expected="a file that this user may read and write",
        found=str(error),
        where=str(memory),
        fix="free the place or the rights",
    )


def announce(told: Announcement, github: GitHub, say: Callable[[str], None]) -> None:
    """Tell it, unless the newest issue says it already.

    An issue that a person closed stays closed for as long as nothing changes.

    Raises:
        SetupError: GitHub refuses or is not reached.
    """
    last = github.latest()
    if last is None and told.accepted:
        say("accepted, and no issue says otherwise: nothing to announce")
    elif last and told.mark == mark_in(last.body):
        say(f"nothing changed since {last.address}")
    elif last and (last.open or told.accepted):
        say(f"updated: {github.update(last, told).address}")
    else:
        say(f"opened: {github.open(told).address}")


def _github(environ: Mapping[str, str]) -> GitHub | None:
    """The repository as a job of GitHub Actions is told of it; None without a token."""
    token, repository = (environ.get(f"GITHUB_{name}", "") for name in ("TOKEN", "REPOSITORY"))
    if not token:
        return None
    if not repository:
        raise SetupError(
            explain(
                "There is a token, and no repository to announce in.",
                expected="GITHUB_REPOSITORY=owner/name",
                found="GITHUB_TOKEN only",
                where="environment variables",
                fix="make announce GITHUB_REPOSITORY=owner/name",
            )
        )
    return GitHub(
        repository, Secret(token), environ.get("GITHUB_API_URL", "https://api.github.com")
    )


def _webhook(environ: Mapping[str, str]) -> Webhook | None:
    kind, address, token = (
        environ.get(f"ACCEPTANCE_ANNOUNCE{name}", "") for name in ("", "_URL", "_TOKEN")
    )
    if kind in ("", NONE) and not address:
        return None
    return Webhook(kind=kind, address=Secret(address), token=Secret(token))


def _run(environ: Mapping[str, str]) -> str:
    """Address of the job's run; empty outside of one."""
    names = ("SERVER_URL", "REPOSITORY", "RUN_ID")
    server, repository, number = (environ.get(f"GITHUB_{name}", "") for name in names)
    return f"{server}/{repository}/actions/runs/{number}" if number else ""


def main(arguments: list[str] | None = None, environ: Mapping[str, str] = os.environ) -> int:
    """Exit code: 0 when there was nothing to say or it was said, 99 when it could not be."""
    parser = argparse.ArgumentParser(prog="make announce", description=__doc__)
    parser.add_argument("--reports", type=Path, default=_REPORTS, help="folder [%(default)s]")
    options = parser.parse_args(arguments)

    def say(line: str) -> None:
        print(visible(whole(line)), flush=True)  # noqa: T201  # a command's own output

    told = announcement(options.reports, run=_run(environ))
    try:
        if webhook := _webhook(environ):
            tell(told, webhook, options.reports, say)
            return ExitCode.ACCEPTED
        github = _github(environ)
        if github is None:
            say("no GITHUB_TOKEN: nothing is sent. Unless an issue says it already, this would be:")
            say(f"\n{told.title}\n\n{told.body}")
            return ExitCode.ACCEPTED
        with closing(github):
            announce(told, github, say)
    except SetupError as error:
        say(str(error))
        return ExitCode.UNFIT
    return ExitCode.ACCEPTED


if __name__ == "__main__":
    sys.exit(main())
