"""What a run waited for, and when: noted where the waiting is, told by `--profile-run`.

Always noted. A run has some hundreds of spans, and each costs microseconds.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What was waited for."""

    PHASE = "phase"
    """A part of the run: its target starts, the page is made."""
    SCENARIO = "scenario"
    REQUEST = "request"
    """A program was asked, and had not answered yet."""
    INSIDE = "inside"
    """A program was started inside of a pod, to look or to ask from there."""
    QUESTION = "question"
    """A question that is answered later than the request that puts it; ends with the request."""
    DRILL = "drill"
    """Something was away, until it served again."""
    PAUSE = "pause"
    """The suite looked again later."""


TARGET_STARTS = "the target starts"
"""The name of that phase."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """From when to when something was waited for, in Unix seconds."""

    kind: Kind
    name: str
    began: float
    ended: float
    words: str = ""
    """Of a question: by which it is found again at whoever was asked it."""


NOTED: list[Span] = []
"""Those of this process, in the order in which they ended; threads append, nobody removes."""


@contextmanager
def span(kind: Kind, name: str, *, words: str = "") -> Iterator[None]:
    """Note how long what is done inside takes, however it ends."""
    began = time.time()
    try:
        yield
    finally:
        NOTED.append(Span(kind=kind, name=name, began=began, ended=time.time(), words=words))
