"""Allure's page made one's own: it gets its cover, and loads nothing from anywhere."""

import re
from pathlib import Path

from domain.record import read
from tools.cover.page import cover

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


def bind(page: Path, record: Path | None) -> bool:
    """Bind the page in place; say whether it shows a run of the whole story.

    Raises:
        UnreadableRecordError: that is no record.
    """
    html = page.read_text(encoding="utf-8").replace("<head>", _OFFLINE, 1)
    html = _ANALYTICS.sub("", html, count=1)
    whole = True
    if record:
        content, digest = read(record.read_text(encoding="utf-8"))
        html = html.replace("<body>", f"<body>{cover(content, digest)}", 1)
        whole = not content.partial
    page.write_text(html, encoding="utf-8")
    return whole
