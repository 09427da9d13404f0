"""`wiredup SUBCOMMAND …`, in a checkout `python -m acceptance.command`."""

import importlib
import io
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from acceptance.command.completion import completion
from acceptance.errors import SetupError
from acceptance.message import explain
from acceptance.shipped import COMMAND, require_extra
from acceptance.verdict import ExitCode

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_INTERRUPTED = 130
NEWEST = (3, 12)
"""Python: as in pyproject.toml. Open WebUI 0.12.4 runs on no newer one."""
_ARGPARSE = 2
"""What argparse ends with after a mistake in the arguments; here 2 is pytest's own."""


@dataclass(frozen=True, slots=True)
class Subcommand:
    """One thing that the command does."""

    about: str
    module: str
    """Its `main` takes the arguments and gives the exit code; imported when it is called."""
    extra: str = ""
    """What of it needs the extra; empty: nothing, or not always."""
    before: tuple[str, ...] = ()
    """Arguments that stand before those of the caller."""


_RECORD = "acceptance.report.signoff"
SUBCOMMANDS: Mapping[str, Subcommand] = {
    "check": Subcommand("judge manifests, or what runs", "acceptance.command.check"),
    "draft": Subcommand("write your deployment down", "acceptance.command.draft", "The lab"),
    "review": Subcommand(
        "judge a change: before and after", "acceptance.command.review", "The lab"
    ),
    "comment": Subcommand("write that to a pull request", "acceptance.command.comment"),
    "demo": Subcommand("break the lab, and see who notices", "acceptance.command.demo", "The lab"),
    "lab": Subcommand("start manifests on this machine", "acceptance.lab.__main__", "The lab"),
    "rehearse": Subcommand("try an upgrade", "acceptance.rehearsal.__main__", "The lab"),
    "restore": Subcommand("undo an aborted drill", "acceptance.command.restore"),
    "report": Subcommand(
        "make the page of the last run", "acceptance.report.html", "The report's tool"
    ),
    "verify": Subcommand("does a signed record hold?", _RECORD, before=("verify",)),
    "sign": Subcommand("sign a record", _RECORD, before=("sign",)),
    "diff": Subcommand("what changed between two records", _RECORD, before=("diff",)),
}


class _Patient(io.FileIO):
    """Standard output that may be closed by its reader (`| head`): the work is done all the same.

    What is half done stays half done otherwise: a backend that a drill has taken away.
    """

    lost: OSError | None = None
    """Why something was not written that somebody will read: the disk is full, for example."""

    def write(self, data: "ReadableBuffer", /) -> int:
        """Write it, or drop it where nobody reads on, or where it cannot be written."""
        try:
            return super().write(data)
        except BrokenPipeError:
            pass
        except OSError as error:
            self.lost = error
        return memoryview(data).nbytes


def main() -> int:
    """What the installed command calls; returns the exit code."""
    _open_what_is_closed()
    out = _Patient(1, "w", closefd=False)
    encoding = sys.stdout.encoding if sys.stdout else "utf-8"
    raw = io.BufferedWriter(out)
    sys.stdout = io.TextIOWrapper(raw, encoding, "backslashreplace", line_buffering=True)
    try:
        require_python(sys.version_info[:2])
        code = run(sys.argv[1:])
    except SetupError as error:
        sys.stdout.write(f"{error}\n")
        code = ExitCode.UNFIT
    except SystemExit as error:  # argparse's own, where a subcommand leaves its mistakes to it
        code = ExitCode.UNFIT if error.code == _ARGPARSE else int(error.code or 0)
    except KeyboardInterrupt:
        code = _INTERRUPTED
    sys.stdout.flush()
    if out.lost:
        sys.stderr.write(f"Not everything could be written to standard output: {out.lost}\n")
        return ExitCode.UNFIT
    return code


def require_python(found: tuple[int, int]) -> None:
    """Return where this Python is one that the suite and its lab are made for.

    pip looks at that when it installs; uv leaves the upper bound aside (0.13.8).

    Raises:
        SetupError: it is a newer one.
    """
    if found > NEWEST:
        raise SetupError(
            explain(
                "This Python is newer than those that are supported.",
                expected="Python 3.11 or 3.12",
                found=f"Python {'.'.join(map(str, found))}",
                where=sys.executable,
                fix=f"name one: uvx --python 3.12 --from WHEEL {COMMAND}, or python3.12 -m venv",
            )
        )


def _open_what_is_closed() -> None:
    """Let no file that is opened later be taken for a standard stream that somebody closed."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free: this one
    sys.stdin = sys.stdin or open(0, encoding="utf-8", closefd=False)  # noqa: SIM115  # as Python does
    sys.stderr = sys.stderr or open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115  # likewise


def run(arguments: list[str]) -> int:
    """Open the subcommand that the first argument names, with the others.

    Raises:
        SetupError: there is no such subcommand.
    """
    name, *rest = arguments or ["--help"]
    if name in ("--help", "-h", "help"):
        sys.stdout.write(_help())
        return ExitCode.ACCEPTED
    if name == "--version":
        from acceptance.report.suite import installed_version  # noqa: PLC0415  # only here

        sys.stdout.write(f"{COMMAND} {installed_version()}\n")
        return ExitCode.ACCEPTED
    if name == "completion":
        sys.stdout.write(completion(rest, SUBCOMMANDS))
        return ExitCode.ACCEPTED
    if name not in SUBCOMMANDS:
        raise SetupError(
            explain(
                f"{COMMAND} has no subcommand {name!r}.",
                expected=f"one of {', '.join(SUBCOMMANDS)}",
                found=name,
                where="the first argument",
                fix=f"{COMMAND} --help; to judge a folder: {COMMAND} check {name}",
            )
        )
    subcommand = SUBCOMMANDS[name]
    if subcommand.extra:
        require_extra(subcommand.extra)
    opened: Callable[[list[str]], int] = importlib.import_module(subcommand.module).main
    return opened([*subcommand.before, *rest])


def _help() -> str:
    subcommands = "".join(
        f"  {COMMAND} {name:<9} {each.about}\n" for name, each in SUBCOMMANDS.items()
    )
    return (
        f"{COMMAND}: says, with proof, whether Open WebUI is wired to LiteLLM.\n\n"
        f"{subcommands}\n"
        f"  {COMMAND} completion bash|zsh|fish   a script for your shell; --version\n\n"
        f"Each has --help. Exit codes: 0 accepted, 1 not accepted, 98 incomplete, 99 not judged.\n"
    )


if __name__ == "__main__":
    sys.exit(main())
