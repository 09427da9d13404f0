"""Whether a README documents the models and the fallback chain as they are."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from acceptance.message import explain


def check_models(text: str, served: Iterable[str], where: str) -> None:
    """Raise AssertionError unless every model is named, whole, in the text."""
    missing = [name for name in served if not _whole(name).search(text)]
    if missing:
        raise AssertionError(
            explain(
                "The README does not name every model.",
                expected="each model that LiteLLM serves",
                found=f"missing: {', '.join(missing)}",
                where=where,
                fix="add them to its table of models",
            )
        )


_ARROW = re.compile(r"->|=>|→|⇒|➔|➜")
_SENTENCE_END = re.compile(r"[.!?;:]\s")
_PARAGRAPH_END = re.compile(r"\n\s*\n(?![ \t]*(?:[2-9]|\d{2,9})[.)][ \t])")
"""A blank line, but not the one between two numbers of one list."""
_ON = re.compile(rf"[^\n]*?(?:{_ARROW.pattern})\s*`(?P<name>[^`\s]*[^\W\d][^`\s]*)`")
"""What a line that goes on leads to, where it is marked as a name is."""
_LIST_MARK = re.compile(r"^[ \t]*(?:[-*+]|\d+[.)])[ \t]+", re.MULTILINE)
_EXCLUDED = re.compile(r"\b(?:never|not|no|nor|unlike|except|without|instead|but)\b", re.IGNORECASE)


def check_chain(text: str, order: Iterable[str], where: str, known: Iterable[str] = ()) -> None:
    """Raise AssertionError unless one paragraph shows the chain's models in their order.

    A model may be named again before the next one follows: "if a is away b answers, after b, c".
    No other model may stand between them, nor go on after the last one.

    Args:
        text: the README.
        order: the chain.
        where: whose README it is.
        known: every model of the gateway: a chain that it leads through is another one.
    """
    chain = tuple(order)
    names = frozenset((*chain, *known))
    shown = [_Named.all_in(paragraph, names) for paragraph in _PARAGRAPH_END.split(text)]
    if not any(_shows(sequence, chain) for sequence in shown):
        others = [each for each in shown if len({one.name for one in each} & {*chain}) > 1]
        found = "; ".join(" -> ".join(one.name for one in each) for each in others)
        raise AssertionError(
            explain(
                "The README does not show the fallback chain as it is.",
                expected=" -> ".join(chain),
                found=f"paragraphs that name {found}"
                if found
                else "no paragraph that names them in this order",
                where=where,
                fix="write the chain as one line, e.g. `a` -> `b` -> `c`",
            )
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Named:
    """A model that a paragraph names, and the words between it and the one before."""

    name: str
    before: str
    after: str
    """All that follows it."""

    @classmethod
    def all_in(cls, paragraph: str, names: Iterable[str]) -> tuple["_Named", ...]:
        """The models in their order; one that is named again at once stands once."""
        text = _LIST_MARK.sub("", paragraph)
        places = sorted(
            (match.start(), match.end(), name)
            for name in names
            for match in _whole(name).finditer(text)
        )
        found: list[_Named] = []
        last = 0
        for start, end, name in places:
            if not found or found[-1].name != name:
                found.append(cls(name=name, before=text[last:start], after=text[end:]))
            last = end
        return tuple(found)


def _shows(named: tuple[_Named, ...], chain: tuple[str, ...]) -> bool:
    length = len(chain)
    return any(
        tuple(each.name for each in named[at : at + length]) == chain
        and not (at and _ARROW.search(named[at].before))
        and not any(map(_leads_through, named[at + 1 : at + length]))
        and not (at + length < len(named) and _goes_on(named[at + length].before))
        and not _goes_on_elsewhere(named[at + length - 1].after)
        for at in range(len(named))
    )


def _leads_through(named: _Named) -> bool:
    """Whether one line leads to a name by way of another, which the gateway does not serve."""
    return any(len(_ARROW.findall(line)) > 1 for line in named.before.splitlines())


def _goes_on_elsewhere(words: str) -> bool:
    """Whether a line leads on to a name, be it one that the gateway does not serve."""
    on = _ON.match(words)
    return bool(on and "error" not in on["name"].lower())


def _goes_on(words: str) -> bool:
    """Whether a name behind these words still belongs to the chain before them."""
    return not _SENTENCE_END.search(words) and not _EXCLUDED.search(words)


def _whole(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w./-]){re.escape(name)}(?![\w/-]|[.:]\w)")


def undocumented(text: str, extra: Iterable[str]) -> tuple[str, ...]:
    """A remark on models beyond the story that the text does not name."""
    missing = [name for name in extra if not _whole(name).search(text)]
    return (f"served, and not in the README: {', '.join(missing)}",) if missing else ()
