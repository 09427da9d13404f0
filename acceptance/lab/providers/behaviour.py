"""How an emulated provider behaves: well, or in one of the ways in which real ones fail."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, Self


class Kind(StrEnum):
    """The ways to behave; each names what a client meets."""

    WELL = "well"
    REFUSE = "refuse"
    """Connections are refused, and those that were open are dropped."""
    ERROR = "error"
    """An HTTP status with the provider's own error body."""
    HANG = "hang"
    """The request is accepted and never answered."""
    EMPTY = "empty"
    """200 with no content."""
    REASONING = "reasoning"
    """200 with no content; the text is in the reasoning field."""
    HALF = "half"
    """The first half of the answer, and a proper end."""
    NO_TOOLS = "no_tools"
    """Tools are refused, as by a vLLM that was started without a tool parser; all else is well."""
    CUT = "cut"
    """The connection breaks in the middle of the answer."""
    STALL = "stall"
    """The answer begins and then stands still, with the connection open."""
    SLOW = "slow"
    """A good answer, late."""
    HTML = "html"
    """200 with a web page, as a captive portal or a wrong ingress gives."""
    TRUNCATED_JSON = "truncated_json"
    """200 and a proper end, but half of the JSON."""


_MODEL = frozenset({"model"})
_NEEDED = {Kind.ERROR: frozenset({"status"}), Kind.SLOW: frozenset({"seconds"})}
_ALLOWED = {
    Kind.WELL: frozenset[str](),
    Kind.REFUSE: frozenset[str](),  # a listener is refused as a whole
    Kind.ERROR: _MODEL | {"status", "retry_after"},
    Kind.SLOW: _MODEL | {"seconds"},
}
_ERRORS = range(400, 600)
_TYPES: Mapping[str, tuple[type, ...]] = {
    "kind": (str,),
    "model": (str,),
    "status": (int,),
    "retry_after": (int, float),
    "seconds": (int, float),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Behaviour:
    """What a provider does with a request to a model; lists of models stay well.

    Raises:
        ValueError: the fields do not fit the kind.
    """

    kind: Kind = Kind.WELL
    model: str | None = None
    """The only model that it concerns; all of the provider's when None."""
    status: int | None = None
    """HTTP status of an `error`."""
    retry_after: float | None = None
    """Seconds, sent as `Retry-After` with an `error`."""
    seconds: float | None = None
    """Delay of a `slow` answer."""

    def __post_init__(self) -> None:
        given = {field.name for field in fields(self)[1:] if getattr(self, field.name) is not None}
        if surplus := given - _ALLOWED.get(self.kind, _MODEL):
            raise ValueError(f'"{self.kind}" takes no {_listed(surplus)}')
        if missing := _NEEDED.get(self.kind, frozenset()) - given:
            raise ValueError(f'"{self.kind}" needs {_listed(missing)}')
        if self.status is not None and self.status not in _ERRORS:
            raise ValueError(f"status is {self.status}, expected an HTTP error, 400 to 599")
        if min(self.seconds or 0, self.retry_after or 0) < 0:
            raise ValueError("seconds and retry_after cannot be negative")

    def concerns(self, model: str) -> bool:
        """Whether a request to this model meets it."""
        return self.model in (None, model)

    @classmethod
    def read(cls, data: object) -> Self:
        """The behaviour that a JSON object describes.

        Raises:
            ValueError: an unknown field or kind, or a value of the wrong type.
        """
        if not isinstance(data, dict):
            raise ValueError(f"expected a JSON object, found {type(data).__name__}")  # noqa: TRY004  # bad data
        values: dict[str, Any] = {key: value for key, value in data.items() if value is not None}
        if unknown := values.keys() - _TYPES.keys():
            raise ValueError(f"unknown field {_listed(unknown)}; known are {_listed(_TYPES)}")
        for name, value in values.items():
            if not isinstance(value, _TYPES[name]) or isinstance(value, bool):
                wanted = " or ".join(kind.__name__ for kind in _TYPES[name])
                raise ValueError(f"{name} is {value!r}, expected {wanted}")  # noqa: TRY004
        kind = values.pop("kind", Kind.WELL)
        if kind not in set(Kind):
            raise ValueError(f'unknown kind "{kind}"; known are {_listed(Kind)}')
        return cls(kind=Kind(kind), **values)


def _listed(names: Mapping[str, object] | frozenset[str] | set[str] | type[Kind]) -> str:
    return ", ".join(sorted(names))
