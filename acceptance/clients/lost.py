"""A question that is lost between Open WebUI and LiteLLM is put once more, and that is told.

Open WebUI (0.12.4) keeps idle connections for 15 s, LiteLLM (1.106.2, by Uvicorn) closes one after
5. Whoever asks at that very moment is told "Server Connection Error" at once, and no model was
asked: 7 of 880 questions that came 5 s after others, on a busy machine; none of 480 where LiteLLM's
KEEPALIVE_TIMEOUT was 75. The wiring is right all the same. Where LiteLLM is away, the second
question ends as the first did.
"""

import time
from collections.abc import Callable
from typing import Protocol, TypeVar

from acceptance.waiting import Progress, quiet

_LOST = "Open WebUI: Server Connection Error"
_AT_ONCE = 5.0
"""Seconds; whoever waited for longer was heard."""


class _Said(Protocol):
    """An answer, or a turn of a conversation."""

    @property
    def text(self) -> str: ...
    @property
    def error(self) -> str: ...


_S = TypeVar("_S", bound=_Said)


class Lost:
    """Puts questions again, and counts those that were taken then."""

    def __init__(self, say: Progress = quiet) -> None:
        """None was lost yet.

        Args:
            say: told of each.
        """
        self._say = say
        self._models: list[str] = []
        """Who was asked, of those that were answered in the end."""

    def once_more(self, model: str, ask: Callable[[], _S]) -> _S:
        """What came of a question, or of the second one where the first was lost."""
        began = time.monotonic()
        first = ask()
        lost = _LOST in first.error and not first.text
        if not lost or time.monotonic() - began > _AT_ONCE:
            return first
        self._say(f"{model} is asked again: {first.error}")
        second = ask()
        if not second.error:
            self._models.append(model)
        return second

    @property
    def remark(self) -> str:
        """What to tell of them; empty where none was lost."""
        if not self._models:
            return ""
        models = ", ".join(dict.fromkeys(self._models))
        return (
            f"{len(self._models)} of the questions ({models}) were lost between Open WebUI and "
            "LiteLLM, and answered when they were put again. LiteLLM closes a connection that was "
            "idle for 5 s, and Open WebUI may put a question on it just then: KEEPALIVE_TIMEOUT=75 "
            "in LiteLLM's environment ends that. If it does not, look whether LiteLLM restarts, or "
            "one of its replicas is away"
        )
