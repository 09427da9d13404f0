"""JSON from outside, of whatever shape: what was promised, or something empty in its place."""

import json
import re
from collections.abc import Mapping
from typing import Any

from acceptance.shown import whole_in

_HALF = re.compile(r"\\u[dD][89a-fA-F]")
"""A character that JSON writes in two halves, of which one may be missing."""


def parsed(text: str | bytes, *, halves: bool = False) -> Any:  # noqa: ANN401  # any JSON
    """The JSON value of a text; None where it is none.

    Args:
        text: what came.
        halves: leave the half of a character as it is: the other may come in the next text.
    """
    try:
        value = json.loads(text)
        escaped = _HALF.search(text if isinstance(text, str) else text.decode(errors="replace"))
        return value if halves or not escaped else whole_in(value)
    except (ValueError, RecursionError):
        return None


def mapping(value: object) -> Mapping[str, Any]:
    """The value, if it is a JSON object; an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def sequence(value: object) -> list[Any]:
    """The value, if it is a JSON list; an empty one for anything else."""
    return value if isinstance(value, list) else []
