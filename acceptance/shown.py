"""Text from outside, made fit for the place where it is shown: it is read there, and never acts."""

import re
import unicodedata
from typing import Any

_KEPT = "\n\t"
_BLANK = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
"""Letters and marks by Unicode's tables, and nothing is seen of them."""
_ASCII = frozenset(map(chr, range(0x20, 0x7F))) | {*_KEPT}
_HALF = re.compile("[\ud800-\udfff]")


def whole(text: str) -> str:
    """The text without halves of characters, which no file and no terminal takes.

    Two that stand together are the character that they are halves of; any other is U+FFFD.
    """
    if _HALF.search(text) is None:
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def whole_in(value: Any) -> Any:  # noqa: ANN401  # as json.loads gives it
    """The JSON value, each text in it whole."""
    match value:
        case str():
            return whole(value)
        case list():
            return [whole_in(part) for part in value]
        case dict():
            return {whole(name): whole_in(part) for name, part in value.items()}
        case _:
            return value


def visible(text: str) -> str:
    r"""The text with everything shown that would act or hide: `\x1b`, `\u202e`, `\u200b`.

    That is controls, marks of direction, what joins or separates without being seen, and blanks
    that are no space. Line breaks and tabs stay.
    """
    if not (odd := {sign for sign in {*text} - _ASCII if _acts(sign)}):
        return text
    return text.replace("\r\n", "\n").translate({ord(sign): _named(sign) for sign in odd})


def _acts(sign: str) -> bool:
    return unicodedata.category(sign) in {"Cc", "Cf", "Zl", "Zp"} or sign in _BLANK


def _named(sign: str) -> str:
    return sign.encode("unicode_escape").decode()


def line(text: str) -> str:
    """The text on one line, so that it cannot pass for the next one."""
    return " ".join(visible(whole(text)).split())


_BEGINNING = re.compile(r"^(?:(\d+)([.)])|([-+=]))(?=\s|$|[-+=])")
_MARKUP = re.compile(r"[\\`*\[\]|~$]|(?<!\w)_|_(?!\w)|^#")
_ENTITY = re.compile(r"&(?=#?\w+;)")
_REFERENCE = re.compile(r"@(?=\w)|#(?=\d)")


def markdown(text: str) -> str:
    """The text as Markdown that shows it, on one line: no HTML, link, table, list or mention.

    GitHub looks for mentions of people and issues in what the Markdown has become; it is cut by a
    comment that nobody sees, as nothing else in the language keeps it from that.
    """
    flat = _ENTITY.sub("&amp;", line(text)).replace("<", "&lt;").replace(">", "&gt;")
    flat = _MARKUP.sub(lambda found: f"\\{found[0]}", flat)
    flat = _BEGINNING.sub(lambda found: f"{found[1] or ''}\\{found[2] or found[3]}", flat)
    return _REFERENCE.sub(lambda found: f"{found[0]}<!-- -->", flat)


def code(text: str) -> str:
    """The text as a code span of Markdown, in a table's cell too; empty for no text."""
    flat = line(text)
    if not flat:
        return ""
    longest = max(map(len, re.findall("`+", flat)), default=0)
    space = " " if flat.startswith("`") or flat.endswith("`") else ""
    fence = "`" * (longest + 1)
    return f"{fence}{space}{flat}{space}{fence}".replace("|", "\\|")


def comment(text: str) -> str:
    """The text as a comment of HTML and of Markdown, which it cannot end."""
    flat = re.sub("-(?=-)", "- ", line(text)).replace("<", "(").replace(">", ")")
    return f"<!-- {flat} -->"
