"""One question on the page, from choosing the model to the end of the answer."""

import time
from dataclasses import dataclass
from itertools import pairwise

from domain.message import explain
from domain.waiting import Say, eventually
from drivers.browser.page import ChatPage, Message
from drivers.open_webui import ANSWER_TIMEOUT
from drivers.streaming import Question

_LOOK_SECONDS = 0.1
"""Seconds between two looks at an answer that is being written."""
_DRAWING_SECONDS = 2.0
"""Seconds in which the last words of an answer are drawn after the page has marked it complete."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """What the page showed for one question."""

    message: Message
    first_seconds: float
    seconds: float


def answer_to(nonce: str, messages: tuple[Message, ...]) -> Message | None:
    """The message below the question that holds this nonce."""
    for question, answer in pairwise(messages):
        if question.user and nonce in question.text and not answer.user:
            return answer
    return None


def ask_on(page: ChatPage, question: Question, say: Say) -> Shown:
    """Ask, and read the answer to its end; the model is chosen already."""
    started, first, complete = time.monotonic(), 0.0, 0.0
    page.say(question.text)

    def finished() -> Message:
        nonlocal first, complete
        answer = answer_to(question.nonce, page.messages())
        assert answer, "no answer has begun"
        first = first or (time.monotonic() - started if answer.text else 0.0)
        assert answer.done, "it is not complete"
        complete = complete or time.monotonic()
        drawn = question.nonce in answer.text or answer.error
        assert drawn or time.monotonic() - complete > _DRAWING_SECONDS, "its end is not drawn"
        return answer

    try:
        message = eventually(
            finished,
            what=f"the answer of {question.model} on the page",
            timeout=ANSWER_TIMEOUT,
            interval=_LOOK_SECONDS,
            say=say,
        )
    except AssertionError as error:
        message = Message(
            user=False,
            model=page.selector.chosen(),
            text="",
            error=f"no end of the answer after {ANSWER_TIMEOUT:.0f} s: {error}",
            done=False,
        )
    return Shown(message=message, first_seconds=first, seconds=time.monotonic() - started)


def not_offered(model: str, account: str) -> AssertionError:
    """The error for a model that a user looks for in vain."""
    return AssertionError(
        explain(
            f"{model} cannot be chosen on the page.",
            expected=f"{model} in the model selector, by its exact name",
            found="the search does not find it",
            where=f"model selector of the {account}, in a browser",
            fix="look at Admin Settings > Models: is it hidden, disabled, or not published?",
        )
    )
