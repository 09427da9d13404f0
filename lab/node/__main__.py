"""`python -m lab.node up | down`: a Kubernetes of one node, for machines without Docker."""

import argparse
import sys
from pathlib import Path

from domain.errors import SetupError
from domain.verdict import ExitCode
from lab.environments import CACHE
from lab.node.layout import Layout
from lab.node.node import down, up


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line says; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m lab.node", description=__doc__)
    parser.add_argument("command", choices=("up", "down", "kubeconfig"))
    parser.add_argument("--cache", type=Path, default=CACHE, help="folder for what is built once")
    options = parser.parse_args(arguments)
    layout = Layout(cache=options.cache.absolute())
    try:
        if options.command == "up":
            up(layout, _say)
            _write(_described(layout))
        elif options.command == "down":
            down(layout, _say)
            _write("The node has ended; its images are kept for the next.")
        else:
            _write(str(layout.kubeconfig))
    except SetupError as error:
        _write(str(error))
        return ExitCode.UNFIT
    return 0


def _described(layout: Layout) -> str:
    lines = [
        "",
        "The node is up; `make node-down` ends it.",
        "",
        f"  use it       kubectl --kubeconfig {layout.kubeconfig} get pods --all-namespaces",
        f"  logs         {layout.logs}",
        f"  audit log    {layout.audit}",
        "",
    ]
    return "\n".join(lines)


def _say(line: str) -> None:
    _write(f"  … {line}")


def _write(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
