"""Why an installer failed, read from what pip, uv or npm printed."""

from __future__ import annotations  # Python 3.8 reads this too, see acceptance.installation

import re
import textwrap
from dataclasses import dataclass

_LAST_LINES = 12
_LONGEST_LINE = 200
_LONGEST_LATEST = 80


@dataclass(frozen=True)
class Cause:
    """A reason for which an installer fails, in words for people."""

    sign: str
    """Pattern that gives it away, in the words of pip, uv and npm."""
    expected: str
    found: str
    fix: str


_CAUSES = (
    Cause(
        sign=r"No space left|ENOSPC|Errno 28\b|os error 28\b|quota exceeded",
        expected="a disk with room for it",
        found="the disk is full",
        fix="free some disk space and start again: what is half built is then built anew",
    ),
    Cause(
        sign=r"hash mismatch|DO NOT MATCH THE HASHES|EINTEGRITY",
        expected="packages with the hashes of the lock file",
        found="a package with another content",
        fix="do not use it; ask whoever runs your package mirror or proxy what it alters",
    ),
    Cause(
        sign=r"permission denied|EACCES|EPERM|read-only file system|EROFS",
        expected="folders that can be written",
        found="a folder that cannot be written",
        fix="make the folder named below writable, or use another place: --cache=DIR",
    ),
    Cause(
        sign=r"name resolution|dns error|ENOTFOUND|EAI_AGAIN|ECONN|ETIMEDOUT|ENETUNREACH"
        r"|connection (?:error|refused|reset|broken)|failed to establish a new connection"
        r"|from versions: none"
        r"|error sending request|failed to fetch|unreachable|timed out|max retries",
        expected="a package registry that answers; needed once, later runs need no network",
        found="no connection to it",
        fix="connect, or set the proxy or mirror that pip, uv and npm use on your network",
    ),
)
_UNKNOWN = Cause(
    sign="",
    expected="an installer that ends well",
    found="it failed",
    fix="read its last lines below; start again: what is half built is then built anew",
)


def cause_of(output: str) -> Cause:
    """The first known cause that shows in the output."""
    for cause in _CAUSES:
        if re.search(cause.sign, output, re.IGNORECASE):
            return cause
    return _UNKNOWN


def last_line(output: str) -> str:
    """What the installer is at: the last line that says something, shortened."""
    lines = output.strip().splitlines()
    return " ".join(lines[-1].split())[:_LONGEST_LATEST] if lines else ""


def last_lines(output: str) -> str:
    """The end of the output, indented."""
    lines = [line.rstrip()[:_LONGEST_LINE] for line in output.splitlines() if line.strip()]
    return textwrap.indent("\n".join(lines[-_LAST_LINES:]) or "(nothing was printed)", "  ")
