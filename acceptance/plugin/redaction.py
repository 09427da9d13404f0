"""Nothing that is written holds a known secret: reports are masked before anyone reads them.

The JUnit file is made of pytest's reports, which `verdicts` masks, and the terminal is written
through the redactor. Allure takes its texts from the exceptions themselves: `masked_files` masks
what it writes.
"""

import platform
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest

from acceptance.masking import Redactor
from acceptance.plugin.settings import settings_of
from acceptance.report.hosts import HostMask
from acceptance.shapes import without_shapes
from acceptance.shown import visible, whole
from acceptance.verdict import VERDICT_STYLES, Verdict, state_of

_REDACTOR = pytest.StashKey["RunRedactor"]()
_COLOUR = re.compile(r"(\x1b\[[0-9;]*m|\x1b\]9;4;[0-9;]*\x1b\\)")
"""What pytest and rich colour their own lines with, and tell a terminal of the run's progress."""
_WORDS = {*Verdict, "unfit", "error", "errors", "skipped", "deselected", "warning", "warnings"}
_GLYPHS = "".join({style.glyph for style in VERDICT_STYLES.values()})
_COUNTED = re.compile(
    rf"((?:(?:(?<!\S)|(?<=\dm))\d+|[{re.escape(_GLYPHS)}])"
    rf" (?:{'|'.join(map(re.escape, sorted(_WORDS, key=len)[::-1]))})\b)"
)
"""A verdict behind its number or its glyph: the suite's own word, whosever password it is."""


class RunRedactor(Redactor):
    """Makes a text fit to be written: no secret, nor what looks like one, and nothing that acts.

    Hosts are masked too where that is asked for. A state at the beginning of a message stays.
    """

    def __init__(self) -> None:
        super().__init__()
        self.mask_hosts: HostMask | None = None

    def __call__(self, text: str) -> str:
        """The text as it may be written."""
        return visible(self._without_secrets(text))

    def own(self, text: str) -> str:
        """The suite's own words as they may be written."""
        return visible(self._unshaped(super().own(whole(text))))

    def coloured(self, text: str) -> str:
        """Likewise a text for a terminal, its colours kept, and the return to a line's start."""
        start, rest = ("\r", text[1:]) if text.startswith("\r") else ("", text)
        parts = _COLOUR.split(self._but_for_counts(rest))
        shown = (part if _COLOUR.fullmatch(part) else visible(part) for part in parts)
        return "".join([start, *shown])

    def _but_for_counts(self, text: str) -> str:
        if self._known.isdisjoint(_WORDS):
            return self._without_secrets(text)
        parts = _COUNTED.split(whole(text))
        return "".join(
            each if _COUNTED.fullmatch(each) else self._without_secrets(each) for each in parts
        )

    def _without_secrets(self, text: str) -> str:
        text = whole(text)
        state = state_of(text)
        return state + self._unshaped(super().__call__(text[len(state) :]))

    def _unshaped(self, text: str) -> str:
        text = without_shapes(text)
        return self.mask_hosts(text) if self.mask_hosts else text


def redactor(config: pytest.Config) -> RunRedactor:
    """The run's only redactor; whoever learns a secret adds it."""
    return config.stash.setdefault(_REDACTOR, RunRedactor())


class _MaskedStream:
    """The terminal's stream, through the redactor: pytest prints more than its reports."""

    def __init__(self, stream: Any, mask: RunRedactor) -> None:  # noqa: ANN401  # pytest's own
        self._stream = stream
        self._mask = mask

    def write(self, text: str) -> int:
        """Write it masked."""
        return int(self._stream.write(self._mask.coloured(text)))

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        return getattr(self._stream, name)


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Mask what goes to the terminal, internal errors of pytest included."""
    write_through(config, lambda stream: _MaskedStream(stream, redactor(config)))


def write_through(config: pytest.Config, around: Callable[[Any], Any]) -> None:
    """Let all that pytest prints go through something around its stream."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if isinstance(reporter, pytest.TerminalReporter):
        writer = reporter._tw  # noqa: SLF001  # pytest offers no other way to all that it prints
        writer._file = around(writer._file)  # noqa: SLF001


def mask_hosts(config: pytest.Config) -> None:
    """Mask hosts from now on, where that is asked for."""
    chosen = settings_of(config)
    if chosen.mask_hosts:
        addresses = (chosen.open_webui_url, chosen.gateway_url)
        names = [urlsplit(address).hostname or "" for address in addresses]
        services = (chosen.open_webui_service, chosen.gateway_service)
        short = [f"{each.name}.{each.namespace}" for each in services]
        redactor(config).mask_hosts = HostMask([*names, *short, platform.node()])
