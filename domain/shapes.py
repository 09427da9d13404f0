"""Secrets that nobody told the suite of, recognised by their shape: what providers echo, for one.

A known secret is masked by `domain.secret.Redactor` in every form; this is the net below it.
"""

import re
from collections.abc import Iterable

from domain.secret import MASK

_SHAPES = (
    # keys of OpenAI, LiteLLM, Mistral and Groq, and of Google
    (re.compile(r"\b(?:sk|gsk)[-_][A-Za-z0-9_-]{8,}"), MASK),
    (re.compile(r"\bAIza[A-Za-z0-9_-]{12,}"), MASK),
    # a session's token: a JWT, whole or without its signature
    (re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?"), MASK),
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{12,}"), rf"\1 {MASK}"),
    # user and password in an address, and a key in its query
    (re.compile(r"(?<=://)[^\s/@:\"']*:[^\s/@\"']+@"), f"{MASK}@"),
    (
        re.compile(
            r"(?i)((?:[?&]|&amp;|\\u0026)(?:[\w.-]*[-_.]|api|access)?(?:key|token|secret|password|sig|signature)=)[^\s&\"'<>]+"
        ),
        rf"\1{MASK}",
    ),
)
_SHORTEST_PIECE = 10
"""Characters; a shorter piece of a key is found in ordinary words."""


def without_shapes(text: str) -> str:
    """The text, with everything masked that looks like a secret."""
    for shape, mask in _SHAPES:
        text = shape.sub(mask, text)
    return text


def without_pieces(text: str, secrets: Iterable[str]) -> str:
    """The text, with long pieces of known secrets masked: a log breaks a key where it likes."""
    for secret in secrets:
        size = max(_SHORTEST_PIECE, len(secret) // 3)
        pieces = {secret[start : start + size] for start in range(len(secret) - size + 1)}
        if any(piece in text for piece in pieces):
            text = _masked(text, secret, pieces, size)
    return text


def _masked(text: str, secret: str, pieces: set[str], size: int) -> str:
    kept, start = [], 0
    while start < len(text):
        end = start + size
        if text[start:end] not in pieces:
            kept.append(text[start])
            start += 1
            continue
        while end < len(text) and text[start : end + 1] in secret:
            end += 1
        kept.append(MASK)
        start = end
    return "".join(kept)
