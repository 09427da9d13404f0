"""`make restore CONTEXT=...`: give back what a drill that was killed has left away."""

import argparse
import sys
from pathlib import Path

from domain.errors import AcceptanceError
from domain.kubernetes import ServiceName
from domain.verdict import ExitCode
from drivers.cluster.connection import connect
from drivers.cluster.drills import restore
from drivers.cluster.taken import Notebook

_BACKENDS = ("ml/vllm-api", "ml/ollama")


def main(arguments: list[str] | None = None) -> int:
    """Do it; returns the exit code."""
    parser = argparse.ArgumentParser(prog="restore", description=__doc__)
    parser.add_argument("--context", default="", help="context of the kubeconfig")
    parser.add_argument("--kubeconfig", default="", help="as kubectl finds it, where it is empty")
    parser.add_argument("--notebook", type=Path, required=True, help="folder of the drills' notes")
    parser.add_argument("services", nargs="*", default=_BACKENDS, help="namespace/name each")
    options = parser.parse_args(arguments)
    backends = [
        ServiceName(namespace=namespace, name=name, port=0)
        for namespace, _, name in (service.partition("/") for service in options.services)
    ]
    try:
        api = connect(kubeconfig=options.kubeconfig, context=options.context, say=_say)
        count = restore(api, Notebook(options.notebook, api.context), *backends, say=_say)
    except AcceptanceError as error:
        _say(str(error))
        return ExitCode.UNFIT
    _say(f"{count} given back" if count else f"nothing is away on {api.context}")
    return 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
