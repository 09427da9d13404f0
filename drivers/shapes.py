"""JSON from outside, of whatever shape: what was promised, or something empty in its place."""

import json
from collections.abc import Mapping
from typing import Any


def parsed(text: str | bytes) -> Any:  # noqa: ANN401  # any JSON
    """The JSON value of a text; None where it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def mapping(value: object) -> Mapping[str, Any]:
    """The value, if it is a JSON object; an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def sequence(value: object) -> list[Any]:
    """The value, if it is a JSON list; an empty one for anything else."""
    return value if isinstance(value, list) else []
