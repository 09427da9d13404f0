"""Secrets that cannot be printed by accident, and their fingerprints."""

import hashlib
from dataclasses import dataclass, field
from typing import Self

from acceptance.errors import NotProven

MASK = "•••"
UNKNOWN = "(unknown)"
"""Fingerprint of what may not be read."""


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
    return (
        hashlib.sha256(value.encode(errors="surrogatepass")).hexdigest()[:8] if value else "(empty)"
    )
