"""A conversation on the page, in a sitting of its own."""

from contextlib import suppress
from types import TracebackType
from typing import Self

from domain.proof import Turn
from domain.waiting import Say, eventually
from drivers.browser.asking import answer_to, ask_on, not_offered
from drivers.browser.page import Message
from drivers.browser.session import Browser, Sitting, State
from drivers.open_webui import OpenWebUI
from drivers.streaming import Question

_RELOAD_TIMEOUT = 10.0
"""Seconds until a reloaded conversation shows all that it holds."""


class PageConversation:
    """`drivers.hands.Conversation` as a user has it; deleted at the end."""

    def __init__(self, browser: Browser, state: State, api: OpenWebUI, *, say: Say) -> None:
        self._browser = browser
        self._state = state
        self._api = api
        self._say = say
        self.said: list[Turn] = []

    def __enter__(self) -> Self:
        self._sitting = self._browser.do(self._sit_down)
        return self

    def _sit_down(self) -> Sitting:
        sitting = self._browser.sit_down(self._state)
        sitting.page.open()
        return sitting

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        chat = self._browser.do(self._stand_up)
        if chat:
            self._api.api.delete(f"/api/v1/chats/{chat}")

    def _stand_up(self) -> str:
        chat = self._sitting.page.chat
        self._browser.stand_up(self._sitting)
        return chat

    def ask(self, model: str, nonce: str) -> Turn:
        """Choose the model, ask, and read the answer to its end.

        Raises:
            AssertionError: the model cannot be chosen.
        """
        turn = self._browser.do(lambda: self._ask(Question(model=model, nonce=nonce)))
        self.said.append(turn)
        return turn

    def _ask(self, question: Question) -> Turn:
        page = self._sitting.page
        if not page.choose(question.model):
            raise not_offered(question.model, self._api.account)
        shown = ask_on(page, question, self._say)
        return _turn(shown.message, question.nonce, shown.picture)

    def turns(self) -> tuple[Turn, ...]:
        """Every turn, as the page shows it when it is loaded again."""
        return self._browser.do(self._turns)

    def _turns(self) -> tuple[Turn, ...]:
        page = self._sitting.page
        page.reload()

        def complete() -> None:
            messages = page.messages()
            missing = [turn.nonce for turn in self.said if not answer_to(turn.nonce, messages)]
            assert not missing, f"no answer to {', '.join(missing)}"

        with suppress(AssertionError):  # what is missing then is for the caller to judge
            eventually(complete, what="the reloaded conversation", timeout=_RELOAD_TIMEOUT)
        messages, picture = page.messages(), page.picture()
        found = ((turn.nonce, answer_to(turn.nonce, messages)) for turn in self.said)
        return tuple(_turn(message, nonce, picture) for nonce, message in found if message)


def _turn(message: Message, nonce: str, picture: bytes) -> Turn:
    return Turn(
        model=message.model,
        nonce=nonce,
        text=message.text,
        error=message.error,
        picture=picture,
    )
