"""`make kill-matrix`: every fault and every healthy variation, against labs of their own."""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from acceptance.errors import SetupError
from acceptance.lab import environments
from acceptance.verdict import ExitCode
from dev.kill_matrix.fault import FOLDERS, SLICE, Fault, load
from dev.kill_matrix.judge import titles
from dev.kill_matrix.labs import run_embedded, run_on_cluster
from dev.kill_matrix.report import last_run, write

_PROJECT = Path(__file__).parents[2]


def main(arguments: list[str] | None = None) -> int:
    """Run the matrix; 0 when every fault was killed and no healthy variation was refused."""
    parser = argparse.ArgumentParser(prog="kill-matrix", description=__doc__)
    parser.add_argument("folders", nargs="*", type=Path, help="folders or files of faults")
    part = parser.add_mutually_exclusive_group()
    part.add_argument("--only", default="", help="identities, separated by commas")
    part.add_argument("--slice", action="store_true", help="a fault of each layer suffices")
    environments.add_version_options(parser)
    parser.add_argument("--labs", type=int, default=2, help="labs side by side [2]")
    parser.add_argument("--cold", action="store_true", help="start every program from nothing")
    parser.add_argument(
        "--kubeconfig", default="", help="of a cluster of the lab's own: try those that it can show"
    )
    parser.add_argument("--cache", type=Path, default=environments.CACHE)
    parser.add_argument("--reports", type=Path, default=_PROJECT / "reports")
    parser.add_argument("--document", type=Path, help="write the matrix as Markdown as well")
    parser.add_argument(
        "--renew",
        action="store_true",
        help="write the rows of the last run as well that are not tried now",
    )
    options = parser.parse_args(arguments)
    try:
        where = "cluster" if options.kubeconfig else "embedded"
        before = last_run(options.reports, where=where) if options.renew else []
        only = ",".join(SLICE) if options.slice else options.only
        versions = environments.versions_in(options)
        faults = [
            replace(fault, versions=versions)
            for fault in _chosen(options.folders or FOLDERS, only, where)
        ]
        rows = (
            run_on_cluster(faults, kubeconfig=options.kubeconfig)
            if options.kubeconfig
            else run_embedded(faults, labs=options.labs, cache=options.cache, cold=options.cold)
        )
    except SetupError as error:
        print(error, file=sys.stderr)  # noqa: T201  # a command speaks
        return ExitCode.UNFIT
    anew = {row.identity: row for row in rows}
    told = [anew.pop(row.identity, row) for row in before]
    write([*told, *anew.values()], options.reports, options.document, where=where)
    if skipped := [row.skipped for row in rows if row.skipped]:
        print(f"{len(skipped)} skipped: {skipped[0]}")  # noqa: T201  # likewise
    return ExitCode.ACCEPTED if all(row.right for row in rows) else ExitCode.NOT_ACCEPTED


def _chosen(folders: tuple[Path, ...], only: str, where: str) -> list[Fault]:
    loaded = [fault for folder in folders for fault in load(folder, scenarios=titles)]
    faults = [fault for fault in loaded if where in fault.where]
    wanted = {name for name in only.split(",") if name}
    if missing := wanted - {fault.identity for fault in faults}:
        raise SetupError(f"There is no fault {', '.join(sorted(missing))} to try here ({where}).")
    return [fault for fault in faults if not wanted or fault.identity in wanted]


if __name__ == "__main__":
    sys.exit(main())
