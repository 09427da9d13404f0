"""A trace without secrets: it holds every request with its token, and every answer."""

import io
import json
import zipfile
from collections.abc import Callable
from functools import cache
from typing import Any

from acceptance.json_values import parsed
from acceptance.masking import Redactor

Mask = Callable[[str], str]
_LINES = (".trace", ".network", ".stacks")
"""Files of JSON, a value on each line (Playwright 1.60)."""


def masked_trace(trace: bytes, mask: Redactor) -> bytes:
    """The same trace, each file in it masked; pictures keep their bytes, and JSON its names.

    A trace says most of its words thousands of times over: each is masked once.
    """
    clean, masked, name_of = io.BytesIO(), cache(mask), cache(mask.own)
    with (
        zipfile.ZipFile(io.BytesIO(trace)) as before,
        zipfile.ZipFile(clean, "w", zipfile.ZIP_DEFLATED) as after,
    ):
        for name in before.namelist():
            data = before.read(name)
            try:
                text = data.decode()
            except UnicodeDecodeError:
                after.writestr(name, mask.known(data))
                continue
            lines = text.split("\n") if name.endswith(_LINES) else [text]
            after.writestr(name, "\n".join(_masked_line(line, masked, name_of) for line in lines))
    return clean.getvalue()


def _masked_line(line: str, masked: Mask, name_of: Mask) -> str:
    value = parsed(line)
    if not isinstance(value, dict | list):
        return masked(line)
    return json.dumps(_masked(value, masked, name_of), ensure_ascii=False)


def _masked(value: Any, masked: Mask, name_of: Mask) -> Any:  # noqa: ANN401  # any JSON
    match value:
        case str():
            return masked(value)
        case list():
            return [_masked(part, masked, name_of) for part in value]
        case dict():
            return {name_of(name): _masked(part, masked, name_of) for name, part in value.items()}
        case _:
            return value
