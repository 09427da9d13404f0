"""An account's place before the browser, for the whole run."""

from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from playwright.sync_api import Error as PlaywrightError

from acceptance.clients.browser.context import RecordedContext, State
from acceptance.clients.browser.page import ChatPage
from acceptance.clients.browser.session import Browser
from acceptance.errors import NotProven
from acceptance.secret import Secret
from acceptance.target import Account

T = TypeVar("T")


class AccountSession:
    """One browser context, signed in by the form; after a surprise another takes its place.

    A page is loaded once and not for each scenario: a load costs as much as an answer.
    """

    def __init__(
        self,
        browser: Browser,
        account: Account,
        *,
        administrator: bool,
        learn: Callable[[Secret], None],
    ) -> None:
        """Nobody is signed in yet.

        Args:
            browser: the run's.
            account: who it is; one without e-mail is asked for nothing (`WEBUI_AUTH=false`).
            administrator: whether it may be shown what is new.
            learn: told the session's token, so that it is masked.
        """
        self._browser = browser
        self._account = account
        self._administrator = administrator
        self._learn = learn
        self._context: RecordedContext | None = None
        self._signed_in: State | None = None
        self._refused: Exception | None = None
        self._surprised = False

    def do(self, work: Callable[[ChatPage], T], *, afresh: bool = False) -> T:
        """The result of work with the page.

        Args:
            work: done in the browser's thread.
            afresh: with the page as it is loaded now; an earlier one shows the models of its time.

        Raises:
            NotProven: the browser broke off; what is done next begins with another.
        """
        return self._browser.do(lambda: self._do(work, afresh=afresh))

    def _do(self, work: Callable[[ChatPage], T], *, afresh: bool) -> T:
        try:
            known = self._context
            page = self._taken().page
            if afresh and known is self._context:
                page.open()
            return work(page)
        except BaseException as error:
            # What it shows now is evidence, so it is left as it is until the next one needs it.
            self._surprised = True
            if isinstance(error, PlaywrightError):
                told = error.message.splitlines()[0]
                raise NotProven(f"the browser broke off, and another is begun: {told}") from error
            raise

    def _taken(self) -> RecordedContext:
        if self._refused:  # told to each scenario, tried once
            raise self._refused
        if self._context and self._surprised:
            self._leave(self._context)
        self._surprised = False
        if self._context is None:
            self._context = self._browser.new_context(self._signed_in)
            if self._signed_in:
                self._context.page.open()
            else:
                self._signed_in = self._sign_in(self._context)
        return self._context

    def _sign_in(self, context: RecordedContext) -> State:
        who = self._account
        try:
            if who.token.reveal():
                self._open_by_token(context)
            elif who.email:
                context.page.sign_in(who.email, who.password, news=self._administrator)
            else:
                context.page.open()
        except (AssertionError, NotProven) as error:
            self._refused = error
            raise
        state = context.context.storage_state()
        for cookie in state["cookies"]:
            self._learn(Secret(cookie["value"]))
        return state

    def _open_by_token(self, context: RecordedContext) -> None:
        """Open the page as it is left by somebody who signed in elsewhere."""
        token = self._account.token
        if token.reveal().startswith("sk-"):
            raise NotProven("an API key opens no page: give a session's token to use a browser")
        context.carry(token)
        context.page.open()

    def _leave(self, context: RecordedContext) -> None:
        self._browser.close_context(context)
        self._context = None

    def leave(self) -> None:
        """Close the context."""
        if self._context:
            context = self._context
            with suppress(NotProven):  # the run ends, and every context with its browser
                self._browser.do(lambda: self._leave(context))
