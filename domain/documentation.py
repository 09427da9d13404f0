"""Whether a README documents the models and the fallback chain as they are."""

import re
from collections.abc import Iterable
from itertools import groupby

from domain.message import explain


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


def check_chain(text: str, order: Iterable[str], where: str) -> None:
    """Raise AssertionError unless one paragraph shows the chain's models in their order.

    A model may be named again before the next one follows: "if a is away b answers, after b, c".
    """
    chain = tuple(order)
    if not any(_shows(paragraph, chain) for paragraph in re.split(r"\n\s*\n", text)):
        raise AssertionError(
            explain(
                "The README does not show the fallback chain as it is.",
                expected=" -> ".join(chain),
                found="no paragraph that names them in this order",
                where=where,
                fix="write the chain as one line, e.g. `a` -> `b` -> `c`",
            )
        )


def _shows(paragraph: str, chain: tuple[str, ...]) -> bool:
    named = sorted(
        (match.start(), name) for name in chain for match in _whole(name).finditer(paragraph)
    )
    sequence = tuple(name for name, _ in groupby(name for _, name in named))
    length = len(chain)
    return any(sequence[at : at + length] == chain for at in range(len(sequence)))


def _whole(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w./-]){re.escape(name)}(?![\w/-]|[.:]\w)")


def undocumented(text: str, extra: Iterable[str]) -> tuple[str, ...]:
    """A remark on models beyond the story that the text does not name."""
    missing = [name for name in extra if not _whole(name).search(text)]
    return (f"served, and not in the README: {', '.join(missing)}",) if missing else ()
