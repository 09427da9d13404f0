"""`wiredup SUBCOMMAND …`, in a checkout `python -m acceptance.command`."""

import importlib
import io
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

    def write(self, data: "ReadableBuffer", /) -> int:
        """Write it, or drop it where nobody reads on."""
        try:
            return super().write(data)
        except BrokenPipeError:
            return memoryview(data).nbytes


def main() -> int:
    """What the installed command calls; returns the exit code."""
    raw = io.BufferedWriter(_Patient(sys.stdout.fileno(), "w", closefd=False))
    sys.stdout = io.TextIOWrapper(raw, sys.stdout.encoding, "backslashreplace", line_buffering=True)
    try:
        return run(sys.argv[1:])
    except SetupError as error:
        sys.stdout.write(f"{error}\n")
        return ExitCode.UNFIT
    except KeyboardInterrupt:
        return _INTERRUPTED
    finally:
        sys.stdout.flush()


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
