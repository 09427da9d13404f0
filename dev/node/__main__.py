"""`python -m dev.node`: a Kubernetes of one node, for machines without Docker."""

import argparse
import sys
from pathlib import Path

from acceptance.errors import SetupError
from acceptance.lab.cluster.base import base_of
from acceptance.lab.cluster.images import node_images, story_images
from acceptance.lab.environments import CACHE, ensure_all
from acceptance.lab.providers.authority import keep_authority
from acceptance.lab.terminal import say, write
from acceptance.verdict import ExitCode
from dev.node import machine, outage
from dev.node.layout import Layout
from dev.node.node import up
from dev.node.process import end
from dev.node.programs import ensure_programs


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line says; returns the exit code."""
    options = _parser().parse_args(arguments)
    layout = Layout(home=options.cache.absolute() / "node")
    try:
        if options.command == "up":
            _up(layout, options.cache.absolute())
            write(_described(layout))
        elif options.command == "down":
            end(layout, say)
            write("The node has ended; its images are kept for the next.")
        elif options.command == "kubeconfig":
            write(str(layout.kubeconfig))
        elif options.command == "away":
            outage.take_away(layout, options.component)
        else:
            outage.give_back(layout)
    except SetupError as error:
        write(str(error))
        return ExitCode.UNFIT
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m dev.node", description=__doc__)
    parser.add_argument("--cache", type=Path, default=CACHE, help="folder for what is built once")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("up", help="leave a node up")
    commands.add_parser("down", help="end it; its images are kept")
    commands.add_parser("kubeconfig", help="print the path of its kubeconfig")
    away = commands.add_parser("away", help="take a component away from the node that is up")
    away.add_argument("component", choices=outage.COMPONENTS)
    commands.add_parser("back", help="give back all components that were taken away")
    return parser


def _up(layout: Layout, cache: Path) -> None:
    machine.check()
    environments = ensure_all(cache=cache, say=say)
    programs = ensure_programs(cache=cache, say=say)
    keep_authority(layout.authority)
    base = base_of(environments.values())
    images = (
        *node_images(base, programs.companions),
        *story_images(base, environments, layout.authority),
    )
    up(layout, programs, images, say)


def _described(layout: Layout) -> str:
    lines = [
        "",
        "The node is up, and empty; `make node-down` ends it.",
        "",
        "  the story is put there by",
        f"    .venv/bin/python -m acceptance.lab.cluster --kubeconfig {layout.kubeconfig}",
        f"  use it       kubectl --kubeconfig {layout.kubeconfig} get pods --all-namespaces",
        f"  logs         {layout.logs}",
        f"  audit log    {layout.audit}",
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
