"""The model selector on the page: read as a user sees it, and searched as a user does."""

from contextlib import suppress

from playwright.sync_api import Locator, Page
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

from acceptance.clients.browser import locators
from acceptance.clients.browser.missing import expecting

_SEARCH_TIMEOUT = 10.0
"""Seconds in which the search shows what it finds."""


class Selector:
    """The list that opens above a conversation."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._closing = False

    def chosen(self) -> str:
        """The name on its button."""
        with expecting("the model selector", self._page):
            return self._page.locator(locators.SELECTOR).inner_text().strip()

    def options(self) -> tuple[str, ...]:
        """Every model in it, in its order; it stays open."""
        with expecting("the list of the model selector", self._page):
            self._open()
            shown = self._page.locator(locators.OPTION)
            shown.first.or_(self._nothing).wait_for()
            if not shown.count():
                return ()
            names = dict.fromkeys(shown.evaluate_all(locators.READ_OPTIONS))
            while self._scroll_on():
                names.update(dict.fromkeys(shown.evaluate_all(locators.READ_OPTIONS)))
            self._page.locator(locators.LIST).evaluate(locators.SCROLL_BACK)
            return tuple(names)

    def choose(self, model: str) -> bool:
        """Search the model and choose it by its exact name; False where it is not offered."""
        with expecting("the search of the model selector", self._page):
            self._open()
            self._page.fill(locators.SEARCH, model)
            option = self._page.locator(locators.option(model))
            with suppress(PlaywrightTimeoutError):  # the search finds what is only alike, too
                option.or_(self._nothing).first.wait_for(timeout=_SEARCH_TIMEOUT * 1000)
            while not option.count():
                if not self._scroll_on():
                    return False
            option.click()
            self._closing = True
            return True

    def _open(self) -> None:
        search = self._page.locator(locators.SEARCH)
        if self._closing:  # what fades away can be seen for a while, and takes no word any more
            search.wait_for(state="hidden")
            self._closing = False
        if not search.is_visible():
            self._page.locator(locators.SELECTOR).click()
        search.wait_for()

    def _scroll_on(self) -> bool:
        """Draw the next part of the list; False at its end."""
        lists = self._page.locator(locators.LIST)
        return bool(lists.count() and lists.evaluate(locators.SCROLL_ON))

    @property
    def _nothing(self) -> Locator:
        return self._page.get_by_text(locators.NOTHING).last
