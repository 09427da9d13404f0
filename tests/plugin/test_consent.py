"""Leave for a drill is the context's name, passed or typed on the terminal."""

import os
import pty
import subprocess
import sys

import pytest

from acceptance.errors import SetupError
from acceptance.plugin.targets import consent
from tests.sources import REPOSITORY

_ASKING = (
    "from acceptance.plugin.targets import consent; print('allowed on', consent('ask', 'prod'))"
)


def _typed(line: str) -> str:
    """What the terminal shows when a person is asked, and types this."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(REPOSITORY)
        os.execv(sys.executable, [sys.executable, "-c", _ASKING])  # noqa: S606  # no shell: so meant
    shown = b""
    while b"to allow that: " not in shown:
        shown += os.read(terminal, 1024)
    os.write(terminal, f"{line}\n".encode())
    try:
        while more := os.read(terminal, 1024):
            shown += more
    except OSError:  # Linux says so that the other end is closed
        pass
    os.waitpid(pid, 0)
    os.close(terminal)
    return shown.decode()


def test_a_name_that_was_passed_is_not_asked_for() -> None:
    assert consent("prod", "prod") == "prod"
    assert consent("", "prod") == ""


def test_the_name_that_is_typed_allows_it() -> None:
    shown = _typed("prod")
    assert "A drill takes backends of prod away. Its name, to allow that: " in shown
    assert "allowed on prod" in shown


def test_what_is_disturbed_is_said_in_the_question(monkeypatch: pytest.MonkeyPatch) -> None:
    asking = _ASKING.replace("'prod'", "'default@1a', 'default (https://10.0.0.7:6443, 1a)'")
    monkeypatch.setattr(sys.modules[__name__], "_ASKING", asking)
    shown = _typed("default@1a")
    assert "takes backends of default (https://10.0.0.7:6443, 1a) away." in shown
    assert "allowed on default@1a" in shown


@pytest.mark.parametrize(("line", "found"), [("staging", "staging"), ("", "nothing")])
def test_anything_else_allows_nothing(line: str, found: str) -> None:
    shown = _typed(line)
    assert "The drill was not allowed." in shown
    assert f"found     typed: {found}" in shown


def test_where_nobody_can_be_asked_the_name_must_be_passed() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _ASKING],
        cwd=REPOSITORY,
        start_new_session=True,  # and with it, no terminal
        capture_output=True,
        text=True,
        check=False,
    )
    assert f"{SetupError.__name__}: The drill was not allowed." in done.stderr
    assert "no terminal to ask on" in done.stderr
    assert "fix       --drill=prod" in done.stderr
