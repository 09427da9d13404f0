"""Whether there is a browser, and how one is installed; asked without importing Playwright."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from acceptance.errors import SetupError
from acceptance.message import explain
from acceptance.shipped import IN_CHECKOUT

_COMMANDS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_PROGRAMS = (
    "chromium-*/chrome-linux*/chrome",
    "chromium-*/chrome-mac*/*.app/Contents/MacOS/*",
    "chromium-*/chrome-win*/chrome.exe",
)
"""Where `playwright install chromium` puts it, under its cache folder (1.65)."""
_CACHES = {
    "linux": ".cache/ms-playwright",
    "darwin": "Library/Caches/ms-playwright",
    "win32": "AppData/Local/ms-playwright",
}
INSTALL = (
    "apt-get install chromium (Debian), or "
    f"{'.venv/bin/python' if IN_CHECKOUT else sys.executable} -m playwright install chromium, "
    "or --browser-path=/path/to/chromium"
)


def find_browser(given: str = "") -> Path | None:
    """The browser to use: the one given, else one on PATH, else Playwright's own; None without.

    Raises:
        SetupError: the one given is no program.
    """
    if not given:
        return next(_found(), None)
    program = shutil.which(given)
    if program is None:
        raise SetupError(
            explain(
                "The browser that was named cannot be started.",
                expected="the path of a Chromium",
                found=given,
                where="--browser-path",
                fix=INSTALL,
            )
        )
    return Path(program)


def _found() -> Iterator[Path]:
    yield from (Path(path) for name in _COMMANDS if (path := shutil.which(name)))
    cache = Path.home() / _CACHES.get(sys.platform, _CACHES["linux"])
    for pattern in _PROGRAMS:
        yield from sorted(cache.glob(pattern), reverse=True)
