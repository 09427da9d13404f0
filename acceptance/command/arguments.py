"""How a subcommand reads its arguments: what is unknown is pytest's, a mistake is exit code 99."""

import argparse
from typing import NoReturn

from acceptance.errors import SetupError
from acceptance.message import explain
from acceptance.shipped import COMMAND


class Arguments(argparse.ArgumentParser):
    """A parser whose help fits one screen."""

    def __init__(self, subcommand: str, about: str | None, *, usage: str, more: str = "") -> None:
        """Make it.

        Args:
            subcommand: its name.
            about: one line, or a few.
            usage: what stands behind the name.
            more: what stands below the options.
        """
        super().__init__(
            prog=f"{COMMAND} {subcommand}",
            usage=f"{COMMAND} {subcommand} {usage}",
            description=about,
            epilog=more,
            allow_abbrev=False,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )

    def error(self, message: str) -> NoReturn:
        """Tell a mistake as all others are told."""
        raise SetupError(
            explain(
                "The command cannot be understood.",
                expected=str(self.usage),
                found=message,
                where=self.prog,
                fix=f"{self.prog} --help",
            )
        )
