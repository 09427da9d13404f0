"""Whether a live cluster may be disturbed, and what an earlier drill has left to be undone."""

from collections.abc import Mapping
from pathlib import Path

from domain.errors import NotProven, SetupError
from domain.kubernetes import ServiceName
from domain.message import explain
from domain.waiting import Say
from drivers.cluster.api import Api
from drivers.cluster.lease import DrillLease
from drivers.cluster.scaling import MAY, ScalingOutages
from drivers.cluster.taken import Notebook, give_back, left_away


def drills(
    api: Api,
    backends: Mapping[str, ServiceName],
    *,
    allowed_on: str,
    notebook: Path,
    say: Say,
) -> ScalingOutages | None:
    """The outages that may be brought about; None where no drill was asked for.

    What an earlier drill left away is given back first: nothing could be judged meanwhile.

    Args:
        api: the cluster.
        backends: the Service of each provider that may be taken away.
        allowed_on: the context's name, once more, by whoever wants the drill; empty: none.
        notebook: folder in which it is written down what is away.
        say: shows what is done.

    Raises:
        SetupError: the drill was meant for another cluster, or something is away and may not be
            given back.
    """
    if allowed_on and allowed_on != api.context:
        raise SetupError(
            explain(
                "The drill was meant for another cluster.",
                expected=f"--drill={api.context}",
                found=f"--drill={allowed_on}",
                where=f"context {api.context}, {api.server}",
                fix="name the context that is judged, or leave --drill out to change nothing",
            )
        )
    notes = Notebook(notebook, api.context)
    left = left_away(api, notes, *backends.values())
    if left and not allowed_on:
        raise SetupError(
            explain(
                "A drill that was killed has left something away.",
                expected="all backends in place, before anything is judged",
                found=", ".join(f"{taken}, which had {taken.replicas} pods" for taken in left),
                where=f"context {api.context}",
                fix=f"make restore CONTEXT={api.context}",
            )
        )
    if left:
        restore(api, notes, *backends.values(), say=say)
    return ScalingOutages(api, backends, notebook=notes, say=say) if allowed_on else None


def restore(api: Api, notebook: Notebook, *backends: ServiceName, say: Say) -> int:
    """Give back what earlier drills left away; returns how many workloads that were.

    Raises:
        SetupError: another drill is under way, so that nothing was left: it is being used.
    """
    api = api.with_rights(*MAY)
    leases: dict[str, DrillLease] = {}
    count = 0
    try:
        for taken in left_away(api, notebook, *backends):
            if taken.namespace not in leases:
                leases[taken.namespace] = DrillLease(api, taken.namespace, say=say)
                leases[taken.namespace].take()
            give_back(api, taken, say)
            notebook.strike(taken)
            count += 1
    except NotProven as error:
        raise SetupError(f"Nothing was given back: {error}") from error
    finally:
        for lease in leases.values():
            lease.release()
    return count
