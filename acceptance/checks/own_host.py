"""Whether the page kept to its own host: what a user sees then comes from the target alone."""

import re
from collections.abc import Collection

from acceptance.message import explain

_ORIGIN = re.compile(r"https?://[A-Za-z0-9.-]+(:\d{1,5})?")


def check_own_host(others: Collection[str], own: str) -> None:
    """Raise AssertionError if the page asked for anything but the target.

    Args:
        others: other hosts that it asked for, as `https://host:port`; none of them was reached.
        own: the target's address.
    """
    if others:
        raise AssertionError(
            explain(
                "The page asks for other hosts than Open WebUI.",
                expected=f"requests to {own} only",
                found=", ".join(others),
                where="the browser of this scenario, which lets the page reach nobody else",
                fix="look for the address in banners, model pictures, themes and functions of "
                "Open WebUI; what users are shown must not depend on it",
            )
        )


def page_origin(allowed: str, address: str) -> str:
    """The origin by which a page may talk to Open WebUI, of those that are allowed.

    Open WebUI compares the origin of a page's websocket, by which answers arrive, with each entry
    to the letter, and asks nothing where `*` stands alone (`config.py`, `socket/main.py`, 0.12.4).

    Args:
        allowed: the value of `CORS_ALLOW_ORIGIN`; empty where it is not set or cannot be seen.
        address: by which the suite reaches Open WebUI.

    Returns:
        The address itself where that is allowed, or where no entry is one that a page can have.
    """
    entries = allowed.split(";")
    if entries in ([""], ["*"]) or address in entries:
        return address
    return next((each for each in entries if _ORIGIN.fullmatch(each)), address)
