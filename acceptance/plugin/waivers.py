"""The file of waivers: read before anything is started, each entry held to what it says."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from acceptance.contract.values import Contract
from acceptance.errors import SetupError
from acceptance.message import explain
from acceptance.plugin.contract import contract_of
from acceptance.plugin.gherkin import Case, written
from acceptance.plugin.settings import settings_of
from acceptance.report.run import Result
from acceptance.report.waiver import Waiver, WaiverError, overlapping, read_waiver
from acceptance.verdict import Verdict

if TYPE_CHECKING:
    from yaml import Node

_LARGEST = 100_000
"""Bytes; a file of more is another one."""


class Waivers:
    """The waivers of a run, and which of them were needed.

    Args:
        places: file and line by waiver.
        models: the names of all models of the contract.
    """

    def __init__(self, places: Mapping[Waiver, str], *, models: Collection[str] = ()) -> None:
        self._places = places
        self._models = models
        self._needed: set[Waiver] = set()

    def covering(self, case: Case, verdict: Verdict, message: str) -> Waiver | None:
        """The waiver that accepts that the scenario ended so."""
        fitting = [
            each
            for each in self._places
            if each.covers(case, verdict, message, models=self._models)
        ]
        self._needed.update(fitting)
        return fitting[0] if fitting else None

    def unused(self, results: Sequence[Result]) -> tuple[str, ...]:
        """A line for each waiver that accepted nothing although all it names was run and is well.

        A part of the story proves none unused: what was left out may need it.
        """
        return tuple(
            f"unused waiver, {place}: the {waiver.accepts} {waiver.kind} {waiver.name} that it "
            f"accepts is not there: {count} accepted without it; remove it ({waiver.owner})"
            for waiver, place in self._places.items()
            if waiver not in self._needed and (count := _all_well(waiver, results))
        )


def _all_well(waiver: Waiver, results: Sequence[Result]) -> str:
    """How many scenarios it names, where every one was run and is well; empty otherwise."""
    named = [result for result in results if waiver.names(result.case)]
    run = {result.case.place for result in named}
    well = all(each.verdict.accepted or each.verdict is Verdict.NOT_REQUIRED for each in named)
    if not named or not well or not run >= {case.place for case in written() if waiver.names(case)}:
        return ""
    return f"all {len(named)} scenarios are" if len(named) > 1 else "the scenario is"


_WAIVERS = pytest.StashKey[Waivers]()


def waivers_of(config: pytest.Config) -> Waivers:
    """The waivers of this run; none while no file of them was read."""
    return config.stash.setdefault(_WAIVERS, Waivers({}))


def take(config: pytest.Config) -> None:
    """Take the waivers of a run that begins.

    Raises:
        SetupError: see `read`.
    """
    if file := settings_of(config).waivers:
        titles = {case.title for case in written()}
        contract = contract_of(config)
        places = read(Path(file), contract, titles=titles, today=datetime.now(UTC).date())
        config.stash[_WAIVERS] = Waivers(places, models=contract.models)


def read(
    file: Path, contract: Contract, *, titles: Collection[str], today: date
) -> dict[Waiver, str]:
    """The waivers of a file, each with its place.

    Raises:
        SetupError: one of them cannot be used; names file and line.
    """
    places: dict[Waiver, str] = {}
    for line, entry, lines in _entries(file):
        try:
            waiver = read_waiver(entry, contract, titles=titles, today=today)
        except WaiverError as error:
            place = f"{file}:{lines.get(error.field, line)}"
            raise _refused(place, error.expected, error.found, error.fix) from error
        if other := overlapping(waiver, places):
            what = f"{waiver.kind} {waiver.name}, {waiver.accepts}: {places[other]} accepts it too"
            raise _refused(f"{file}:{line}", "each waiver once", what, "remove one of the two")
        places[waiver] = f"{file}:{line}"
    return places


def _entries(file: Path) -> Iterator[tuple[int, dict[str, str], dict[str, int]]]:
    """Each entry's line, its fields as they are written, and their lines."""
    from yaml import MappingNode, SequenceNode  # noqa: PLC0415  # listing scenarios stays fast

    root = _root(file)
    if root is None:  # nothing but comments: the last waiver was removed
        return
    if not isinstance(root, SequenceNode):
        raise _refused(_at(file, root), "a list of waivers", "something else")
    for node in root.value:
        if not isinstance(node, MappingNode):
            raise _refused(_at(file, node), "a waiver: `field: text` lines", "something else")
        entry: dict[str, str] = {}
        for key, value in node.value:
            if not isinstance(key.value, str) or not isinstance(value.value, str):
                raise _refused(_at(file, key), "`field: text`", "a list or a mapping")
            if key.value in entry:
                raise _refused(_at(file, key), f"{key.value} once", "it again")
            entry[key.value] = value.value
        lines = {key.value: key.start_mark.line + 1 for key, _ in node.value}
        yield node.start_mark.line + 1, entry, lines


def _root(file: Path) -> "Node | None":
    import yaml  # noqa: PLC0415  # listing scenarios stays fast

    try:
        if file.exists() and not file.is_file():  # reading might never end
            raise _refused(str(file), "a small YAML file", "something else than a file")
        if file.stat().st_size > _LARGEST:
            raise _refused(str(file), "a small YAML file", f"more than {_LARGEST} bytes")
        return yaml.compose(file.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except (OSError, ValueError, yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{file}:{mark.line + 1}" if mark else str(file)
        found = " ".join(str(getattr(error, "problem", None) or error).split())
        raise _refused(place, "a small YAML file", found) from error


def _at(file: Path, node: "Node") -> str:
    return f"{file}:{node.start_mark.line + 1}"


def _refused(place: str, expected: str, found: str, fix: str = "correct that line") -> SetupError:
    return SetupError(
        explain(
            "The waivers cannot be used.",
            expected=expected,
            found=found,
            where=place,
            fix=f"{fix}; docs/waivers.md says how they are written",
        )
    )
