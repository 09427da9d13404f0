"""A fault, or a healthy variation, as a data file: what is changed, and what must be noticed."""

import fnmatch
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from acceptance.errors import SetupError
from acceptance.message import explain
from acceptance.verdict import Verdict
from dev.kill_matrix.changes import Change, read_change

_FIELDS = {
    *("id", "title", "layer", "source", "history", "changes"),
    *("expect", "blocked by", "remarks", "unfit", "where", "hands", "many"),
}
_PROJECT = Path(__file__).parents[2]
FOLDERS = (_PROJECT / "tests" / "faults", _PROJECT / "tests" / "healthy")
"""Our own."""
SLICE = (
    *("F011", "F030", "F040", "F047", "F066", "F075", "F085", "F097", "F118", "F120", "F128"),
    *("O01", "B1", "H03", "H04", "H06", "H07a", "H16"),
)
"""A fault of each layer, and healthy variations: tried on other versions, some by `make test`."""
FEW = 3
"""Red scenarios of one fault, above which its file has to say why there are so many."""
EVERYWHERE = ("embedded", "cluster")
"""Where a fault can be tried: in the embedded lab, on a cluster of the lab's own."""
HANDS = ("api", "both")
"""Who plays the user: the API, or a browser too, for what only a page shows."""
_REQUIRED = ("id", "title", "layer", "changes")
Scenarios = Callable[[str], Collection[str]]
"""Titles of scenarios, by one of `HANDS`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Expectation:
    """What a scenario must end as, and a phrase of its message."""

    verdicts: frozenset[Verdict]
    """More than one where chance decides, as with a load balanced over two upstreams."""
    says: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Boot:
    """Changes that hold from one start of the pods on, and those that come while they run."""

    at_boot: tuple[Change, ...] = ()
    running: tuple[Change, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """One way to be broken, or one to be healthy and look otherwise."""

    identity: str
    title: str
    layer: str
    source: str
    history: tuple[Boot, ...]
    """Earlier boots: the database remembers them."""
    boot: Boot
    expected: Mapping[str, Expectation]
    """By scenario title; every other scenario must pass, or be blocked by `blocked_by`."""
    blocked_by: str = ""
    remarks: tuple[str, ...] = ()
    """Phrases of remarks that the run must print."""
    unfit: str = ""
    """A phrase of the message where nothing can be judged (exit code 99)."""
    where: frozenset[str] = frozenset({"embedded"})
    """Some of `EVERYWHERE`."""
    hands: str = HANDS[0]
    """One of `HANDS`."""
    many: str = ""
    """Why more than `FEW` scenarios are red for it."""
    ours: bool = False
    """Whether it is one of `FOLDERS`, whose files have to say so."""
    versions: Mapping[str, str] = field(default_factory=dict)
    """By program name, what runs instead of the versions of the committed locks."""

    @property
    def healthy(self) -> bool:
        """Whether nothing of it has to turn red."""
        return not self.unfit and not any(
            Verdict.FAILED in each.verdicts and Verdict.PASSED not in each.verdicts
            for each in self.expected.values()
        )


def load(folder: Path, *, scenarios: Scenarios) -> tuple[Fault, ...]:
    """Every fault of a folder, in the order of its files.

    Args:
        folder: holds one YAML file a fault; or one such file.
        scenarios: the titles that exist, by who plays the user.

    Raises:
        SetupError: a file is not a fault; names file and line.
    """
    files = [folder] if folder.is_file() else sorted(folder.glob("*.yaml"))
    if not files:
        raise SetupError(f"There are no fault files in {folder}: see docs/faults.md.")
    return tuple(_read(file, scenarios) for file in files)


def _read(file: Path, scenarios: Scenarios) -> Fault:
    try:
        node = yaml.compose(file.read_text(encoding="utf-8"))
        data = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise _refused(file, 1, " ".join(str(error).split())) from error
    if not isinstance(data, dict) or not isinstance(node, yaml.MappingNode):
        raise _refused(file, 1, "a file that is no mapping")
    lines = {str(key.value): key.start_mark.line + 1 for key, _ in node.value}
    if unknown := sorted(set(map(str, data)) - _FIELDS):
        raise _refused(file, lines[unknown[0]], f"unknown field {unknown[0]!r}")
    if missing := [name for name in _REQUIRED if name not in data]:
        raise _refused(file, 1, f"no {', '.join(missing)}")
    part = "id"
    try:
        part = "history"
        history = tuple(_boot(entry["changes"]) for entry in data.get(part) or ())
        part = "changes"
        boot = _boot(data[part])
        part = "where"
        where = frozenset(str(data.get(part, "embedded")).split(" and "))
        if not where <= set(EVERYWHERE):
            raise ValueError(f"{data[part]!r}: expected {' and '.join(EVERYWHERE)}, or one of them")  # noqa: TRY301  # one way out for all
        part = "hands"
        hands = data.get(part, HANDS[0])
        if hands not in HANDS:
            raise ValueError(f"{hands!r}: expected {' or '.join(HANDS)}")  # noqa: TRY301  # likewise
        part = "expect"
        expected = dict(_expectations(data.get(part) or {}, scenarios(hands)))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        line = getattr(error, "line", None) or lines.get(part, 1)
        raise _refused(file, line + _offset(node, part, error), str(error)) from error
    return Fault(
        identity=str(data["id"]),
        title=str(data["title"]),
        layer=str(data["layer"]),
        source=str(data.get("source", "")),
        history=history,
        boot=boot,
        expected=expected,
        blocked_by=str(data.get("blocked by", "")),
        remarks=tuple(data.get("remarks") or ()),
        unfit=str(data.get("unfit", "")),
        where=where,
        hands=hands,
        many=str(data.get("many", "")),
        ours=file.resolve().parent in FOLDERS,
    )


class _EntryError(ValueError):
    """A value that cannot be used, and the number of its entry."""

    def __init__(self, message: str, entry: int) -> None:
        super().__init__(message)
        self.entry = entry


def _offset(node: yaml.MappingNode, part: str, error: Exception) -> int:
    """Lines between a field and the entry of it that is wrong."""
    if not isinstance(error, _EntryError):
        return 0
    key, value = next((key, value) for key, value in node.value if key.value == part)
    entries = [item if isinstance(item, yaml.Node) else item[0] for item in value.value]
    return int(entries[error.entry].start_mark.line - key.start_mark.line)


def _boot(entries: list[Mapping[str, Any]] | None) -> Boot:
    at_boot: list[Change] = []
    running: list[Change] = []
    for number, entry in enumerate(entries or ()):
        try:
            change, later = read_change(entry)
        except (ValueError, TypeError, AttributeError) as error:
            raise _EntryError(str(error), number) from error
        (running if later else at_boot).append(change)
    return Boot(at_boot=tuple(at_boot), running=tuple(running))


def _expectations(
    entries: Mapping[str, Any], scenarios: Collection[str]
) -> Iterator[tuple[str, Expectation]]:
    for number, (title, value) in enumerate(entries.items()):
        matching = fnmatch.filter(scenarios, title)
        if not matching:
            raise _EntryError(f"there is no scenario {title!r}", number)
        words, _, says = str(value).partition(": ")
        verdicts = set(words.split(" or "))
        if not verdicts <= set(Verdict):
            kinds = ", ".join(Verdict)
            raise _EntryError(f"{value!r}: expected `VERDICT: phrase`, VERDICT of {kinds}", number)
        expectation = Expectation(verdicts=frozenset(map(Verdict, verdicts)), says=says)
        yield from ((name, expectation) for name in matching)


def _refused(file: Path, line: int, found: str) -> SetupError:
    return SetupError(
        explain(
            "A fault file cannot be used.",
            expected="the fields and changes of docs/faults.md",
            found=found,
            where=f"{file}:{line}",
            fix="correct that line",
        )
    )
