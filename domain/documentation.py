"""Whether a README documents the models and the fallback chain as they are."""

import re
from collections.abc import Iterable

from domain.message import explain


def check_models(text: str, served: Iterable[str], where: str) -> None:
    """Raise AssertionError unless every model is named, whole, in the text."""
    missing = [name for name in served if not _mentions(text, name)]
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


def _mentions(text: str, name: str) -> bool:
    return re.search(rf"(?<![\w./-]){re.escape(name)}(?![\w/-])", text) is not None


def check_chain(text: str, order: Iterable[str], where: str) -> None:
    """Raise AssertionError unless one paragraph shows the chain's models in their order."""
    chain = tuple(order)
    pattern = re.compile(
        r"(?:(?!\n\n).)*?".join(rf"(?<![\w./-]){re.escape(name)}(?![\w/-])" for name in chain),
        re.DOTALL,
    )
    if pattern.search(text) is None:
        raise AssertionError(
            explain(
                "The README does not show the fallback chain as it is.",
                expected=" -> ".join(chain),
                found="no paragraph that names them in this order",
                where=where,
                fix="write the chain as one line, e.g. `a` -> `b` -> `c`",
            )
        )
