"""The record of a run: what a person signs, and what the next run is compared with."""

import hashlib
import json
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, NoReturn, get_args, get_origin, get_type_hints

from acceptance.checks.findings import Findings
from acceptance.message import excerpt
from acceptance.shown import whole

FORMAT = 1
"""Of the file; another number is not read."""
WHOLE, PARTIAL, SIGNATURE = "signoff.json", "signoff-partial.json", ".sig"
"""Names: the record, what a partial run leaves instead, and what a signature adds to the name."""
PAGE = "acceptance.html"
"""Name of the page that shows the record, beside it."""
NOT_RUN = "not run"
"""In place of a verdict where no scenario was about it."""
UNREACHED = "not proven: the run ended before this scenario"
"""The reason of a scenario that was not begun."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Requirement:
    """A criterion, a requirement or a task of the story, and what is known of it."""

    name: str
    text: str
    verdict: str
    accepted: int
    total: int
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """A scenario, and how it ended."""

    feature: str
    title: str
    verdict: str
    seconds: float
    reason: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Compared:
    """One criterion's three values, side by side."""

    criterion: str
    declared: str
    """What the manifests or the cluster's objects say."""
    effective: str
    """What the program says it uses."""
    observed: str
    """What was seen to happen."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Suite:
    """The suite that judged."""

    version: str
    commit: str
    """Of git; empty where there is none."""
    clean: bool | None
    """Whether the files were those of the commit; None where that is not known."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """A run, as `signoff.json` holds it."""

    format: int = FORMAT
    verdict: str
    """`ACCEPTED`, `NOT ACCEPTED`, `INCOMPLETE`, `PARTIAL RUN` or `NOT JUDGED`."""
    statement: str
    """What the run says of the story, in one sentence."""
    partial: str = ""
    """Why not the whole story was judged; empty when it was."""
    contract: str = ""
    """Title of the contract by which it was judged."""
    target: str
    started: str
    """ISO 8601, UTC."""
    seconds: float
    ran_by: str = ""
    suite: Suite
    versions: Mapping[str, str] = field(default_factory=dict)
    requirements: tuple[Requirement, ...] = ()
    scenarios: tuple[Outcome, ...] = ()
    waivers: tuple[str, ...] = ()
    compared: tuple[Compared, ...] = ()
    notes: tuple[str, ...] = ()
    findings: Findings = field(default_factory=Findings)
    recent: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    """Seconds in the last runs, this one included, by what took them: tells the noise."""
    previous: str = ""
    """Digest of the record that this one was compared with; empty for the first."""
    changes: tuple[str, ...] = ()
    """What is different from it."""


class UnreadableRecordError(ValueError):
    """This is no record, or one of another format."""


def digest(content: Mapping[str, Any]) -> str:
    """The digest over a record's content: whatever is changed in the file changes it.

    SHA-256 over JSON with sorted keys and no spaces, without the field `digest` itself.
    """
    signed = {name: value for name, value in content.items() if name != "digest"}
    text = json.dumps(signed, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


_OWN = ("contract", "verdict", "statement", "partial", "target", "started", "suite", "previous")
_OWN_IN: Mapping[str, Collection[str]] = {
    "requirements": ("name", "text", "verdict"),
    "scenarios": ("feature", "title", "verdict"),
    "compared": ("criterion",),
}
"""Fields that hold the suite's own words, of the record and of what is listed in it."""
Clean = Callable[[str], str]
"""Makes a text fit to be written."""


def written(record: Record, mask: Clean = whole, own: Clean = whole) -> str:
    """The record as the text of its file.

    Args:
        record: what is written.
        mask: makes a text from outside fit to be written, before it is digested.
        own: likewise the suite's own words: a title, a verdict, a time, the name of a program.
    """
    content = json.loads(json.dumps(asdict(record)))
    for name, value in content.items():
        clean = own if name in _OWN else mask
        content[name] = _cleaned(value, clean, own, _OWN_IN.get(name, ()))
    return json.dumps({**content, "digest": digest(content)}, indent=2, ensure_ascii=False) + "\n"


def _cleaned(value: Any, clean: Clean, own: Clean, named: Collection[str]) -> Any:  # noqa: ANN401  # as json.loads gives it
    match value:
        case str():
            return whole(clean(value))
        case list():
            return [_cleaned(part, clean, own, named) for part in value]
        case dict():
            return {
                whole(own(name)): _cleaned(part, own if name in named else clean, own, ())
                for name, part in value.items()
            }
        case _:
            return value


def read(text: str) -> tuple[Record, str]:
    """The record of a file, and the digest that the file claims.

    Raises:
        UnreadableRecordError: it cannot be one.
    """
    content = _content(text)
    try:
        if content["format"] != FORMAT:
            raise UnreadableRecordError(f"format {content['format']!r}, not {FORMAT}")
        record: Record = _typed(Record, content, "the record")
        claimed = _typed(str, content["digest"], "digest")
    except KeyError as error:
        raise UnreadableRecordError(f"the record: missing {error.args[0]}") from error
    except (AttributeError, TypeError, RecursionError) as error:
        raise UnreadableRecordError(f"{type(error).__name__}: {error}") from error
    if not re.fullmatch("sha256:[0-9a-f]{64}", claimed):
        raise UnreadableRecordError(f"digest: expected sha256:…, found {excerpt(claimed, 80)!r}")
    return record, claimed


def intact(text: str) -> bool:
    """Whether the file's content is what its digest was made of; raises like `read`."""
    content = _content(text)
    return bool(content.get("digest") == digest(content))


def _content(text: str) -> dict[str, Any]:
    """The JSON object of a file, which says each thing once."""
    try:
        content = json.loads(text, object_pairs_hook=_each_once, parse_constant=_no_number)
        text.encode()
        json.dumps(content, ensure_ascii=False).encode()
    except UnreadableRecordError:
        raise
    except UnicodeEncodeError as error:
        raise UnreadableRecordError(f"half of a character: {error}") from error
    except (ValueError, RecursionError) as error:  # too deep, or a number of too many digits
        raise UnreadableRecordError(f"{type(error).__name__}: {error}") from error
    if not isinstance(content, dict):
        raise UnreadableRecordError(f"expected a JSON object, found a {type(content).__name__}")
    return content


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object; of two fields of one name one reader sees the first, another the last."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise UnreadableRecordError(f"the field {excerpt(twice, 80)!r} is there twice")
    return found


def _no_number(name: str) -> NoReturn:
    raise UnreadableRecordError(f"{name} is no number of JSON")


def _typed(kind: Any, value: Any, at: str) -> Any:  # noqa: ANN401  # the kinds are those of the fields
    """The JSON value as this kind, which is one that the fields above have.

    Args:
        kind: the type of a field.
        value: as JSON gives it.
        at: where it stands in the record.
    """
    if is_dataclass(kind):
        return _object(kind, value, at)
    if get_origin(kind) is tuple:
        if not isinstance(value, list):
            raise TypeError(f"{at}: expected a list, found {_shown(value)}")
        return tuple(_typed(get_args(kind)[0], part, f"{at}[{n}]") for n, part in enumerate(value))
    if get_origin(kind) is Mapping:
        if not isinstance(value, dict):
            raise AttributeError(f"{at}: expected an object, found {_shown(value)}")
        return {
            name: _typed(get_args(kind)[1], each, f"{at}.{name}") for name, each in value.items()
        }
    allowed = tuple(get_args(kind) if isinstance(kind, UnionType) else (kind,))
    accepted = (*allowed, int) if float in allowed else allowed
    # what Python calls a number, too
    if not isinstance(value, accepted) or (isinstance(value, bool) and bool not in allowed):
        names = " or ".join("null" if each is NoneType else each.__name__ for each in allowed)
        raise TypeError(f"{at}: expected {names}, found {_shown(value)}")
    return value


def _object(kind: Any, value: Any, at: str) -> Any:  # noqa: ANN401  # likewise
    if not isinstance(value, dict):
        raise TypeError(f"{at}: expected an object, found {_shown(value)}")
    hints = get_type_hints(kind)
    needed = [each for each in fields(kind) if each.default is each.default_factory is MISSING]
    if missing := [each.name for each in needed if each.name not in value]:
        raise TypeError(f"{at}: missing {', '.join(missing)}")
    inside = "" if kind is Record else f"{at}."
    known = [each.name for each in fields(kind) if each.name in value]
    return kind(**{name: _typed(hints[name], value[name], f"{inside}{name}") for name in known})


def _shown(value: object) -> str:
    return excerpt(repr(value), 80)
