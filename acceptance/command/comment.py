"""Write the table of `wiredup review` to a pull request, or renew the comment that has it."""

import re
import subprocess
import sys

from acceptance.command.arguments import Arguments
from acceptance.command.review import MARK, REVIEW
from acceptance.errors import SetupError
from acceptance.message import explain
from acceptance.verdict import ExitCode

_PLACE = re.compile(r"([\w.-]+/[\w.-]+)#([1-9]\d*)")
_OURS = (
    f'.[] | select((.body | startswith("{MARK}")) and (.user.type == "Bot" or '
    '(.author_association | IN("OWNER", "MEMBER", "COLLABORATOR")))) | .id'
)
"""A stranger's comment would be his to change after it was renewed."""
_LONGEST = 60_000
"""Characters; GitHub takes 65,536."""
_MORE = "It needs gh, and a token in GH_TOKEN that may write to pull requests."


def main(arguments: list[str]) -> int:
    """Exit code: 0 once it is there, 99 where it cannot be."""
    parser = Arguments("comment", __doc__, usage="OWNER/REPOSITORY#NUMBER", more=_MORE)
    parser.add_argument("place", metavar="OWNER/REPOSITORY#NUMBER")
    given = parser.parse_args(arguments).place
    if not (place := _PLACE.fullmatch(given)):
        parser.error(f"{given}: expected OWNER/REPOSITORY#NUMBER")
    if not REVIEW.is_file():
        raise SetupError(_not_commented(f"no {REVIEW}: nothing was reviewed"))
    sys.stdout.write(f"{_commented(place[1], place[2])}\n")
    return ExitCode.ACCEPTED


def _commented(repository: str, number: str) -> str:
    """Write or renew the one comment; what is said of it."""
    comments = f"repos/{repository}/issues/{number}/comments"
    found = _gh("--paginate", comments, "--jq", _OURS).split()
    renewed = ["-X", "PATCH", f"repos/{repository}/issues/comments/{found[0]}"] if found else []
    text = _cut(REVIEW.read_text(encoding="utf-8"))
    _gh(*(renewed or [comments]), "-F", "body=@-", sent=text)
    return f"the comment at {repository}#{number} is {'renewed' if renewed else 'written'}"


def _cut(text: str) -> str:
    """As many whole lines as a comment takes."""
    if len(text) <= _LONGEST:
        return text
    return text[:_LONGEST].rpartition("\n")[0] + "\n\nThe rest stands in the summary of the job.\n"


def _gh(*arguments: str, sent: str = "") -> str:
    try:
        done = subprocess.run(
            ["gh", "api", *arguments],  # noqa: S607  # whichever gh is there
            input=sent,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
    except OSError as error:
        raise SetupError(_not_commented(str(error))) from error
    if done.returncode:
        raise SetupError(_not_commented(" ".join(done.stderr.split())))
    return done.stdout


def _not_commented(found: str) -> str:
    return explain(
        "There is no comment.",
        expected="gh, and a token that may write to pull requests",
        found=found,
        where="gh api",
        fix=f"the table is in {REVIEW}; a pull request of a fork may not write",
    )
