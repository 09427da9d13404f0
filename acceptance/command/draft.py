"""Write down what a deployment promises, as a contract: from its manifests, or as it runs.

What runs is asked, and nothing of it is changed. Passwords and keys are variables:
ACCEPTANCE_ACCOUNT_PASSWORD (or ACCEPTANCE_ACCOUNT_TOKEN), ACCEPTANCE_GATEWAY_KEY.
"""

import argparse
import importlib
import shlex
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from acceptance.command.arguments import Arguments
from acceptance.contract.values import Contract
from acceptance.draft.declared import declared_in
from acceptance.draft.folder import write_draft
from acceptance.draft.found import MEANT, Found
from acceptance.draft.in_force import in_force
from acceptance.draft.writing import doubts_in
from acceptance.errors import SetupError
from acceptance.lab.embedded.manifests import DEFAULT, Manifests, places
from acceptance.lab.terminal import say, write
from acceptance.masking import Redactor
from acceptance.plugin.settings import from_variables
from acceptance.plugin.targets import TARGETS
from acceptance.shipped import JUDGE, PREFIX
from acceptance.verdict import ExitCode

_OF_TARGETS = {
    "context": "of a kubeconfig: what runs in its cluster",
    "kubeconfig": "as kubectl finds it, where none is given",
    "open-webui-service": "in that cluster, namespace/name",
    "gateway-service": "likewise, LiteLLM's",
    "open-webui-url": "address of Open WebUI: what runs there, without a cluster",
    "gateway-url": "address of LiteLLM, which tells who answers, and the chains",
    "account-email": "who reads the settings of Open WebUI: an administrator",
}


def main(arguments: list[str]) -> int:
    """Draft a contract as the command line says; returns the exit code."""
    parser = Arguments("draft", __doc__, usage="[OPTION …] FOLDER")
    parser.add_argument("into", type=Path, help="the folder to write, which must not exist")
    parser.add_argument(
        "--manifests", help="folders or files, by commas: what is declared there; - [the story's]"
    )
    for name, meaning in _OF_TARGETS.items():
        also = ["--url"] if name == "open-webui-url" else []
        parser.add_argument(f"--{name}", *also, help=meaning)
    options = parser.parse_args(arguments)
    target = "live" if options.context else "url" if options.open_webui_url else ""
    if options.manifests and target:
        parser.error("manifests say what is declared, --context and --open-webui-url what runs")
    importlib.import_module(f"{PREFIX}steps").load()
    try:
        found = _in_force(options, target) if target else _declared(options.manifests)
        contract = write_draft(found, options.into)
    except SetupError as error:
        write(str(error))
        return ExitCode.UNFIT
    doubts = list(doubts_in(options.into))
    write(
        f"{options.into}: {_counted(contract.offered, 'model')}, {len(contract.models)} of them "
        f"asked, {_counted(contract.chains, 'chain')}, {found.origin}."
    )
    if doubts:
        write("\nFound so; is it meant so?\n")
        write("\n".join(f"  {each.removesuffix(MEANT)}" for each in doubts))
    how = " ".join(map(shlex.quote, _how(options, target)))
    write(f"\nRead it, correct it, and judge by it: {JUDGE} {how}")
    return ExitCode.ACCEPTED


def _declared(given: str | None) -> Found:
    manifests = given or str(DEFAULT)
    return declared_in(Manifests.load(*places(manifests)), manifests)


def _in_force(options: argparse.Namespace, target: str) -> Found:
    settings = from_variables({"target": target, **dict(_given(options))})
    nobody = Contract(folder=options.into, title="", files=(), criteria=())
    where = f"{options.context} (a kube context)" if target == "live" else options.open_webui_url
    with ExitStack() as closing:
        up = TARGETS[target](settings, nobody, say, Redactor(), closing)
        return in_force(up, where, say)


def _given(options: argparse.Namespace) -> Iterator[tuple[str, str]]:
    """The options that say what runs, as settings."""
    for each in _OF_TARGETS:
        name = each.replace("-", "_")
        if value := getattr(options, name):
            yield name, value


def _how(options: argparse.Namespace, target: str) -> Iterator[str]:
    """The options by which a run judges the same by the draft."""
    yield f"--contract={options.into}"
    if options.manifests:
        yield f"--manifests={options.manifests}"
    if target:
        yield f"--target={target}"
    for name, value in _given(options):
        yield f"--{name.replace('_', '-')}={value}"


def _counted(several: Sequence[object], noun: str) -> str:
    return f"{len(several)} {noun}{'' if len(several) == 1 else 's'}"
