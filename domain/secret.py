"""Secrets that cannot be printed by accident, and their fingerprints."""

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import quote

MASK = "•••"
_SHORTEST_MASKED = 6
"""Characters; a shorter secret would mask ordinary words all over a report."""


@dataclass(frozen=True, slots=True)
class Secret:
    """A value that only `reveal()` gives away: repr, str and format are masked."""

    _value: str = field(repr=False)

    def reveal(self) -> str:
        """The value itself, for the one place that must send it."""
        return self._value

    @property
    def fingerprint(self) -> str:
        """Eight hexadecimal digits that tell two secrets apart without showing either."""
        return fingerprint(self._value)

    def __bool__(self) -> bool:
        return bool(self._value)

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    def __str__(self) -> str:
        return MASK


def fingerprint(value: str) -> str:
    """Eight hexadecimal digits of the value's SHA-256; `(empty)` for no value."""
    return hashlib.sha256(value.encode()).hexdigest()[:8] if value else "(empty)"


class Redactor:
    """Masks known secrets, in each form in which one is likely to be written."""

    def __init__(self, secrets: Iterable[Secret] = ()) -> None:
        self._forms: set[str] = set()
        for secret in secrets:
            self.add(secret)

    def add(self, secret: Secret) -> None:
        """Mask this secret from now on."""
        value = secret.reveal().strip()
        if len(value) < _SHORTEST_MASKED:
            return
        encoded = base64.b64encode(value.encode()).decode()
        self._forms |= {value, encoded, encoded.rstrip("="), quote(value, safe="")}

    def __call__(self, text: str) -> str:
        """The text, with every known secret masked; longest forms first."""
        for form in sorted(self._forms, key=len, reverse=True):
            text = text.replace(form, MASK)
        return text
