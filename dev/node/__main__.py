"""`python -m dev.node`: a Kubernetes of one node, for machines without Docker."""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

from acceptance.errors import SetupError
from acceptance.lab.cluster.base import base_of
from acceptance.lab.cluster.images import held_by, node_images, story_images
from acceptance.lab.embedded.manifests import DEFAULT, Manifests
from acceptance.lab.embedded.plan import of_versions
from acceptance.lab.environments import CACHE, add_version_options, versions_in
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
            versions = versions_in(options)
            _up(layout, options.cache.absolute(), versions)
            write(_described(layout, versions))
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
    add_version_options(commands.add_parser("up", help="leave a node up"))
    commands.add_parser("down", help="end it; its images are kept")
    commands.add_parser("kubeconfig", help="print the path of its kubeconfig")
    away = commands.add_parser("away", help="take a component away from the node that is up")
    away.add_argument("component", choices=outage.COMPONENTS)
    commands.add_parser("back", help="give back all components that were taken away")
    return parser


def _up(layout: Layout, cache: Path, versions: Mapping[str, str]) -> None:
    machine.check()
    held = held_by(of_versions(Manifests.load(DEFAULT), versions), cache=cache, say=say)
    programs = ensure_programs(cache=cache, say=say)
    keep_authority(layout.authority)
    base = base_of(environment for _, environment in held.values())
    images = (
        *node_images(base, programs.companions),
        *story_images(base, held, layout.authority),
    )
    up(layout, programs, images, say)


def _described(layout: Layout, versions: Mapping[str, str]) -> str:
    pair = "".join(f" --{name}={version}" for name, version in versions.items())
    lines = [
        "",
        "The node is up, and empty; `make node-down` ends it.",
        "",
        "  the story is put there by",
        f"    .venv/bin/python -m acceptance.lab.cluster --kubeconfig {layout.kubeconfig}{pair}",
        f"  use it       kubectl --kubeconfig {layout.kubeconfig} get pods --all-namespaces",
        f"  logs         {layout.logs}",
        f"  audit log    {layout.audit}",
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
