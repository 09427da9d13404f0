"""What a person is told where the page lacks what every page of Open WebUI has."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

from acceptance.clients.browser.locators import SEEN_ON
from acceptance.errors import NotProven
from acceptance.message import explain

_TELL_VERSION = """
fetch("/api/version", {signal: AbortSignal.timeout(5000)})
  .then((reply) => reply.json()).then((told) => told.version ?? "")
"""
"""Asked from the page: its address may be known to the browser alone."""
_OF_THIS_MACHINE = ("127.0.0.1", "localhost", "::1")


@contextmanager
def expecting(what: str, page: Page) -> Iterator[None]:
    """Say in people's words what was not there.

    Raises:
        AssertionError: this version of Open WebUI has it, so a user does not find it either.
        NotProven: on another version, where it may only have moved.
    """
    try:
        yield
    except PlaywrightTimeoutError as error:
        raise _missing(what, page, error.message.splitlines()[0]) from error


def require_known(what: str, page: Page) -> None:
    """Return if this version's page is known, so that what it does not show is not there.

    Raises:
        NotProven: on this version it may only have moved.
    """
    if moved := _may_have_moved(what, _version(page)):
        raise moved


def _may_have_moved(what: str, version: str) -> NotProven | None:
    if not version or version in SEEN_ON:
        return None
    return NotProven(
        f"the page has changed: {what} is not where Open WebUI {SEEN_ON[-1]} has it; this is "
        f"{version}: correct acceptance/clients/browser/locators.py"
    )


def _missing(what: str, page: Page, found: str) -> Exception:
    version = _version(page)
    return _may_have_moved(what, version) or AssertionError(
        explain(
            f"The page does not show {what}.",
            expected=f"{what}, as in every Open WebUI {version or SEEN_ON[-1]}",
            found=found if version else f"{found}; Open WebUI does not tell its version either",
            where=page.url,
            fix="look at the picture and the console of the browser, attached to this result",
        )
    )


def _version(page: Page) -> str:
    """What Open WebUI says of itself; empty where it says nothing."""
    try:
        return str(page.evaluate(_TELL_VERSION))
    except PlaywrightError:
        return ""


def no_websocket(url: str, refused: str) -> Exception:
    """The error where a page has no websocket, by which answers arrive (Open WebUI 0.12.4).

    Returns:
        NotProven where the page was opened by an address of this machine, which nobody else uses.
    """
    address = urlsplit(url)
    origin = f"{address.scheme}://{address.netloc}"
    message = explain(
        "The page has no websocket, by which its answers arrive.",
        expected="a websocket at /ws/socket.io",
        found=refused.strip().splitlines()[0] if refused.strip() else "it is refused",
        where=origin,
        fix=f"if CORS_ALLOW_ORIGIN is set and does not name {origin} to the letter, add it, or "
        "judge Open WebUI by an address that stands there; else look whether a proxy before Open "
        "WebUI hands on websockets",
    )
    return (NotProven if address.hostname in _OF_THIS_MACHINE else AssertionError)(message)
