"""What a user does and sees on Open WebUI's page; where it is on it, `locators` knows."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Locator, Page
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

from acceptance.clients.browser import locators
from acceptance.clients.browser.missing import expecting, no_websocket, require_known
from acceptance.clients.browser.selector import Selector
from acceptance.secret import Secret

READY_TIMEOUT = 60.0
"""Seconds until the page can be used. A first load took over 30 where ten programs shared two
cores."""
_NEWS_TIMEOUT = 2.0
"""Seconds in which the first-login dialog comes, where it comes at all."""
_SOCKET_SECONDS = 10.0
"""Seconds without an answer after which a page without a websocket is not waited for."""
_BACK_SECONDS = 5.0
"""Seconds for a page to ask again for a conversation that one comes back to; it takes 0.6."""
LOOK_SECONDS = 0.05
"""Seconds between two looks at a page that is being drawn; one look takes a thousandth or two."""
_ASIDE = (640, 620)
"""Where the pointer is in the way of nothing, and no hint pops up."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """One message in a conversation, as the page shows it."""

    user: bool
    model: str
    """The label: the model that was asked for, whoever answered."""
    text: str
    error: str
    done: bool
    """Whether the page offers what it offers below a complete answer."""


class ChatPage:
    """The page of one account."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._loaded = False
        self.selector = Selector(page)
        self._refused = ""
        """What was said where Open WebUI, or what stands before it, took no websocket."""
        page.on("websocket", lambda opened: opened.on("socketerror", self._note_refusal))
        self._news = page.get_by_role("button", name=locators.NEWS).first
        page.add_locator_handler(self._news, lambda button: button.click())

    def sign_in(self, email: str, password: Secret, *, news: bool) -> None:
        """Sign in by the form, and put the first-login dialog away.

        Args:
            email: of the account.
            password: typed into a field that does not show it.
            news: whether this account may be shown what is new: administrators are.
        """
        with expecting("the form to sign in", self._page):
            self._load(locators.FORM, f"{locators.EMAIL}, {locators.LDAP_NAME}")
            if self._page.locator(locators.LDAP_NAME).count():
                self._page.get_by_role("button", name=locators.BY_EMAIL).click()
            self._page.fill(locators.EMAIL, email)
            self._page.fill(locators.PASSWORD, password.reveal())
            self._page.click(locators.SIGN_IN)
        with expecting("the page after signing in", self._page):
            self._page.wait_for_selector(locators.INPUT, timeout=READY_TIMEOUT * 1000)
        with suppress(PlaywrightTimeoutError):
            if news:
                self._news.click(timeout=_NEWS_TIMEOUT * 1000)
                self._news.wait_for(state="hidden")

    def open(self, path: str = "/") -> None:
        """Load the page of an account that is signed in."""
        with expecting("the field for a question", self._page):
            self._load(path, locators.INPUT)

    def _load(self, path: str, ready: str) -> None:
        """Load the page until it is ready; the very first load is tried twice."""
        try:
            self._go(path, ready)
        except PlaywrightError:
            if self._loaded:
                raise
            self._go(path, ready)
        self._loaded = True

    def _go(self, path: str, ready: str) -> None:
        self._page.goto(path, wait_until="commit")
        self._page.wait_for_selector(ready, timeout=READY_TIMEOUT * 1000)

    def new_chat(self) -> None:
        """Leave the conversation for a new one, as the button does: without loading the page."""
        if self._messages.count():
            with expecting("the button for a new conversation", self._page):
                self._page.locator(locators.NEW_CHAT).first.click()
                self._messages.first.wait_for(state="detached")

    def come_back(self) -> None:
        """Leave the conversation and come back to it, as by the browser's button.

        Open WebUI 0.12.4 forgets a conversation that is left, and asks its server for it again;
        0.7.2 does not ask: there the page is loaded again.
        """
        chat = self.chat
        kept = f"/api/v1/chats/{chat}"
        self.new_chat()
        try:
            with self._page.expect_response(
                lambda reply: urlsplit(reply.url).path == kept, timeout=_BACK_SECONDS * 1000
            ):
                self._page.go_back(wait_until="commit")
        except PlaywrightTimeoutError:
            self.open(f"/c/{chat}")

    def say(self, text: str) -> None:
        """Type a question and send it."""
        with expecting("the field for a question, and its button", self._page):
            self._page.fill(locators.INPUT, text)
            self._page.click(locators.SEND)

    @property
    def _messages(self) -> Locator:
        return self._page.locator(locators.MESSAGE)

    def messages(self) -> tuple[Message, ...]:
        """What stands in the conversation, oldest first; only looks."""
        read: list[dict[str, Any]] = self._messages.evaluate_all(locators.READ_MESSAGES)
        return tuple(Message(**message) for message in read)

    def answer(self, code: str, *, complete: bool, timeout: float) -> Message | None:
        """The answer to the question that holds this code, as soon as it is there.

        Args:
            code: the question's own.
            complete: wait for its end; otherwise for its first words.
            timeout: seconds after which there is none.

        Raises:
            AssertionError, NotProven: the page has no websocket, by which answers arrive.
            NotProven: it shows no words, on a version on which they may have moved.
        """
        for seconds in (_SOCKET_SECONDS, timeout - _SOCKET_SECONDS):
            with suppress(PlaywrightTimeoutError):
                found = self._page.wait_for_function(
                    locators.ANSWER,
                    arg=[code, complete],
                    polling=LOOK_SECONDS * 1000,
                    timeout=seconds * 1000,
                )
                message = Message(**found.json_value())
                if not (message.text or message.error):
                    require_known("the words of an answer", self._page)
                return message
            if self._refused:
                raise no_websocket(self._page.url, self._refused)
        return None

    def _note_refusal(self, told: str) -> None:
        self._refused = told

    @property
    def chat(self) -> str:
        """The conversation's identity; empty as long as nothing was asked."""
        _, found, rest = self._page.url.partition("/c/")
        return rest.partition("?")[0] if found else ""

    def picture(self) -> bytes:
        """The page as a PNG, with nothing in the way; empty where it is not drawn in time."""
        with suppress(PlaywrightTimeoutError):
            if self._news.is_visible():
                self._news.click(timeout=_NEWS_TIMEOUT * 1000)
            self._page.wait_for_function(locators.ALL_DRAWN, timeout=_NEWS_TIMEOUT * 1000)
        self._page.mouse.move(*_ASIDE)
        quiet = f"{locators.NOTICES} {{ visibility: hidden }}"
        with suppress(PlaywrightTimeoutError):
            return self._page.screenshot(animations="disabled", style=quiet)
        return b""
