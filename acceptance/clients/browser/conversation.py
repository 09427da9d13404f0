"""A conversation on the page."""

from contextlib import suppress
from typing import Self

from acceptance.checks.proof import Turn
from acceptance.clients.answers import nonce as another_nonce
from acceptance.clients.browser.account_session import AccountSession
from acceptance.clients.browser.asking import answer_to, ask_on, not_offered
from acceptance.clients.browser.page import LOOK_SECONDS, ChatPage, Message
from acceptance.clients.lost import Lost
from acceptance.clients.open_webui import OpenWebUI
from acceptance.clients.streaming import Question
from acceptance.errors import NotProven
from acceptance.waiting import Progress, eventually

_KEPT_TIMEOUT = 30.0
"""Seconds until a conversation that is shown again shows all that it holds."""


class PageConversation:
    """`acceptance.clients.hands.Conversation` as a user has it; deleted at the end."""

    def __init__(
        self, session: AccountSession, api: OpenWebUI, *, lost: Lost, reload: bool, say: Progress
    ) -> None:
        """Nothing is asked yet.

        Args:
            session: the account's.
            api: the same account at the API: deletes the conversation.
            lost: puts a question again that was lost on its way, as a user would.
            reload: load the whole page again to see what is kept; otherwise only leave the
                conversation and come back, which asks the server as well, in a third of the time.
            say: shows what a long wait is waiting for.
        """
        self._session = session
        self._api = api
        self._lost = lost
        self._reload = reload
        self._say = say
        self._chat = ""
        self.said: list[Turn] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        if self._chat:
            self._api.api.delete(f"/api/v1/chats/{self._chat}")

    def ask(self, model: str, nonce: str, *, before: str = "") -> Turn:
        """Choose the model, ask, and read the answer to its end.

        Raises:
            AssertionError: the model cannot be chosen.
        """
        nonces = iter((nonce, another_nonce()))

        def ask() -> Turn:
            question = Question(model=model, nonce=next(nonces), before=before)
            return self._session.do(lambda page: self._ask(page, question))

        turn = self._lost.once_more(model, ask)
        self.said.append(turn)
        return turn

    def _ask(self, page: ChatPage, question: Question) -> Turn:
        if not self.said and not self._chat:
            page.new_chat()
        if not page.selector.choose(question.model):
            raise not_offered(question.model, self._api.account)
        try:
            shown = ask_on(page, question, self._say, self._api.budget)
        finally:
            self._chat = page.chat
        picture = page.picture() if self.said else b""  # of one turn there is nothing to see
        return _turn(shown.message, question.nonce, picture)

    def turns(self) -> tuple[Turn, ...]:
        """Every turn, as the page shows it once it has asked the server for it again.

        Raises:
            NotProven: the conversation has no address, as where the account's are temporary.
        """
        if not self._chat:
            raise NotProven(
                "what is kept of a conversation on the page: it has no address there, as where "
                "Settings > Interface > Temporary Chat by Default is on for the account that judges"
            )
        return self._session.do(self._turns)

    def _turns(self, page: ChatPage) -> tuple[Turn, ...]:
        if self._reload or page.chat != self._chat:
            page.open(f"/c/{self._chat}")
        else:
            page.come_back()

        def complete() -> None:
            messages = page.messages()
            missing = [turn.nonce for turn in self.said if not answer_to(turn.nonce, messages)]
            assert not missing, f"no answer to {', '.join(missing)}"

        with suppress(AssertionError):  # what is missing then is for the caller to judge
            eventually(
                complete,
                what="the conversation as it is kept",
                timeout=_KEPT_TIMEOUT,
                interval=LOOK_SECONDS,
            )
        messages = page.messages()
        found = ((turn.nonce, answer_to(turn.nonce, messages)) for turn in self.said)
        return tuple(_turn(message, nonce) for nonce, message in found if message)


def _turn(message: Message, nonce: str, picture: bytes = b"") -> Turn:
    return Turn(
        model=message.model,
        nonce=nonce,
        text=message.text,
        error=message.error,
        picture=picture,
    )
