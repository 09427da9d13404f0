"""A user before a browser: opens the selector, asks, reads the answer, talks on."""

import time
from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus

from domain.errors import NotProven
from domain.proof import Answer, Listing, Offered
from domain.secret import Secret
from domain.target import Account, Witness
from domain.waiting import Say, quiet
from domain.witnessing import witnessed
from drivers.browser.asking import ask_on
from drivers.browser.conversation import PageConversation
from drivers.browser.session import Browser, Sitting, State
from drivers.open_webui import OpenWebUI
from drivers.streaming import Question


class BrowserUser:
    """One account, signed in by the form once a run; each of its sittings begins signed in."""

    def __init__(  # the world of a user: all of it is handed in
        self,
        browser: Browser,
        account: Account,
        api: OpenWebUI,
        *,
        witness: Witness | None,
        learn: Callable[[Secret], None],
        say: Say = quiet,
    ) -> None:
        """Begin to sign in.

        Args:
            browser: the run's.
            account: who it is.
            api: the same account at the API: knows the connection behind each name, and tidies up.
            witness: who can tell which provider was asked.
            learn: told the session's token, so that it is masked.
            say: shows what a long wait is waiting for.
        """
        self._browser = browser
        self._account = account
        self._api = api
        self._witness = witness
        self._learn = learn
        self._say = say
        self._chats: list[str] = []
        self._desk: Sitting | None = None
        self._signed_in = browser.begin(self._sign_in)

    def _sign_in(self) -> State:
        sitting = self._browser.sit_down()
        if self._account.email:
            administrator = self._api.role == "admin"
            sitting.page.sign_in(self._account.email, self._account.password, news=administrator)
        else:
            sitting.page.open()  # with WEBUI_AUTH=false nobody is asked who they are
        state = sitting.context.storage_state()
        for cookie in state["cookies"]:
            self._learn(Secret(cookie["value"]))
        self._browser.stand_up(sitting)
        return state

    def _at_the_desk(self) -> Sitting:
        """The sitting for the selector and single questions; in the browser's thread only.

        One for all of them, since a load of the page costs as much as three questions.
        """
        if self._desk is None:
            self._desk = self._browser.sit_down(self._signed_in.result())
            self._desk.page.open()
        return self._desk

    def offered(self) -> Listing:
        """The models that the page shows, the whole list scrolled through.

        The page tells names only. What connection is behind a name, the API says.
        """
        names, seconds, picture = self._browser.do(self._look)
        known = self._api.offered()
        return Listing(
            account=f"{self._api.account}, in a browser",
            models=tuple(known.find(name) or Offered(name=name, connection=None) for name in names),
            seconds=seconds,
            unseen=tuple(sorted(known.names.difference(names))),
            picture=picture,
        )

    def _look(self) -> tuple[tuple[str, ...], float, bytes]:
        known, page = self._desk, self._at_the_desk().page
        if known:
            page.open()  # what was loaded earlier shows the models of that time
        started = time.monotonic()
        names = page.options()
        seconds = time.monotonic() - started
        return names, seconds, page.picture()

    def ask(self, question: Question) -> Answer:
        """The answer to one question in a new conversation, and who gave it.

        Raises:
            NotProven: nobody can tell who answers, so nothing is asked.
        """
        answer = self._browser.do(lambda: self._ask(question))
        calls = self._witness.calls() if self._witness else ()
        return replace(answer, provenance=witnessed(question.nonce, calls))

    def _ask(self, question: Question) -> Answer:
        sitting = self._at_the_desk()
        if sitting.page.messages():
            sitting.page.new_chat()
        if not sitting.page.choose(question.model):
            return Answer(
                model=question.model,
                nonce=question.nonce,
                status=HTTPStatus.NOT_FOUND,  # a page has none; this is what its search says
                error="Model not found: the search of the model selector has no such result",
                picture=sitting.page.picture(),
            )
        if self._witness is None:
            raise NotProven(
                "who answers on the page: its label is only what was asked for, and nobody at the "
                "providers' side can be asked; judge the embedded target",
                required=False,
            )
        shown = ask_on(sitting.page, question, quiet)  # who waits for it says so
        self._chats.append(sitting.page.chat)
        return Answer(
            model=question.model,
            nonce=question.nonce,
            text=shown.message.text,
            error=shown.message.error,
            first_seconds=shown.first_seconds,
            seconds=shown.seconds,
            picture=shown.picture,
        )

    def conversation(self) -> PageConversation:
        """A conversation in a sitting of its own; a context."""
        state = self._signed_in.result()
        return PageConversation(self._browser, state, self._api, say=self._say)

    def close(self) -> None:
        """End the sitting, and delete what was asked in it."""
        if self._desk:
            desk = self._desk
            self._browser.do(lambda: self._browser.stand_up(desk))
        for chat in filter(None, self._chats):
            self._api.api.delete(f"/api/v1/chats/{chat}")
