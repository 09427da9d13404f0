"""Allure's page made one's own: it gets its cover, and loads nothing from anywhere.

It says which record it shows, and ends with a seal, the digest over all that stands before: a page
of another run, one that was cut off and one that somebody has edited are told from it. Like the
record's own digest it proves nothing of who made it; only the record is signed.
"""

import hashlib
import re
from pathlib import Path

from acceptance import files
from acceptance.report.cover.page import cover
from acceptance.report.record import read
from acceptance.report.waterfall import PICTURE

_OFFLINE = (
    '<head><meta http-equiv="Content-Security-Policy" '
    "content=\"default-src data: blob: 'unsafe-inline' 'unsafe-eval'\">"
)
"""Lets the file load nothing from anywhere: whatever it shows is in it."""
_ANALYTICS = re.compile(
    r'<script async src="https://www\.googletagmanager\.com/.*?</script>\s*<script>.*?</script>',
    re.DOTALL,
)
"""What Allure 3.18.0 puts into each report (plugin-awesome, dist/generators.js), with no switch."""


_SHOWS = '<meta name="acceptance-record" content="{}">'
_MOST_BYTES = 500_000_000
"""Of a page; one with all that a long run attaches has some tens of millions."""
_SEAL = "\n<!-- sealed sha256:{} -->\n"


class ForeignPageError(ValueError):
    """A page that nobody bound, or that was changed since."""


def bind(page: Path, record: Path | None) -> bool:
    """Bind the page in place; say whether it shows a run of the whole story.

    Raises:
        UnreadableRecordError: that is no record.
    """
    html, digest, whole = _ANALYTICS.sub("", page.read_text("utf-8"), count=1), "", True
    if record:
        content, digest = read(record.read_text(encoding="utf-8"))
        picture = record.with_name(PICTURE)
        waterfall = picture.read_text(encoding="utf-8") if picture.is_file() else ""
        html = html.replace("<body>", f"<body>{cover(content, digest, waterfall)}", 1)
        whole = not content.partial
    html = html.replace("<head>", f"{_OFFLINE}{_SHOWS.format(digest)}", 1)
    page.write_text(f"{html}{_SEAL.format(_sum(html.encode()))}", encoding="utf-8")
    return whole


def shown(page: Path) -> str:
    """Digest of the record that a page shows; empty for a page without a record.

    Raises:
        ForeignPageError: it is not as it was bound.
    """
    try:
        content = files.content(page, _MOST_BYTES)
    except OSError as error:
        raise ForeignPageError(f"it cannot be read: {error}") from error
    length = len(_SEAL.format(_sum(b"")))
    bound, seal = content[:-length], content[-length:]
    before, _, after = bound.partition(_SHOWS.partition("{}")[0].encode())
    if seal != _SEAL.format(_sum(bound)).encode() or not after or b"<body" in before:
        raise ForeignPageError("it was changed since it was made, or made by something else")
    return after.partition(b'"')[0].decode(errors="replace")


def _sum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
