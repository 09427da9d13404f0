"""`make test-cluster`: all that needs a Kubernetes, on kind or on a node of this machine."""

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from acceptance.errors import SetupError
from acceptance.lab.cluster.kind import kind_cluster
from acceptance.lab.environments import CACHE
from acceptance.lab.terminal import say
from acceptance.message import explain
from acceptance.verdict import ExitCode
from dev.node import machine
from dev.node.layout import Layout
from dev.node.process import lives

_PROJECT = Path(__file__).parents[1]
_TESTS = ("tests/adapters", "tests/cluster", "tests/dev/node", "tests/test_monitoring.py")
_VARIABLE = "LAB_KUBECONFIG"
"""How the tests are told of a cluster with which they may do what they like."""


def main(arguments: list[str] | None = None) -> int:
    """Run the tests, and the kill matrix if they pass and it is wanted; returns the exit code."""
    parser = argparse.ArgumentParser(prog="test-cluster", description=__doc__)
    parser.add_argument("--cache", type=Path, default=CACHE, help="folder for what is built once")
    parser.add_argument("--matrix", action="store_true", help="the kill matrix on it as well")
    options, rest = parser.parse_known_args(arguments)
    try:
        with _cluster(options.cache.absolute()) as kubeconfig:
            code = _run(["pytest", *_TESTS, *rest], kubeconfig)
            if options.matrix and not code:
                code = _run(["dev.kill_matrix", f"--kubeconfig={kubeconfig}"], kubeconfig)
            return code
    except SetupError as error:
        say(str(error))
        return ExitCode.UNFIT


@contextmanager
def _cluster(cache: Path) -> Iterator[Path]:
    """The kubeconfig of a cluster of the lab's own; ended, where it was made here.

    Raises:
        SetupError: this machine can have neither kind nor a node.
    """
    if _has_docker():
        with kind_cluster(cache=cache, keep=False, say=say) as kubeconfig:
            yield kubeconfig
        return
    try:
        machine.check()
    except SetupError as error:
        raise SetupError(_neither(str(error))) from error
    layout = Layout(home=cache / "node")
    layout.home.mkdir(parents=True, exist_ok=True)
    was_up = lives(layout)
    node = [sys.executable, "-m", "dev.node", "--cache", str(cache)]
    try:
        if subprocess.run([*node, "up"], cwd=_PROJECT, check=False).returncode:
            raise SetupError("The node did not come up: see above.")
        yield layout.kubeconfig
    finally:
        if not was_up:
            subprocess.run([*node, "down"], cwd=_PROJECT, check=False)


def _has_docker() -> bool:
    docker = shutil.which("docker")
    if docker is None:  # the client alone is no engine
        return False
    return subprocess.run([docker, "info"], capture_output=True, check=False).returncode == 0


def _run(module: list[str], kubeconfig: Path) -> int:
    return subprocess.run(
        [sys.executable, "-m", *module],
        cwd=_PROJECT,
        env={**os.environ, _VARIABLE: str(kubeconfig)},
        check=False,
    ).returncode


def _neither(found: str) -> str:
    return explain(
        "There can be no Kubernetes on this machine.",
        expected="Docker, for kind; or Linux, root, Go and containerd, for a node",
        found=" ".join(found.split()),
        where="this machine",
        fix="install what is missing; `make test` judges all that needs no cluster",
    )


if __name__ == "__main__":
    sys.exit(main())
