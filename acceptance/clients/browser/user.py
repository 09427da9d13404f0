"""A user before a browser: opens the selector, asks, reads the answer, talks on."""

import time
from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus

from acceptance.checks.proof import Answer, Listing, Offered
from acceptance.checks.witnessing import witnessed
from acceptance.clients.browser.account_session import AccountSession
from acceptance.clients.browser.asking import ask_on
from acceptance.clients.browser.conversation import PageConversation
from acceptance.clients.browser.page import ChatPage
from acceptance.clients.browser.session import Browser
from acceptance.clients.lost import Lost
from acceptance.clients.open_webui import OpenWebUI
from acceptance.clients.streaming import Question
from acceptance.contract.values import Contract
from acceptance.errors import NotProven
from acceptance.secret import Secret
from acceptance.target import Account, Witness
from acceptance.waiting import Progress, quiet


class BrowserUser:
    """One account, signed in by the form once a run."""

    def __init__(  # noqa: PLR0913  # the world of a user: all of it is handed in
        self,
        browser: Browser,
        account: Account,
        api: OpenWebUI,
        contract: Contract,
        *,
        witness: Witness | None,
        lost: Lost,
        reload: bool,
        learn: Callable[[Secret], None],
        say: Progress = quiet,
    ) -> None:
        """Nobody signs in yet.

        Args:
            browser: the run's.
            account: who it is.
            api: the same account at the API: knows the connection behind each name, and tidies up.
            contract: knows whose model a provider was asked for.
            witness: who can tell which provider was asked.
            lost: puts a question again that was lost on its way.
            reload: see by loading the page again what is kept of a conversation.
            learn: told the session's token, so that it is masked.
            say: shows what a long wait is waiting for.
        """
        self._session = AccountSession(
            browser, account, administrator=api.role == "admin", learn=learn
        )
        self._api = api
        self._contract = contract
        self._witness = witness
        self._lost = lost
        self._reload = reload
        self._say = say
        self._chats: list[str] = []

    def offered(self) -> Listing:
        """The models that the page shows, the whole list scrolled through.

        The page tells names only. What connection is behind a name, the API says.
        """
        names, seconds, picture = self._session.do(_look, afresh=True)
        known = self._api.offered()
        return Listing(
            account=f"{self._api.account}, in a browser",
            models=tuple(_seen(known, name) for name in names),
            seconds=seconds,
            unseen=tuple(sorted(known.names.difference(names))),
            picture=picture,
        )

    def ask(self, question: Question) -> Answer:
        """The answer to one question in a new conversation, and who gave it.

        Raises:
            NotProven: nobody can tell who answers, so nothing is asked.
        """
        answer = self._lost.once_more(
            question.model, lambda: self._session.do(lambda page: self._ask(page, question))
        )
        calls = self._witness.calls() if self._witness else ()
        return replace(answer, provenance=witnessed(question.nonce, calls, self._contract))

    def _ask(self, page: ChatPage, question: Question) -> Answer:
        page.new_chat()
        if not page.selector.choose(question.model):
            return Answer(
                model=question.model,
                nonce=question.nonce,
                status=HTTPStatus.NOT_FOUND,  # a page has none; this is what its search says
                error="Model not found: the search of the model selector has no such result",
                picture=page.picture(),
            )
        if self._witness is None:
            raise NotProven(
                "who answers on the page: its label is only what was asked for, and nobody at the "
                "providers' side can be asked; judge the embedded target"
            )
        shown = ask_on(page, question, quiet, self._api.budget)  # who waits for it says so
        self._chats.append(page.chat)
        return Answer(
            model=question.model,
            nonce=question.nonce,
            text=shown.message.text,
            error=shown.message.error,
            first_seconds=shown.first_seconds,
            seconds=shown.seconds,
            picture=page.picture(),
        )

    def conversation(self) -> PageConversation:
        """A conversation; a context."""
        return PageConversation(
            self._session, self._api, lost=self._lost, reload=self._reload, say=self._say
        )

    def close(self) -> None:
        """Close the context, and delete what was asked in it."""
        self._session.leave()
        for chat in filter(None, self._chats):
            self._api.api.delete(f"/api/v1/chats/{chat}")


def _look(page: ChatPage) -> tuple[tuple[str, ...], float, bytes]:
    """The names in the selector, the seconds until they were read, and what it looks like."""
    started = time.monotonic()
    names = page.selector.options()
    return names, time.monotonic() - started, page.picture()


def _seen(known: Listing, name: str) -> Offered:
    """A model that the page lists; what it is labelled with is told where the API lists it."""
    found = known.find(name)
    return replace(found, label="") if found else Offered(name=name, connection=None)
