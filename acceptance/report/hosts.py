"""Internal host names and addresses, replaced by names that tell nothing but still tell apart."""

import re
from collections.abc import Iterable

_INTERNAL = (
    r"[a-z0-9](?:[\w-]*[a-z0-9])?(?:\.[\w-]+)*\.(?:svc(?:\.[\w-]+)*|local|lan|internal|intranet"
    r"|home\.arpa|home|corp)"
)
_PRIVATE = (
    r"10(?:\.\d{1,3}){3}|192\.168(?:\.\d{1,3}){2}|172\.(?:1[6-9]|2\d|3[01])(?:\.\d{1,3}){2}"
    r"|(?:fd|fe80)[0-9a-f]*(?::[0-9a-f]*)+"
)
"""RFC 1918 and its like for IPv6."""


class HostMask:
    """Replaces internal names by `host-1`, `host-2`, the same one each time.

    Args:
        names: further names to replace, which nobody could tell from public ones.
    """

    def __init__(self, names: Iterable[str] = ()) -> None:
        # a short name may stand with its domain, which goes as well
        given = [rf"{re.escape(name)}(?:\.[\w-]+)*" for name in names if name]
        self._pattern = re.compile(
            rf"(?<![\w.-])(?:{'|'.join([_INTERNAL, _PRIVATE, *given])})(?![\w-])", re.IGNORECASE
        )
        self._numbers: dict[str, int] = {}

    def __call__(self, text: str) -> str:
        """The text without internal names."""
        return self._pattern.sub(self._name, text)

    def _name(self, found: re.Match[str]) -> str:
        number = self._numbers.setdefault(found[0].lower(), len(self._numbers) + 1)
        return f"host-{number}"
