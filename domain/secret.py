"""Secrets that cannot be printed by accident, and their fingerprints."""

import base64
import hashlib
import html
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import quote, quote_plus

from domain.errors import NotProven

MASK = "•••"
UNKNOWN = "(unknown)"
"""Fingerprint of what may not be read."""
_SHORTEST_MASKED = 6
"""Characters; a shorter secret would mask ordinary words all over a report."""


@dataclass(frozen=True, slots=True)
class Secret:
    """A value that only `reveal()` gives away: repr, str and format are masked."""

    _value: str = field(repr=False)
    sealed: str = ""
    """What holds the value, where these rights do not allow to read it; empty where they do.

    Several holders of parts of it are separated by `; `.
    """

    @classmethod
    def seal(cls, holder: str, *, fingerprint: str = "") -> Self:
        """A value that nobody here may read, recognised by its fingerprint where one is known."""
        return cls(fingerprint, sealed=holder)

    def reveal(self) -> str:
        """The value itself, for the one place that must send it.

        Raises:
            NotProven: it is sealed.
        """
        if self.sealed:
            raise NotProven(f"these rights do not allow to read {self.sealed}")
        return self._value

    @property
    def fingerprint(self) -> str:
        """Eight hexadecimal digits that tell two secrets apart without showing either."""
        if self.sealed:
            return self._value or UNKNOWN
        return fingerprint(self._value)

    def __bool__(self) -> bool:
        return bool(self._value or self.sealed)

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    def __str__(self) -> str:
        return MASK


def fingerprint(value: str) -> str:
    """Eight hexadecimal digits of the value's SHA-256; `(empty)` for no value."""
    return hashlib.sha256(_bytes(value)).hexdigest()[:8] if value else "(empty)"


class Redactor:
    """Masks known secrets, in each form in which one is likely to be written."""

    def __init__(self, secrets: Iterable[Secret] = ()) -> None:
        self._values: set[str] = set()
        self._forms: tuple[str, ...] = ()
        for secret in secrets:
            self.add(secret)

    def add(self, secret: Secret) -> None:
        """Mask this secret from now on."""
        value = secret.reveal().strip()
        if len(value) < _SHORTEST_MASKED:
            return
        self._values.add(value)
        # the longest first, so that no short form leaves the rest of a long one behind
        self._forms = tuple(sorted({*self._forms, *_forms(value)}, key=lambda form: -len(form)))

    def __call__(self, text: str) -> str:
        """The text, with every known secret masked."""
        for form in self._forms:
            text = text.replace(form, MASK)
        return self._without_split(text) if "\n" in text else text

    def _without_split(self, text: str) -> str:
        """The same for a secret that a narrow terminal has broken into lines."""
        joined = "".join(line.strip() for line in text.splitlines())
        for value in self._values:
            if value in joined:
                text = re.sub(r"\s*".join(map(re.escape, value)), MASK, text)
        return text


def _bytes(value: str) -> bytes:
    return value.encode(errors="surrogatepass")


_QUOTINGS: tuple[Callable[[str], str], ...] = (
    lambda value: value,
    lambda value: json.dumps(value)[1:-1],
    lambda value: json.dumps(value, ensure_ascii=False)[1:-1],
    lambda value: repr(value)[1:-1],
    lambda value: repr(f"'\"{value}")[4:-1],  # within a text of both quotes: one kind is escaped
)


def _forms(value: str) -> Iterator[str]:
    # twice, for JSON that is quoted by Python, or by JSON once more
    yield from {outer(inner(value)) for inner in _QUOTINGS for outer in _QUOTINGS}
    yield html.escape(value)
    yield html.escape(value, quote=False)
    data = _bytes(value)
    yield from (quote(data, safe=""), quote(data), quote_plus(data))
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        yield encode(data).decode()
        yield encode(data).decode().rstrip("=")
        yield from _within_base64(data, encode)


def _within_base64(data: bytes, encode: Callable[[bytes], bytes]) -> Iterator[str]:
    """What stands in the base64 of any text that holds these bytes, whatever comes before."""
    for before in range(3):
        first_own, behind_last = -(-before * 8 // 6), (before + len(data)) * 8 // 6
        yield encode(bytes(before) + data).decode()[first_own:behind_last]
