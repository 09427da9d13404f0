"""Whether a live cluster may be disturbed, and what an earlier drill has left to be undone."""

import atexit
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

from acceptance.errors import NotProven, SetupError
from acceptance.kubernetes.api import Api
from acceptance.kubernetes.errors import Conflict, Forbidden
from acceptance.kubernetes.journal import Journal
from acceptance.kubernetes.lease import DrillLease
from acceptance.kubernetes.objects import owners_by_selector, replicas
from acceptance.kubernetes.outages import MAY, ScalingOutages
from acceptance.kubernetes.refusals import workload_behind
from acceptance.kubernetes.rights import identity
from acceptance.kubernetes.scale import certificate, scale_back, wait_until_back
from acceptance.kubernetes.workload_snapshot import WorkloadSnapshot, by_annotation, marked, pods
from acceptance.message import explain
from acceptance.resources import ServiceName
from acceptance.shipped import restored_by
from acceptance.signals import defer_signals
from acceptance.waiting import Progress

_EVERYBODYS = {
    "colima",
    "default",
    "docker-desktop",
    "k3d-k3s-default",
    "kind-kind",
    "kubernetes-admin@kubernetes",
    "microk8s",
    "minikube",
    "orbstack",
    "rancher-desktop",
}
"""What installers call each cluster's context (k3s, kubeadm and others): it names none."""


def name_for_drill(api: Api) -> str:
    """By which leave for a drill is given: the context's, and what tells the cluster if it must."""
    return f"{api.context}@{_mark(api)}" if api.context in _EVERYBODYS else api.context


def _mark(api: Api) -> str:
    """Short, and of no other cluster that somebody works with."""
    return identity(api)[:8] or urlsplit(api.server).netloc


def about(api: Api) -> str:
    """What a person is told of the cluster that is to be disturbed."""
    return f"{api.context} ({api.server}, cluster {_mark(api)})"


def journal_of(api: Api, notes: Path) -> Journal:
    """The notes of this cluster's drills."""
    return Journal(notes, identity(api), urlsplit(api.server).netloc)


def drills(  # what a person says of a drill
    api: Api,
    backends: Mapping[str, ServiceName],
    *,
    allowed_on: str,
    notes: Path,
    restore_by: str = "",
    say: Progress,
    closing: ExitStack,
) -> ScalingOutages | None:
    """The outages that may be brought about; None where no drill was asked for.

    What an earlier drill left away is given back first: nothing could be judged meanwhile.

    Args:
        api: the cluster.
        backends: the Service of each provider that may be taken away.
        allowed_on: `name_for_drill`, by whoever wants the drill; empty: none.
        notes: folder in which it is written down what is away.
        restore_by: the command that gives back what a run that is killed leaves away.
        say: shows what is done.
        closing: at its end everything is given back.

    Raises:
        SetupError: the drill was meant for another cluster, or something is away and may not be
            given back.
    """
    restore_by = restore_by or restored_by(api.context)
    if allowed_on:
        _require_meant(api, allowed_on)
    journal = journal_of(api, notes)
    if not allowed_on:
        _require_all_in_place(api, journal, *backends.values(), restore_by=restore_by, say=say)
        return None
    say(f"drill: allowed on {about(api)}")
    restore(api, journal, *backends.values(), say=say)
    outages = ScalingOutages(api, backends, journal=journal, restore_by=restore_by, say=say)
    for provider, service in backends.items():
        say(f"drill: {_announced(api, provider, service)}")
    closing.callback(outages.restore)
    # whoever interrupts even that has everything scaled back all the same
    atexit.register(_end, outages)
    return outages


def _require_meant(api: Api, allowed_on: str) -> None:
    """Raise SetupError unless it is this cluster that may be disturbed."""
    meant = allowed_on == api.context or allowed_on.startswith(f"{api.context}@")
    expected = name_for_drill(api) if meant else api.context
    if meant and allowed_on in (expected, f"{api.context}@{_mark(api)}"):
        return
    fix = "name the context that is judged, or leave --drill out to change nothing"
    if allowed_on == api.context:
        fix = f"many clusters are called {api.context}: look whether this one is meant, and say so"
    raise SetupError(
        explain(
            "The drill was meant for another cluster."
            if allowed_on != api.context
            else "It is not clear for which cluster the drill is meant.",
            expected=f"--drill={expected}",
            found=f"--drill={allowed_on}",
            where=f"context {api.context}, {api.server}",
            fix=fix,
        )
    )


def _require_all_in_place(
    api: Api, journal: Journal, *services: ServiceName, restore_by: str, say: Progress
) -> None:
    try:
        left = left_away(api, journal, *services)
    except Forbidden as error:
        say(f"whether a drill left something away cannot be seen: {error}")
        return
    if left:
        raise SetupError(
            explain(
                "A drill has taken something away: it is under way still, or it was killed.",
                expected="all backends in place, before anything is judged",
                found=", ".join(f"{taken}, which had {pods(taken.replicas)}" for taken in left),
                where=f"context {api.context}",
                fix=f"wait for its end, or else: {restore_by}",
            )
        )


def _announced(api: Api, provider: str, service: ServiceName) -> str:
    try:
        owner = workload_behind(api, service)
    except NotProven as reason:
        return f"{provider} stays: {reason}"
    name = f"{owner['kind']} {service.namespace}/{owner['metadata']['name']}"
    return f"{provider}: {name} will be scaled to 0 for a while, and back to {replicas(owner)}"


def _end(outages: ScalingOutages) -> None:
    try:
        lines = outages.end_at_once()
    except SetupError as error:
        lines = (str(error),)
    for line in lines:
        sys.stderr.write(f"{line}\n")


def left_away(api: Api, journal: Journal, *services: ServiceName) -> tuple[WorkloadSnapshot, ...]:
    """What a run that was killed left away: by its annotation, or by the journal."""
    found = {}
    for service in services:
        for owner in owners_by_selector(api, service):
            if marked(owner) and not replicas(owner):
                taken = by_annotation(owner)
                found[str(taken)] = taken
    for taken, surely in journal.entries():
        now = api.get(taken.kind, taken.namespace, taken.name)
        if now and taken.is_away(now):
            found[str(taken)] = taken
        elif surely or (now and now["metadata"]["uid"] == taken.uid):
            journal.remove(taken)
    return tuple(found.values())


def restore(api: Api, journal: Journal, *services: ServiceName, say: Progress) -> tuple[str, ...]:
    """Give back what earlier drills left away; returns what was compared, one line a workload.

    Raises:
        SetupError: another drill is under way, so that it is no left-over; or these rights do not
            allow it; or it does not become ready.
    """
    api = api.with_rights(*MAY)
    left = left_away(api, journal, *services)
    with ExitStack() as leases:
        try:
            for namespace in {taken.namespace for taken in left}:
                lease = DrillLease(api, namespace, say=say)
                lease.take()
                leases.callback(lease.release)
            with defer_signals():
                done = [(taken, scale_back(api, taken)) for taken in left]
        except (NotProven, Conflict) as error:
            raise SetupError(f"Not everything was given back: {error}") from error
        for taken, what in done:
            say(f"drill: {taken} {what}")
            journal.remove(taken)
        for taken in left:
            wait_until_back(api, taken, say)
        return tuple(certificate(api, taken) for taken in left)
