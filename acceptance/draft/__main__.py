"""`python -m acceptance.draft`: write down what a deployment promises, as a contract."""

import argparse
import importlib
import sys
from pathlib import Path

from acceptance.draft.declared import declared_in
from acceptance.draft.folder import write_draft
from acceptance.draft.found import MEANT
from acceptance.draft.writing import doubts_in
from acceptance.errors import SetupError
from acceptance.lab.embedded.manifests import DEFAULT, Manifests, places
from acceptance.lab.terminal import write
from acceptance.shipped import COMMAND, IN_CHECKOUT, PREFIX
from acceptance.verdict import ExitCode

_JUDGE = "pytest" if IN_CHECKOUT else f"{COMMAND} check"


def main(arguments: list[str] | None = None) -> int:
    """Draft a contract as the command line says; returns the exit code."""
    options = _parser().parse_args(arguments)
    importlib.import_module(f"{PREFIX}steps").load()
    try:
        given = options.manifests
        found = declared_in(Manifests.load(*places(given)), given)
        contract = write_draft(found, options.into)
    except SetupError as error:
        write(str(error))
        return ExitCode.UNFIT
    doubts = list(doubts_in(options.into))
    write(
        f"{options.into}: {len(contract.offered)} models, {len(contract.models)} of them asked, "
        f"{len(contract.chains)} chains, {found.origin}."
    )
    if doubts:
        write("\nFound so; is it meant so?\n")
        write("\n".join(f"  {each.removesuffix(MEANT)}" for each in doubts))
    write(f"\nRead it, correct it, and judge by it: {_JUDGE} --contract={options.into}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"{COMMAND} draft", description=__doc__)
    parser.add_argument("into", type=Path, help="the folder to write, which must not exist")
    parser.add_argument(
        "--manifests",
        default=str(DEFAULT),
        help="folders or files, by commas: what is declared there",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
