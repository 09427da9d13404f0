"""Leave for a drill: the name of the context, passed or typed, and never taken for granted."""

import os
from pathlib import Path

from acceptance.errors import SetupError
from acceptance.message import explain

ASK = "ask"
_TERMINAL = Path(os.ctermid())
"""Of the person who runs this; pytest has taken its standard input away."""


def consent(drill: str, name: str, about: str = "") -> str:
    """The setting `drill`, asked for on the terminal where it says so.

    Args:
        drill: the setting.
        name: what is to be typed: the context's, and more where many clusters are called so.
        about: what the cluster is; empty: its name.

    Raises:
        SetupError: it is to be asked for, and nobody is there, or the answer is another.
    """
    if drill != ASK:
        return drill
    question = f"\nA drill takes backends of {about or name} away. Its name, to allow that: "
    try:
        with (
            _TERMINAL.open("w", encoding="utf-8") as out,
            _TERMINAL.open(encoding="utf-8") as typed,
        ):
            out.write(question)
            out.flush()
            answer = typed.readline().strip()
    except OSError as error:
        raise SetupError(_refused(name, f"no terminal to ask on: {error}")) from error
    if answer != name:
        raise SetupError(_refused(name, f"typed: {answer or 'nothing'}"))
    return answer


def _refused(name: str, found: str) -> str:
    return explain(
        "The drill was not allowed.",
        expected=f"the name of the context, {name}",
        found=found,
        where=f"--drill={ASK}",
        fix=f"--drill={name}, or leave --drill out to change nothing",
    )
