"""Whether the page kept to its own host: what a user sees then comes from the target alone."""

from collections.abc import Collection

from acceptance.message import explain


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
