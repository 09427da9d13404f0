"""Allure's files, written without secrets and without the noise of fixtures."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, cast
from xml.etree import ElementTree as ET

import allure_commons
from allure_commons.logger import AllureFileLogger
from allure_commons.model2 import Parameter, Status, StatusDetails

from acceptance.plugin.redaction import RunRedactor

_LONG_MS = 1000
"""Milliseconds from which a fixture's set-up or tear-down tells the reader something."""
_FIXED = {"uuid", "historyId", "testCaseId", "status", "stage", "type", "source", "children"}
"""What Allure's objects are known and sorted by; the rest is the suite's own words."""
_FROM_OUTSIDE: Mapping[type, Collection[str]] = {
    StatusDetails: ("message", "trace"),
    Parameter: ("value",),
}
_TOLD = {"message", "value"}
_COUNTED = {"errors", "failures", "line", "skipped", "tests", "time", "timestamp", "type"}
"""Attributes in a JUnit file."""


class MaskedFiles:
    """Takes the place of Allure's file logger, and writes through it.

    Args:
        directory: the folder of result files; made if missing.
        clean: whether to empty it first.
        mask: knows the secrets; asked at each writing, so later additions count.
    """

    def __init__(self, directory: Path, *, clean: bool, mask: RunRedactor) -> None:
        self._files = AllureFileLogger(directory, clean)  # type: ignore[no-untyped-call]
        self._mask = mask
        self.directory = directory
        self.problem: OSError | None = None
        """The first write that failed: the verdicts stand, the report does not."""

    @allure_commons.hookimpl
    def report_result(self, result: Any) -> None:  # noqa: ANN401  # Allure publishes no types
        """A scenario's result."""
        self._write(self._files.report_result, _masked(result, self._mask))

    @allure_commons.hookimpl
    def report_container(self, container: Any) -> None:  # noqa: ANN401
        """A fixture around scenarios, unless it was quick and uneventful."""
        container.befores = [before for before in container.befores if _worth_showing(before)]
        container.afters = [after for after in container.afters if _worth_showing(after)]
        if container.befores or container.afters:
            self._write(self._files.report_container, _masked(container, self._mask))

    @allure_commons.hookimpl
    def report_globals(self, globals_item: Any) -> None:  # noqa: ANN401
        """What belongs to the whole run."""
        self._write(self._files.report_globals, _masked(globals_item, self._mask))

    @allure_commons.hookimpl
    def report_attached_data(self, body: str | bytes, file_name: str) -> None:
        """An attachment; bytes that are not text keep every byte that is not a secret."""
        try:
            clean = self._mask(body if isinstance(body, str) else body.decode()).encode()
        except UnicodeDecodeError:
            clean = self._mask.known(cast("bytes", body))
        self._write(self._files.report_attached_data, clean, file_name)

    @allure_commons.hookimpl
    def report_attached_file(self, source: str, file_name: str) -> None:
        """An attachment that lies in a file."""
        self.report_attached_data(Path(source).read_bytes(), file_name)

    def _write(self, write: Any, *what: object) -> None:  # noqa: ANN401
        try:
            write(*what)
        except OSError as error:
            self.problem = self.problem or error


def _worth_showing(fixture: Any) -> bool:  # noqa: ANN401
    # a fixture's last finalizer is still open when Allure writes: it has neither stop nor status
    took: int = (fixture.stop or fixture.start) - fixture.start
    return took >= _LONG_MS or fixture.status in {Status.FAILED, Status.BROKEN}


def _masked(node: Any, mask: RunRedactor, *, own: bool = True) -> Any:  # noqa: ANN401
    """The same tree of Allure's objects, with each text in it masked, and what is fixed kept."""
    if isinstance(node, str):
        return mask.own(node) if own else mask(node)
    if isinstance(node, list):
        return [_masked(part, mask, own=own) for part in node]
    outside = _FROM_OUTSIDE.get(type(node), ())
    for name, value in vars(node).items() if hasattr(node, "__dict__") else ():
        if name not in _FIXED:
            setattr(node, name, _masked(value, mask, own=name not in outside))
    return node


def masked_junit(text: str, mask: RunRedactor) -> str:
    """A JUnit file with what is told in it masked: no mark-up, no count and no time."""
    root = ET.fromstring(text)  # noqa: S314  # pytest wrote it
    for element in root.iter():
        element.text = mask(element.text) if element.text else element.text
        element.tail = mask(element.tail) if element.tail else element.tail
        for name, value in element.items():
            if name in _TOLD:
                element.set(name, mask(value))
            elif name not in _COUNTED:
                element.set(name, mask.own(value))
    return f'<?xml version="1.0" encoding="utf-8"?>{ET.tostring(root, encoding="unicode")}'
