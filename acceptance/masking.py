"""Known secrets, masked in each form in which one is likely to be written, and in pieces.

Masking takes time that grows with the text, however many secrets there are and however long: of
each form a few windows of six characters are kept, each window of a text is looked up once, and
where one is found, text and form are compared to both sides.
"""

import base64
import html
import json
import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import quote, quote_plus

from acceptance.secret import MASK, Secret
from acceptance.shapes import held

_WINDOW = 6
"""Characters of a window, and so of the shortest secret that is masked.

A shorter one (`true`, `1`, `admin`) stays where it stands alone: it would mask ordinary words and
numbers all over a report, which hides nothing and tells everybody what it is. Behind a name that
says what it is (`password: x`), `acceptance.shapes` masks it.
"""
_WORDS = 12
"""Characters below which a secret may be a word, a number or a name that the suite uses itself."""
_BROKEN = 16
"""Characters from which on a piece of a secret, as a log breaks one, is a piece of nothing else."""
_PIECE, _LONGEST_PIECE = 10, 24
"""Characters of the shortest piece that is masked: a third of the secret, within these.

One without a digit, or without a letter, is not: it may be a word or a date that others use, too.
"""
_OF_A_FILE = 1000
"""Characters of a piece of a whole file that is masked."""
_ALIKE = 8
"""Forms that may share a window; any other of them is found by its other windows."""
_DEPTH = 3
"""How often a text is quoted in a text, in a text."""


class Redactor:
    """Masks known secrets."""

    def __init__(self, secrets: Iterable[Secret] = ()) -> None:
        self._known: set[str] = set()
        self._windows: dict[str, list[_Window]] = {}
        self._broken: dict[str, None] = {}
        """Forms of which too little is left without their line breaks."""
        for secret in secrets:
            self.add(secret)

    def add(self, secret: Secret) -> None:
        """Mask this secret from now on, and what is secret within it."""
        value = secret.reveal().strip()
        if value in self._known:
            return
        self._known.add(value)
        for part in held(value):
            self._add(part)
        self._add(value)

    def _add(self, value: str) -> None:
        if len(value) < _WINDOW:
            return
        unlike = len(value) >= _WORDS and _mixed(value)
        shortest = _shortest_piece(value)
        forms = {form: unfolded(form).text for form in _forms(value)}
        self._broken.update({form: None for form, flat in forms.items() if len(flat) < _WINDOW})
        for form in {flat for flat in forms.values() if len(flat) >= _WINDOW}:
            self._keep(_Form(text=form, shortest=min(shortest, len(form)), unlike=unlike))

    def _keep(self, form: "_Form") -> None:
        if form.shortest == len(form.text):
            self._windows.setdefault(form.text[:_WINDOW], []).append(_Window(form, 0))
            return
        last = len(form.text) - _WINDOW
        for start in (*range(0, last, form.shortest - _WINDOW + 1), last):
            alike = self._windows.setdefault(form.text[start : start + _WINDOW], [])
            if len(alike) < _ALIKE:
                alike.append(_Window(form, start))

    def __call__(self, text: str) -> str:
        """The text, with every known secret masked."""
        for form in self._broken:
            text = text.replace(form, MASK)
        return self._masked(text, words=True)

    def own(self, text: str) -> str:
        """Words of the suite itself, with every secret masked that is no such word.

        What is fixed (a title, a state, a name) stays what it is though somebody's password is
        `target` or `passed`: masked there, it would be told, and the report destroyed.
        """
        return self._masked(text, words=False)

    def known(self, data: bytes) -> bytes:
        """Bytes that are no text, a picture for one: only what is a secret to the byte."""
        text = data.decode(errors="surrogateescape")
        return self._in_views(text, [_View(text)], words=False).encode(errors="surrogateescape")

    def _masked(self, text: str, *, words: bool) -> str:
        return self._in_views(text, _views(text), words=words) if self._windows else text

    def _in_views(self, text: str, views: Iterable["_View"], *, words: bool) -> str:
        spans = sorted(span for view in views for span in self._found(view, words=words))
        kept: list[str] = []
        end = 0
        for start, stop in spans:
            if start > end or not kept:
                kept += [text[end:start], MASK]
            end = max(end, stop)
        return "".join([*kept, text[end:]])

    def _found(self, view: "_View", *, words: bool) -> Iterator[tuple[int, int]]:
        text, windows = view.text, self._windows
        hits = [at for at in range(len(text)) if text[at : at + _WINDOW] in windows]
        behind = 0
        for at in hits:
            if at < behind:
                continue
            matches = [
                match
                for window in windows[text[at : at + _WINDOW]]
                if words or window.form.unlike
                if (match := _match(text, at, window))
            ]
            told = [
                match for match in matches if match.whole or _mixed(text[match.first : match.end])
            ]
            if told:
                found = max(told, key=lambda match: match.end - match.first)
                yield view.origin(found.first, found.end)
                behind = max(at + 1, found.end - _WINDOW + 1)
            elif matches:  # nothing but words that a secret holds, too
                behind = max(match.end for match in matches) - _LONGEST_PIECE


class _Form(NamedTuple):
    """One way in which a secret is written."""

    text: str
    shortest: int
    """Characters of it that are masked wherever they stand."""
    unlike: bool
    """Whether it cannot be a word of the suite's own."""


class _Window(NamedTuple):
    form: _Form
    start: int


class _Match(NamedTuple):
    """From where to where a form, or a piece of one, stands in a text."""

    first: int
    end: int
    whole: bool


def _match(text: str, at: int, window: _Window) -> _Match | None:
    """What of the form stands around this place of the text, if that is enough of it."""
    form, start = window.form.text, window.start
    first = at
    while first > 0 and start > 0 and text[first - 1] == form[start - 1]:
        first, start = first - 1, start - 1
    length = _common(text, first, form, start)
    if length < window.form.shortest:
        return None
    return _Match(first, first + length, whole=start == 0 and length == len(form))


def _common(text: str, first: int, form: str, start: int) -> int:
    """Characters that both have in common from there on."""
    length, step = 0, _WINDOW
    while step:
        piece = form[start + length : start + length + step]
        if piece and text.startswith(piece, first + length):
            length, step = length + len(piece), step * 2
        else:
            step = min(step, len(piece)) // 2
    return length


def _shortest_piece(value: str) -> int:
    """Characters of the secret that are told from anything else.

    Of a whole file only a long piece is: it holds names and addresses that everybody may know, and
    what is secret within it is known by itself.
    """
    if len(value) < _BROKEN:
        return len(value)
    if "\n" in value or value[0] in "{[":
        return _OF_A_FILE
    return min(max(_PIECE, len(value) // 3), _LONGEST_PIECE)


def _mixed(value: str) -> bool:
    return any(map(str.isalpha, value)) and any(map(str.isdigit, value))


@dataclass(frozen=True, slots=True)
class _View:
    """A text as it was before something quoted or broke it, and where its pieces stand there."""

    text: str
    below: "_View | None" = None
    starts: Sequence[int] = ()
    """Where in the text something stands for something else in the one below."""
    changes: Sequence[tuple[int, int, int]] = field(default=())
    """Of each: where it ends here, where it starts and ends in the one below."""

    def origin(self, first: int, end: int) -> tuple[int, int]:
        """From where to where a piece stands in the text that was given."""
        if self.below is None:
            return first, end
        return self.below.origin(self._before(first), self._behind(end - 1))

    def _before(self, place: int) -> int:
        change = bisect_right(self.starts, place) - 1
        if change < 0:
            return place
        end, below, below_end = self.changes[change]
        return below if place < end else below_end + place - end

    def _behind(self, place: int) -> int:
        change = bisect_right(self.starts, place) - 1
        if change < 0:
            return place + 1
        end, _, below_end = self.changes[change]
        return below_end if place < end else below_end + place + 1 - end


_BREAKS = re.compile(r"(?<![ \t])[ \t]*(?:\r\n?|\n)\s*")
_ESCAPES = re.compile(
    r"(?P<breaks>(?<![ \t])[ \t]*(?:\\[nr]|[\r\n])(?:\\[nr]|\s)*)"
    r"|(?P<percent>%[0-7][0-9a-f]|(?:%[c-f][0-9a-f])(?:%[89ab][0-9a-f]){1,3})"
    r"|\\u(?P<pair>d[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2})"
    r"|\\(?:u(?P<four>[0-9a-f]{4})|x(?P<two>[0-9a-f]{2})|(?P<sign>[^\w\s]|[bft]))"
    r"|&(?:\#x(?P<hex>[0-9a-f]{1,6})|\#(?P<number>\d{1,7})|(?P<name>amp|lt|gt|quot|apos));"
    r"|'(?P<single>(?:\\'|\"'\")?')|\"(?P<double>\")",
    re.IGNORECASE,
)
"""What stands for a character: in URLs, JSON, Python, HTML, YAML, a shell, CSV."""
_NAMED = {"b": "\b", "f": "\f", "t": "\t"}
_NUMBERS = {"four": 16, "two": 16, "hex": 16, "number": 10}
"""Their base."""
_LAST = 0x10FFFF


def _views(text: str) -> Iterator[_View]:
    """The text without its line breaks, then with what is quoted in it as it was before."""
    view = _View(text)
    yield unfolded(text)
    for _ in range(_DEPTH):
        plain = _changed(view, _ESCAPES, _plain)
        if plain.text == view.text:
            return
        yield plain
        view = plain


def unfolded(text: str) -> _View:
    """The text without line breaks and the indents behind them, as a narrow terminal makes them."""
    return _changed(_View(text), _BREAKS, lambda _: "")


def _changed(
    view: _View, pattern: re.Pattern[str], change: Callable[[re.Match[str]], str]
) -> _View:
    kept, starts, changes, size, behind = [], [], [], 0, 0
    for found in pattern.finditer(view.text):
        other = change(found)
        size += found.start() - behind
        kept += [view.text[behind : found.start()], other]
        starts.append(size)
        size += len(other)
        behind = found.end()
        changes.append((size, found.start(), behind))
    if not starts:
        return view
    return _View("".join([*kept, view.text[behind:]]), view, starts, changes)


def _plain(found: re.Match[str]) -> str:
    """The character that an escape stands for; itself where it stands for none."""
    kind, text = found.lastgroup or "", found[found.lastgroup or 0]
    if kind in _NUMBERS:
        number = int(text, _NUMBERS[kind])
        return chr(number) if number <= _LAST else found[0]
    match kind:
        case "percent":
            return bytes.fromhex(text.replace("%", "")).decode(errors="replace")
        case "pair":
            halves = bytes.fromhex(text[:4] + text[-4:])
            return halves.decode("utf-16-be")
        case "sign":
            return _NAMED.get(text, text)
        case "name":
            return html.unescape(f"&{text.lower()};")
        case _:
            return {"single": "'", "double": '"'}.get(kind, "")


_QUOTINGS: tuple[Callable[[str], str], ...] = (
    lambda value: value,
    lambda value: json.dumps(value)[1:-1],
    lambda value: json.dumps(value, ensure_ascii=False)[1:-1],
    lambda value: repr(value)[1:-1],
    lambda value: repr(f"'\"{value}")[4:-1],  # within a text of both quotes: one kind is escaped
    lambda value: value.replace("'", "''"),  # YAML
)
"""What cannot be told from a secret that holds escapes itself, and so is made of each secret."""


def _forms(value: str) -> Iterator[str]:
    # twice, for JSON that is quoted by Python, or by JSON once more
    yield from {outer(inner(value)) for inner in _QUOTINGS for outer in _QUOTINGS}
    view = _View(value)
    for _ in range(_DEPTH):
        view = _changed(view, _ESCAPES, _plain)
        yield view.text
    yield html.escape(value)
    yield html.escape(value, quote=False)
    data = value.encode(errors="surrogatepass")
    for quoted in (quote(data, safe=""), quote(data), quote_plus(data)):
        yield quoted
        yield re.sub("%..", lambda found: found[0].lower(), quoted)
    yield data.hex()
    yield data.hex().upper()
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        yield encode(data).decode()
        yield encode(data).decode().rstrip("=")
        # and once more: a Secret's `data` may hold what is encoded already, as a sign-in is
        yield base64.b64encode(encode(data)).decode()
        for within in _within_base64(data, encode):
            yield within
            yield from _within_base64(within.encode(), base64.b64encode)
    if len(value) >= _WORDS and _mixed(value):
        yield from (value.lower(), value.upper())  # in the place of a host, which has no case


def _within_base64(data: bytes, encode: Callable[[bytes], bytes]) -> Iterator[str]:
    """What stands in the base64 of any text that holds these bytes, whatever comes before."""
    for before in range(3):
        first_own, behind_last = -(-before * 8 // 6), (before + len(data)) * 8 // 6
        yield encode(bytes(before) + data).decode()[first_own:behind_last]
