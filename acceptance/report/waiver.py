"""Waivers: what the owner of a deployment knows to be wrong or unproven, and accepts for a time.

A waiver accepts one verdict class of what it names, and only the failure that it describes.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from difflib import get_close_matches
from typing import Protocol

from acceptance.contract.values import Contract
from acceptance.verdict import Verdict

WAIVABLE = (Verdict.FAILED, Verdict.INCONCLUSIVE, Verdict.NOT_PROVEN)
"""Never blocked: what blocks is named, and that may be waived."""
_KINDS = ("scenario", "criterion", "task", "model")
_REQUIRED = ("verdict", "reason", "owner", "expires")
_FIELDS = (*_KINDS, *_REQUIRED, "says")
_SHORTEST = 8
"""Characters of a phrase: one of fewer is in any message."""
_LONGEST = timedelta(days=366)
"""A waiver holds for a year at most: by then its owner has looked at it again, or nobody does."""
_BLANK = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0"
    "\U000e0100-\U000e01ef]"
)
"""Letters, marks and signs that show nothing (Unicode 15: Default_Ignorable_Code_Point, Braille's
empty pattern), beside controls, formats and halves of characters, which are a class of theirs."""
_GENERAL = re.compile(r"^ *(?:expected|fix) .*$", re.MULTILINE)
"""Lines of a message that say nothing of what was found."""


class WaiverError(ValueError):
    """A waiver that cannot be used.

    Args:
        field: the field that is wrong; empty where one is missing.
        expected: what it should be.
        found: what it is.
        fix: what to do.
    """

    def __init__(
        self, field: str, *, expected: str, found: str, fix: str = "correct that line"
    ) -> None:
        super().__init__(found)
        self.field, self.expected, self.found, self.fix = field, expected, found, fix


class Described(Protocol):
    """A scenario, as far as a waiver needs to know it."""

    @property
    def title(self) -> str:
        """Its title, with the values of its row."""

    @property
    def tags(self) -> Collection[str]:
        """Every tag that reaches it."""

    @property
    def text(self) -> str:
        """Its sentences and tables."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiver:
    """One entry of the file."""

    kind: str
    """What is named: a scenario, a criterion, a task or a model."""
    name: str
    tag: str = ""
    """The tag of a criterion or a task."""
    accepts: Verdict
    says: str
    """A phrase of the message; empty: any message of this verdict class."""
    reason: str
    owner: str
    expires: date
    """The last day on which it holds, in UTC."""

    def __str__(self) -> str:
        said = f": {self.says}" if self.says else ""
        return f"waived until {self.expires} by {self.owner}: {self.reason} ({self.accepts}{said})"

    def names(self, scenario: Described) -> bool:
        """Whether this scenario is among what it names."""
        match self.kind:
            case "scenario":
                return scenario.title == self.name
            case "model":
                return _holds(scenario.text, self.name)
            case _:
                return self.tag in scenario.tags

    def covers(
        self, scenario: Described, verdict: Verdict, message: str, *, models: Collection[str]
    ) -> bool:
        """Whether it accepts that this scenario ended so.

        A message that names another model than those of the waiver or, where it waives no model,
        of the scenario, tells a different failure: lists of models grow.

        Args:
            scenario: what ended.
            verdict: how.
            message: what it told.
            models: the names of all models of the contract.
        """
        if verdict is not self.accepts or not self.names(scenario):
            return False
        told = " ".join(_GENERAL.sub("", message).split())
        named, own = _named(models, told), {self.name} if self.kind == "model" else set()
        meant = _named(models, self.says) | (own or _named(models, scenario.text))
        return own <= named <= meant and (not self.says or _holds(told, self.says))


def read_waiver(
    entry: Mapping[str, str], contract: Contract, *, titles: Collection[str], today: date
) -> Waiver:
    """The waiver that an entry of the file describes.

    Args:
        entry: the texts of its fields.
        contract: knows the criteria, tasks and models that can be named.
        titles: of the scenarios that exist.
        today: the day, in UTC.

    Raises:
        WaiverError: it is no waiver, names nothing that exists, has expired, or would hold for more
            than a year.
    """
    _check_visible(entry)
    entry = {name: " ".join(text.split()) for name, text in entry.items()}
    _check_fields(entry)
    kind = _kind(entry)
    tags = {
        "criterion": {row.name: row.tag for row in contract.criteria},
        "task": {row.name: row.tag for row in contract.tasks},
    }.get(kind, {})
    name = _known(kind, entry[kind], tags or (contract.models if kind == "model" else titles))
    waiver = Waiver(
        kind=kind,
        name=name,
        tag=tags.get(name, ""),
        accepts=_accepted(entry["verdict"]),
        says=entry.get("says", ""),
        reason=entry["reason"],
        owner=entry["owner"],
        expires=_day(entry["expires"]),
    )
    _check_phrase(waiver)
    if waiver.expires < today:
        raise WaiverError(
            "expires",
            expected=f"a day from {today} on",
            found=f"the waiver of {waiver.kind} {waiver.name} by {waiver.owner} has expired on "
            f"{waiver.expires}",
            fix="remove it; or, if it still holds, let its owner set a new day",
        )
    if waiver.expires > today + _LONGEST:
        raise WaiverError(
            "expires",
            expected=f"a day until {today + _LONGEST}: a waiver holds for a year at most",
            found=str(waiver.expires),
            fix="set a day within a year, on which its owner looks at it again",
        )
    return waiver


def overlapping(waiver: Waiver, others: Iterable[Waiver]) -> Waiver | None:
    """One of the others that accepts all that this one does, or the other way round."""
    what = (waiver.kind, waiver.name, waiver.accepts)
    return next(
        (
            other
            for other in others
            if (other.kind, other.name, other.accepts) == what
            and (other.says in waiver.says or waiver.says in other.says)
        ),
        None,
    )


def _check_visible(entry: Mapping[str, str]) -> None:
    """What nobody sees makes two texts look alike, or one look empty."""
    for field, text in entry.items():
        hidden = next((each for each in f"{field}{text}" if _is_invisible(each)), "")
        if hidden:
            raise WaiverError(
                field,
                expected="a text of which every character is seen",
                found=f"U+{ord(hidden):04X} {unicodedata.name(hidden, 'without a name')} "
                f"in {field!a}",
                fix="write that line anew, by hand",
            )


def _is_invisible(character: str) -> bool:
    if character.isspace():  # runs of it become one space
        return False
    return unicodedata.category(character).startswith("C") or bool(_BLANK.match(character))


def _kind(entry: Mapping[str, str]) -> str:
    kinds = [kind for kind in _KINDS if kind in entry]
    if len(kinds) != 1:
        raise WaiverError(
            kinds[-1] if kinds else "",
            expected="exactly one of scenario, criterion, task and model",
            found=" and ".join(kinds) or "none of them",
        )
    return kinds[0]


def _check_fields(entry: Mapping[str, str]) -> None:
    for name in entry:
        _known("field", name, _FIELDS, at=name)
        if not entry[name]:
            raise WaiverError(name, expected=f"a text for {name}", found="nothing")
    if missing := [name for name in _REQUIRED if name not in entry]:
        raise WaiverError("", expected=", ".join(_REQUIRED), found=f"no {', '.join(missing)}")


def _check_phrase(waiver: Waiver) -> None:
    if waiver.accepts is Verdict.FAILED and not waiver.says:
        raise WaiverError(
            "verdict",
            expected="says: a phrase of the message, so that no other failure is accepted",
            found="no says",
        )
    if waiver.says and len(waiver.says) < _SHORTEST:
        raise WaiverError(
            "says",
            expected=f"a phrase of {_SHORTEST} characters or more",
            found=repr(waiver.says),
        )


def _known(kind: str, name: str, known: Collection[str], *, at: str = "") -> str:
    if name not in known:
        near = get_close_matches(name, known) or list(known)[:8]
        found = f"there is no {kind} {name!r}"
        raise WaiverError(at or kind, expected=" or ".join(near), found=found)
    return name


def _accepted(word: str) -> Verdict:
    if word not in WAIVABLE:
        raise WaiverError("verdict", expected=" or ".join(WAIVABLE), found=repr(word))
    return Verdict(word)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise WaiverError("expires", expected="a day, YYYY-MM-DD", found=repr(text)) from error


def _named(models: Collection[str], text: str) -> set[str]:
    """Those of the models that a text names."""
    return {name for name in models if _holds(text, name)}


def _holds(text: str, phrase: str) -> bool:
    """Whether a phrase stands in a text, and no longer name begins or ends there."""
    return bool(re.search(rf"(?<![\w./-]){re.escape(phrase)}(?![\w/-]|\.\w)", text))
