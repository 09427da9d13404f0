"""Open WebUI's page: the one module that knows where things are on it.

Seen on Open WebUI 0.12.4, with the language English, at 1280 x 800. The page has identifiers for
what its own tests use, and those come first; the words on it change with the user's language.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Locator, Page
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

from domain.errors import NotProven
from domain.message import explain
from domain.secret import Secret

SEEN_ON = "0.12.4"
"""Version of Open WebUI that this module was checked with."""
READY_TIMEOUT = 30.0
"""Seconds until the page can be used; a first load on a busy machine takes up to ten."""
_SEARCH_TIMEOUT = 3.0
"""Seconds in which the search shows what it finds."""
_NEWS_TIMEOUT = 2.0
"""Seconds in which the first-login dialog comes, where it comes at all."""

_EMAIL, _PASSWORD = "#email", "#password"  # where it is typed, not what
_SIGN_IN = 'button[type="submit"]'
_NEWS = re.compile(r"let.?s go", re.IGNORECASE)
_INPUT = "#chat-input"
_SEND = "#send-message-button"
_NEW_CHAT = 'a[href="/"]:visible'
_SELECTOR = "#model-selector-model-button"
_SEARCH = "#model-search-input"
_LIST = "#model-selector-list"
_OPTION = f"{_LIST} [role=option]"
_NOTHING = "No results found"
_MESSAGE = 'div[id^="message-"]:is(.user-message, :has(#response-content-container))'
_READ_MESSAGES = """messages => messages.map(message => {
  const answer = message.querySelector('#response-content-container');
  const words = part => part ? part.innerText.trim() : '';
  const all = (from, what) => from ? [...from.querySelectorAll(what)].map(words).join('\\n') : '';
  return {
    user: message.matches('.user-message'),
    model: words(message.querySelector('#response-message-model-name')),
    text: answer ? all(answer, '.markdown-prose') : words(message),
    error: all(answer, ':scope > div:not(:has(.markdown-prose)) .break-words'),
    done: Boolean(message.querySelector('.copy-response-button')),
  };
})"""
_READ_OPTIONS = "options => options.map(option => option.dataset.value)"
_SCROLL_ON = """list => new Promise(done => {
  const before = list.scrollTop;
  list.scrollTop += list.clientHeight * 0.8;
  requestAnimationFrame(() => requestAnimationFrame(() => done(list.scrollTop > before)));
})"""
"""The list draws only what is in sight: it is scrolled until it cannot go on."""
_NO_NOTICES = "[data-sonner-toaster] { visibility: hidden }"
"""What is told in passing, as that an earlier conversation has got its title."""
_ALL_DRAWN = """() => [...document.images].every(image => {
  const place = image.getBoundingClientRect();
  return image.complete || place.top > innerHeight || place.bottom < 0;
})"""


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
    """What a user can do and see on the page."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._news = page.get_by_role("button", name=_NEWS).first
        page.add_locator_handler(self._news, lambda button: button.click())

    def sign_in(self, email: str, password: Secret, *, news: bool) -> None:
        """Sign in by the form, and put the first-login dialog away; the load is tried twice.

        Args:
            email: of the account.
            password: typed into a field that does not show it.
            news: whether this account may be shown what is new: administrators are.
        """
        with self._expecting("the form to sign in"):
            try:
                self._load("/auth", _EMAIL)
            except PlaywrightError:
                self._load("/auth", _EMAIL)
            self._page.fill(_EMAIL, email)
            self._page.fill(_PASSWORD, password.reveal())
            self._page.click(_SIGN_IN)
        with self._expecting("the page after signing in"):
            self._page.wait_for_selector(_INPUT, timeout=READY_TIMEOUT * 1000)
        with suppress(PlaywrightTimeoutError):
            if news:
                self._news.click(timeout=_NEWS_TIMEOUT * 1000)
                self._news.wait_for(state="hidden")

    def open(self, path: str = "/") -> None:
        """Load the page of an account that is signed in."""
        with self._expecting("the field for a question"):
            self._load(path, _INPUT)

    def _load(self, path: str, ready: str) -> None:
        self._page.goto(path, wait_until="commit")
        self._page.wait_for_selector(ready, timeout=READY_TIMEOUT * 1000)

    def new_chat(self) -> None:
        """Begin a new conversation, as the button does: without loading the page again."""
        with self._expecting("the button for a new conversation"):
            self._page.locator(_NEW_CHAT).first.click()
            self._messages.first.wait_for(state="detached")

    def chosen(self) -> str:
        """The name on the selector's button."""
        with self._expecting("the model selector"):
            return self._page.locator(_SELECTOR).inner_text().strip()

    def options(self) -> tuple[str, ...]:
        """Every model in the selector, in its order; the selector stays open."""
        with self._expecting("the list of the model selector"):
            self._open_selector()
            shown = self._page.locator(_OPTION)
            shown.first.or_(self._nothing).wait_for()
            if not shown.count():
                return ()
            names = dict.fromkeys(shown.evaluate_all(_READ_OPTIONS))
            while self._scroll_on():
                names.update(dict.fromkeys(shown.evaluate_all(_READ_OPTIONS)))
            self._page.locator(_LIST).evaluate("list => { list.scrollTop = 0 }")
            return tuple(names)

    def _scroll_on(self) -> bool:
        """Draw the next part of the list; False at its end."""
        lists = self._page.locator(_LIST)
        return bool(lists.count() and lists.evaluate(_SCROLL_ON))

    @property
    def _nothing(self) -> Locator:
        return self._page.get_by_text(_NOTHING).last

    def _open_selector(self) -> None:
        if not self._page.locator(_SEARCH).is_visible():
            self._page.locator(_SELECTOR).click()
        self._page.locator(_SEARCH).wait_for()

    def choose(self, model: str) -> bool:
        """Search the model and choose it by its exact name; False where it is not offered."""
        with self._expecting("the search of the model selector"):
            self._open_selector()
            self._page.fill(_SEARCH, model)
            option = self._page.locator(f"{_OPTION}[data-value={_quoted(model)}]")
            with suppress(PlaywrightTimeoutError):  # the search finds what is only alike, too
                option.or_(self._nothing).first.wait_for(timeout=_SEARCH_TIMEOUT * 1000)
            while not option.count():
                if not self._scroll_on():
                    return False
            option.click()
            self._page.locator(_SEARCH).wait_for(state="hidden")
            return True

    def say(self, text: str) -> None:
        """Type a question and send it."""
        with self._expecting("the field for a question, and its button"):
            self._page.fill(_INPUT, text)
            self._page.click(_SEND)

    @property
    def _messages(self) -> Locator:
        return self._page.locator(_MESSAGE)

    def messages(self) -> tuple[Message, ...]:
        """What stands in the conversation, oldest first; only looks."""
        read: list[dict[str, Any]] = self._messages.evaluate_all(_READ_MESSAGES)
        return tuple(Message(**message) for message in read)

    def reload(self) -> None:
        """Load the conversation again, and wait until it is there."""
        with self._expecting("the conversation after a reload"):
            self._page.reload(wait_until="commit")
            self._messages.last.wait_for(timeout=READY_TIMEOUT * 1000)

    @property
    def chat(self) -> str:
        """The conversation's identity; empty as long as nothing was asked."""
        _, found, rest = self._page.url.partition("/c/")
        return rest.partition("?")[0] if found else ""

    def picture(self) -> bytes:
        """The page as a PNG, with nothing in the way."""
        with suppress(PlaywrightTimeoutError):
            if self._news.is_visible():
                self._news.click(timeout=_NEWS_TIMEOUT * 1000)
            self._page.wait_for_function(_ALL_DRAWN, timeout=_NEWS_TIMEOUT * 1000)
        self._page.mouse.move(640, 620)  # where no hint pops up
        return self._page.screenshot(animations="disabled", style=_NO_NOTICES)

    @contextmanager
    def _expecting(self, what: str) -> Iterator[None]:
        """Say in people's words what was not there.

        Raises:
            AssertionError: this version of Open WebUI has it, so a user does not find it either.
            NotProven: on another version, where it may only have moved.
        """
        try:
            yield
        except PlaywrightTimeoutError as error:
            raise self._missing(what, error) from error

    def _missing(self, what: str, error: PlaywrightTimeoutError) -> Exception:
        found = str(self._page.request.get("/api/version").json().get("version"))
        if found != SEEN_ON:
            return NotProven(
                f"the page has changed: {what} is not where Open WebUI {SEEN_ON} has it; this is "
                f"{found}: correct drivers/browser/page.py",
                required=False,
            )
        return AssertionError(
            explain(
                f"The page does not show {what}.",
                expected=f"{what}, as in every Open WebUI {SEEN_ON}",
                found=error.message.splitlines()[0],
                where=self._page.url,
                fix="look at the picture and the console of the browser, attached to this result",
            )
        )


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
