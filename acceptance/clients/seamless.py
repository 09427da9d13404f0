"""Asking as somebody does who uses several models all day: at once, at length, and listening."""

from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from acceptance.budget import tokens_in
from acceptance.checks.proof import Answer, Turn
from acceptance.checks.seamless import arrived_early
from acceptance.clients.answers import Answers, nonce
from acceptance.clients.hands import Hands
from acceptance.clients.streaming import Question
from acceptance.target import Call

TOOL = "get_current_timestamp"
"""A tool that Open WebUI adds to the questions of its page (from 0.10, seen in 0.12.4)."""
CALL_A_TOOL = f"First call the tool {TOOL}."
_LONG_TURN = " ".join(["These are words that were said before, and that still count."] * 60)
_LONG_TURNS = 260
"""Messages: 0.9 million characters, more than any model of the story but Gemini's can hold."""
LONG = _LONG_TURNS * tokens_in(_LONG_TURN)
"""Tokens of all that, at most."""
LISTENED = 3
"""Questions at most, until one is heard in time."""


def listened(answers: Answers, model: str, calls: Callable[[], Collection[Call]]) -> Answer:
    """The shared answer of a model; a new one where its first word came too late to tell.

    That a word is late proves nothing on a busy machine; that one is early does. What holds words
    back makes each of them late.
    """
    answer = answers.of(model)
    for _ in range(LISTENED - 1):
        if arrived_early(answer, calls()) or not answer.streamed:
            break
        answer = answers.fresh(model)
    return answer


def ask_at_once(accounts: Sequence[Hands], model: str, *, conversations: int) -> tuple[Turn, ...]:
    """Every answer, of so many conversations of each account that all begin at the same time."""
    with ExitStack() as stack:
        begun = [
            stack.enter_context(hands.conversation())
            for hands in accounts
            for _ in range(conversations)
        ]
        with ThreadPoolExecutor(max_workers=len(begun)) as pool:
            return tuple(pool.map(lambda chat: chat.ask(model, nonce()), begun))


def ask_at_the_end(answers: Answers, model: str) -> Answer:
    """The answer to a question after more words than a model can hold."""
    roles = ("user", "assistant") * (_LONG_TURNS // 2)
    history: tuple[Mapping[str, str], ...] = tuple(
        {"role": role, "content": _LONG_TURN} for role in roles
    )
    return answers.ask(Question(model=model, nonce=nonce(), history=history))
