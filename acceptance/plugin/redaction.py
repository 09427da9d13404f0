"""Nothing that is written holds a known secret: reports are masked before anyone reads them.

The JUnit file is made of pytest's reports, which are masked here, and the terminal is written
through the redactor. Allure takes its texts from the exceptions themselves: `masked_files` masks
what it writes.
"""

import platform
import re
from collections.abc import Generator
from typing import Any, TypeVar
from urllib.parse import urlsplit

import pytest

from acceptance.masking import Redactor
from acceptance.plugin import settings
from acceptance.plugin.ledger import ledger
from acceptance.plugin.verdict_styles import VERDICT_STYLES
from acceptance.report.hosts import HostMask
from acceptance.shapes import without_shapes
from acceptance.shown import visible, whole
from acceptance.verdict import Verdict, state_of

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
_Report = TypeVar("_Report", pytest.TestReport, pytest.CollectReport)


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
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if isinstance(reporter, pytest.TerminalReporter):
        writer = reporter._tw  # noqa: SLF001  # pytest offers no other way to all that it prints
        writer._file = _MaskedStream(writer._file, redactor(config))  # noqa: SLF001


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> None:
    """Mask hosts, where that is asked for, before anything is judged."""
    if not ledger(session.config).selected:
        return
    chosen = settings.read(session.config)
    if chosen.mask_hosts:
        addresses = (chosen.open_webui_url, chosen.gateway_url)
        names = [urlsplit(address).hostname or "" for address in addresses]
        services = (chosen.open_webui_service, chosen.gateway_service)
        short = [f"{each.name}.{each.namespace}" for each in services]
        redactor(session.config).mask_hosts = HostMask([*names, *short, platform.node()])


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """The report without secrets."""
    report = yield
    mask = redactor(item.config)
    report.user_properties = [
        (name, mask(value) if isinstance(value, str) else value)
        for name, value in report.user_properties
    ]
    return _masked(report, mask)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The same for what goes wrong before the first scenario."""
    report = yield
    return _masked(report, redactor(collector.config))


def _masked(report: _Report, mask: Redactor) -> _Report:
    report.sections = [(title, mask(text)) for title, text in report.sections]
    if isinstance(report.longrepr, tuple):
        path, line, reason = report.longrepr
        report.longrepr = (path, line, mask(reason))
    elif report.longrepr is not None:
        text = report.longreprtext
        # a traceback is a tree of parts: one that holds a secret is written as its masked text
        if (clean := mask(text)) != text:
            report.longrepr = clean
    return report
