"""One question on the page, from choosing the model to the end of the answer."""

import time
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise

from acceptance.budget import TOOLS, Budget
from acceptance.checks.proof import holds
from acceptance.clients.browser.page import LOOK_SECONDS, ChatPage, Message
from acceptance.clients.open_webui import ANSWER_TIMEOUT
from acceptance.clients.streaming import Question
from acceptance.message import explain
from acceptance.spans import Kind, span
from acceptance.waiting import Progress, eventually, waiting_for

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


def ask_on(page: ChatPage, question: Question, say: Progress, budget: Budget) -> Shown:
    """Ask, and read the answer to its end; the model is chosen already.

    Raises:
        OverBudget: the budget has no room for it; nothing is asked.
    """
    with (
        budget.question(question.model, question.most_tokens + TOOLS),
        span(Kind.QUESTION, question.model, words=question.nonce),
    ):
        return _shown(page, question, say)


def _shown(page: ChatPage, question: Question, say: Progress) -> Shown:
    started, first = time.monotonic(), 0.0
    page.say(question.text)
    with waiting_for(f"the answer of {question.model} on the page", say):
        message = page.answer(question.nonce, complete=False, timeout=ANSWER_TIMEOUT)
        if message and message.text:
            first = time.monotonic() - started
        message = message and _whole(page, question.nonce)
    if message is None:
        message = Message(
            user=False,
            model=page.selector.chosen(),
            text="",
            error=f"no end of the answer after {time.monotonic() - started:.0f} s",
            done=False,
        )
    return Shown(message=message, first_seconds=first, seconds=time.monotonic() - started)


def _whole(page: ChatPage, nonce: str) -> Message | None:
    """The answer when it is complete, and drawn; without its code it is for others to judge."""
    message = page.answer(nonce, complete=True, timeout=ANSWER_TIMEOUT)
    if message is None or _drawn(message, nonce):
        return message

    def seen_whole() -> Message:
        seen = answer_to(nonce, page.messages())
        assert seen, "it is not there any more"
        assert _drawn(seen, nonce), "its end is not drawn"
        return seen

    with suppress(AssertionError):
        return eventually(
            seen_whole, what="its end", timeout=_DRAWING_SECONDS, interval=LOOK_SECONDS
        )
    return message


def _drawn(message: Message, nonce: str) -> bool:
    return bool(message.error) or holds(message.text, nonce)


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
