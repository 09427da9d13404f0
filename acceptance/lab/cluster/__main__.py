"""`python -m acceptance.lab.cluster`: put manifests on a cluster of the lab, for good."""

import argparse
import sys
from contextlib import closing
from pathlib import Path

from acceptance.contract.profile import NAME, read_profile
from acceptance.contract.reading import STORY, contract_in
from acceptance.errors import AcceptanceError
from acceptance.kubernetes.connection import connect
from acceptance.kubernetes.rollout import settle
from acceptance.lab.cluster.lab import cluster_lab
from acceptance.lab.embedded.manifests import DEFAULT, Manifests
from acceptance.lab.embedded.plan import of_versions
from acceptance.lab.environments import add_version_options, versions_in
from acceptance.lab.terminal import say
from acceptance.verdict import ExitCode


def main(arguments: list[str] | None = None) -> int:
    """Do it; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m acceptance.lab.cluster", description=__doc__)
    parser.add_argument("--kubeconfig", required=True, help="of the lab's own cluster")
    parser.add_argument("--context", default="", help="where the kubeconfig holds several")
    parser.add_argument("--manifests", type=Path, default=DEFAULT, help="folder or file to apply")
    parser.add_argument("--contract", type=Path, default=STORY, help="whose Services must serve")
    add_version_options(parser)
    options = parser.parse_args(arguments)
    try:
        profile = read_profile(contract_in(options.contract) / NAME)
        api = connect(kubeconfig=options.kubeconfig, context=options.context, say=say)
        with closing(api), cluster_lab(api, say=say) as lab:
            lab.apply(of_versions(Manifests.load(options.manifests), versions_in(options)))
            for service in (profile.open_webui, profile.gateway):
                settle(api, service, say)
    except AcceptanceError as error:
        say(str(error))
        return ExitCode.UNFIT
    say(f"it is on {api.context}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
