"""One process of the matrix: a lab of its own, broken and mended once a fault."""

import multiprocessing
import os
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path

from acceptance.clients.naive import naive_checks
from acceptance.errors import Inconclusive, NotProven, SetupError
from acceptance.kubernetes.connection import connect
from acceptance.lab import environments
from acceptance.lab.cluster.lab import cluster_lab
from acceptance.lab.embedded.lab import EmbeddedLab
from acceptance.lab.embedded.launch import ColdStarter
from acceptance.lab.embedded.manifests import DEFAULT, Manifests
from acceptance.lab.embedded.plan import of_versions
from acceptance.lab.embedded.target import embedded_target
from acceptance.plugin.settings import Settings
from acceptance.target import Target
from acceptance.waiting import Progress, quiet
from dev.kill_matrix.compare import Row, misses
from dev.kill_matrix.fault import Fault
from dev.kill_matrix.inject import GATEWAY, OPEN_WEBUI, Lab, inject
from dev.kill_matrix.judge import STORY, Judgement, judge
from dev.prepared.starter import PreparedStarter
from fixtures.browser import program_for

_lab: tuple[Lab, Callable[[], Target]] | None = None
"""This process's lab, and it as a target."""
_open = ExitStack()
"""What the lab holds open; it lives as long as the process, and ends with it."""


def start(cache: Path, *, cold: bool) -> None:
    """Start this process's lab; run once by each process of the pool."""
    threading.Thread(target=_end_with_the_matrix, daemon=True).start()
    global _lab  # noqa: PLW0603  # a pool hands nothing else from its initializer to its tasks
    starter = ColdStarter() if cold else PreparedStarter(cache=cache)
    lab = EmbeddedLab(Manifests([]), programs(cache), starter=starter)  # each fault brings its own
    _open.enter_context(lab)
    _lab = (
        lab,
        partial(
            embedded_target, lab, open_webui=OPEN_WEBUI, gateway=GATEWAY, names=STORY.providers
        ),
    )


def start_on_cluster(kubeconfig: str) -> None:
    """Take a cluster of the lab's own for this process's lab."""
    threading.Thread(target=_end_with_the_matrix, daemon=True).start()
    global _lab  # noqa: PLW0603  # likewise
    api = connect(kubeconfig=kubeconfig, context="", say=quiet)
    lab = _open.enter_context(cluster_lab(api))
    _lab = (
        lab,
        partial(lab.target, "kind", open_webui=OPEN_WEBUI, gateway=GATEWAY, names=STORY.providers),
    )


def _end_with_the_matrix() -> None:
    """A killed matrix leaves no worker; the lab's programs end with theirs."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def programs(cache: Path, say: Progress = quiet) -> Callable[[str], environments.Environment]:
    """Finds the environment of a program's version; what is missing is built, the usual two now."""
    built = dict(environments.ensure_all(cache=cache, say=say))

    def find(requirement: str) -> environments.Environment:
        if requirement not in built:
            built.update(environments.ensure_all([requirement], cache=cache, say=say))
        return built[requirement]

    return find


def run(fault: Fault) -> Row:
    """Break the lab, judge it, and tell what was noticed."""
    row = Row(
        identity=fault.identity,
        title=fault.title,
        layer=fault.layer,
        healthy=fault.healthy,
        endings={},
        misses=(),
        skipped=_why_skipped(fault),
        many=fault.many,
    )
    if row.skipped:
        return row
    row = _tried(fault, row)
    row = replace(_tried(fault, row), accident=row.accident) if row.accident else row
    return replace(row, misses=(*row.misses, row.crowded)) if fault.ours and row.crowded else row


def _why_skipped(fault: Fault) -> str:
    """Why a fault cannot be tried on this machine; empty where it can."""
    if fault.hands == "api":
        return ""
    try:
        program_for(Settings(browser_path=os.environ.get("ACCEPTANCE_BROWSER_PATH", "")))
    except NotProven as error:
        return str(error)
    return ""


def _tried(fault: Fault, row: Row) -> Row:
    assert _lab is not None
    started = time.monotonic()
    lab, target_of = _lab
    accident = ""
    try:
        healthy = of_versions(Manifests.load(DEFAULT).trusted(), fault.versions)
        target = inject(lab, healthy, fault, target_of)
        judgement = judge(target, STORY, fault.expected, hands=fault.hands)
        accident = _accident(target) if misses(fault, judgement) else ""
        naive = naive_checks(target, STORY) if target.open_webui else {}
    except SetupError as error:
        judgement, naive = Judgement(endings={}, unfit=str(error)), {}
    return replace(
        row,
        endings=judgement.endings,
        misses=misses(fault, judgement),
        naive=naive,
        seconds=time.monotonic() - started,
        accident=accident,
    )


def _accident(target: Target) -> str:
    """What happened to the lab while it was judged; empty where nothing did."""
    try:
        target.at_rest()
    except Inconclusive as error:
        return str(error)
    return ""
