"""A trace without secrets: it holds every request with its token, and every answer."""

import io
import json
import zipfile
from typing import Any

from acceptance.json_values import parsed
from acceptance.masking import Redactor

_LINES = (".trace", ".network", ".stacks")
"""Files of JSON, a value on each line (Playwright 1.60)."""


def masked_trace(trace: bytes, mask: Redactor) -> bytes:
    """The same trace, each file in it masked; pictures keep their bytes, and JSON its names."""
    clean = io.BytesIO()
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
            after.writestr(name, "\n".join(_masked_line(line, mask) for line in lines))
    return clean.getvalue()


def _masked_line(line: str, mask: Redactor) -> str:
    value = parsed(line)
    if not isinstance(value, dict | list):
        return mask(line)
    return json.dumps(_masked(value, mask), ensure_ascii=False)


def _masked(value: Any, mask: Redactor) -> Any:  # noqa: ANN401  # any JSON
    match value:
        case str():
            return mask(value)
        case list():
            return [_masked(part, mask) for part in value]
        case dict():
            return {mask.own(name): _masked(part, mask) for name, part in value.items()}
        case _:
            return value
