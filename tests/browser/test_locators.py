"""What a page has is found by what each version of Open WebUI calls it; without a lab.

The parts are those of the pages' own templates, with two models and what is called alike beside.
"""

from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from acceptance.clients.browser import locators

_ITEMS = '<button {0} data-value="a&quot;b">A</button><button {0} data-value="c">C</button>'
_OPTIONS, _MODEL_ITEMS = (
    _ITEMS.format(each) for each in ("role=option", "aria-roledescription=model-item")
)
_SEND = "<button id=send-message-button type=submit></button>"
_PAGES = {
    "0.7.2": "<button id=model-selector-0-button></button>"
    f"<div class='max-h-64 overflow-y-auto'>{_MODEL_ITEMS}</div>"
    f"<button id=send-message-button>makes a note</button>{_SEND}",
    "0.8.12": "<button id=model-selector-0-button></button>"
    f"<div class=overflow-y-auto role=listbox><div></div>{_OPTIONS}</div>{_SEND}",
    "0.11.4": "<button id=model-selector-model-button></button>"
    f"<div class=overflow-y-auto role=listbox><div></div>{_OPTIONS}</div>{_SEND}",
    "0.12.4": "<button id=model-selector-model-button></button>"
    f"<div class=overflow-y-auto role=listbox id=model-selector-list>{_OPTIONS}</div>"
    f"<div role=listbox><div role=option>of something else</div></div>{_SEND}",
}
"""By the version of Open WebUI; 0.9.6 and 0.10.2 have what 0.8.12 has."""


def test_the_selector_and_the_button_that_sends_are_found(program: Path) -> None:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        page = chromium.new_page()
        for version, html in _PAGES.items():
            page.set_content(html)
            names = page.locator(locators.OPTION).evaluate_all(locators.READ_OPTIONS)
            found = [locators.SELECTOR, locators.LIST, locators.SEND, locators.option('a"b')]
            assert (version, names) == (version, ['a"b', "c"])
            assert {each: page.locator(each).count() for each in found} == dict.fromkeys(found, 1)
        chromium.close()


@pytest.mark.parametrize("version", locators.SEEN_ON)
def test_a_version_that_is_claimed_is_one_of_these(version: str) -> None:
    assert version in {*_PAGES, "0.9.6", "0.10.2"}
