"""The record of a run: what a person signs, and what the next run is compared with."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

from domain.findings import Findings

FORMAT = 1
"""Of the file; another number is not read."""
WHOLE, PARTIAL, SIGNATURE = "signoff.json", "signoff-partial.json", ".sig"
"""Names: the record, what a partial run leaves instead, and what a signature adds to the name."""
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


def written(record: Record, mask: Callable[[str], str] = str) -> str:
    """The record as the text of its file, with each text in it masked before it is digested."""
    content = _masked(json.loads(json.dumps(asdict(record))), mask)
    return json.dumps({**content, "digest": digest(content)}, indent=2, ensure_ascii=False) + "\n"


def _masked(value: Any, mask: Callable[[str], str]) -> Any:  # noqa: ANN401  # as json.loads gives it
    match value:
        case str():
            return mask(value)
        case list():
            return [_masked(part, mask) for part in value]
        case dict():
            return {mask(name): _masked(part, mask) for name, part in value.items()}
        case _:
            return value


def read(text: str) -> tuple[Record, str]:
    """The record of a file, and the digest that the file claims.

    Raises:
        UnreadableRecordError: it cannot be one.
    """
    try:
        content = json.loads(text)
        if content["format"] != FORMAT:
            raise UnreadableRecordError(f"format {content['format']!r}, not {FORMAT}")
        record: Record = _typed(Record, content)
        return record, str(content["digest"])
    except (AttributeError, KeyError, TypeError, json.JSONDecodeError) as error:
        raise UnreadableRecordError(f"{type(error).__name__}: {error}") from error


def intact(text: str) -> bool:
    """Whether the file's content is what its digest was made of."""
    content = json.loads(text)
    return bool(content["digest"] == digest(content))


def _typed(kind: Any, value: Any) -> Any:  # noqa: ANN401  # the kinds are those of the fields
    """The JSON value as this kind, which is one that the fields above have."""
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        known = {each.name: hints[each.name] for each in fields(kind)}
        given = {name: _typed(known[name], value[name]) for name in known if name in value}
        return kind(**given)  # type: ignore[operator]  # is_dataclass narrows to an instance too
    if get_origin(kind) is tuple:
        return tuple(_typed(get_args(kind)[0], part) for part in value)
    if get_origin(kind) is Mapping:
        return {str(name): _typed(get_args(kind)[1], each) for name, each in value.items()}
    allowed = tuple(get_args(kind) if isinstance(kind, UnionType) else (kind,))
    if not isinstance(value, (*allowed, int) if float in allowed else allowed):
        names = " or ".join("null" if each is NoneType else each.__name__ for each in allowed)
        raise TypeError(f"expected {names}, found {value!r}")
    return value
