"""Scaling a workload to nothing and back, and what is compared when it is back."""

from acceptance.errors import AcceptanceError, SetupError
from acceptance.kubernetes.api import PATHS, Api
from acceptance.kubernetes.errors import Conflict
from acceptance.kubernetes.objects import replicas
from acceptance.kubernetes.workload_snapshot import (
    BEFORE,
    WorkloadSnapshot,
    fingerprints,
    marked,
    pods,
)
from acceptance.message import explain
from acceptance.resources import Manifest
from acceptance.waiting import Progress, eventually

_MANAGER = "acceptance-drill"
"""As whom the fields are written that a drill changes."""
_MERGE = "application/merge-patch+json"
_BACK = 600.0
"""Seconds for a pod to be ready: a model is loaded into a GPU anew."""


def scale_to_zero(api: Api, taken: WorkloadSnapshot, owner: Manifest) -> None:
    """Scale a workload to nothing, if it is still as it was when `owner` was read.

    Number and annotation change in one step, so that no end in between loses the number.

    Raises:
        Conflict: somebody else changed it since.
    """
    _scale(api, taken, owner, to=0, before=str(taken.replicas))


def scale_back(api: Api, taken: WorkloadSnapshot) -> str:
    """Scale a workload back; returns what there was to do, for people.

    Whoever changed it since has the last word: their number stays.
    """
    return eventually(
        lambda: _scale_back(api, taken),
        what=f"{taken} to be changed by nobody else",
        transient=(Conflict,),
        interval=0.1,
    )


def _scale_back(api: Api, taken: WorkloadSnapshot) -> str:
    now = _now(api, taken)
    if now is None:
        return "is gone, by somebody else's hand"
    if taken.is_away(now):
        _scale(api, taken, now, to=taken.replicas, before=None)
        return f"is scaled back to {taken.replicas}"
    if marked(now):
        _scale(api, taken, now, to=replicas(now), before=None)
    if taken.replicas != replicas(now):
        return f"was scaled to {replicas(now)} by somebody else, and stays so"
    return f"is at {taken.replicas} already"


def _scale(
    api: Api, taken: WorkloadSnapshot, now: Manifest, *, to: int, before: str | None
) -> None:
    version = now["metadata"]["resourceVersion"]
    metadata = {"resourceVersion": version, "annotations": {BEFORE: before}}
    _patch(api, taken, {"metadata": metadata, "spec": {"replicas": to}})


def _patch(api: Api, taken: WorkloadSnapshot, body: object) -> None:
    path = f"{PATHS[taken.kind].format(taken.namespace)}/{taken.name}"
    api.ask("PATCH", path, body=body, query={"fieldManager": _MANAGER}, content_type=_MERGE)


def wait_until_back(api: Api, taken: WorkloadSnapshot, say: Progress) -> None:
    """Return once as many of its pods are ready as were before.

    Raises:
        SetupError: they do not become ready: nothing more can be judged.
    """

    def check() -> None:
        now = _now(api, taken)
        if now is None:
            return
        status = now.get("status", {})
        assert status.get("observedGeneration", 0) >= now["metadata"]["generation"], "not seen yet"
        wanted = min(taken.ready, replicas(now))
        ready = status.get("readyReplicas", 0)
        assert ready >= wanted, f"{ready} of {wanted} pods are ready"

    # a StatefulSet starts one pod after the other
    timeout = _BACK * (max(1, taken.replicas) if taken.kind == "StatefulSet" else 1)
    try:
        what = f"the pods of {taken} to be back"
        eventually(check, what=what, timeout=timeout, interval=0.5, say=say)
    except AssertionError as error:
        raise SetupError(
            explain(
                f"{taken} does not come back after a drill.",
                expected=f"{taken.ready} pods that are ready, as before",
                found=str(error),
                where=f"context {api.context}; it is scaled back to {taken.replicas}",
                fix=f"kubectl --namespace {taken.namespace} describe pods",
            )
        ) from error


def certificate(api: Api, taken: WorkloadSnapshot) -> str:
    """What is as it was and what is not, for the report; hands the fields back to their owners."""
    now = _now(api, taken)
    if now is None:
        return f"{taken} is gone"
    has = f"{taken} has {pods(replicas(now))} again"
    if not taken.spec:
        return f"{has}; nobody knows the rest of its spec before"
    after = fingerprints(now)
    names = sorted(taken.spec.keys() | after.keys())
    different = [name for name in names if taken.spec.get(name) != after.get(name)]
    if different:
        return f"{has}; its spec DIFFERS in {', '.join(different)}"
    try:
        _hand_back(api, taken, now)
    except (AcceptanceError, Conflict) as error:
        return f"{has}, its spec is as before; not so who owns its fields: {error}"
    return f"{has}, its spec is as before"


def _hand_back(api: Api, taken: WorkloadSnapshot, now: Manifest) -> None:
    """Let whoever owned the fields that a drill wrote own them again.

    Their next apply on the server's side would meet a conflict otherwise (Kubernetes 1.34).
    """
    before, after = (
        {each.get("manager") for each in fields}
        for fields in (taken.owners, now["metadata"].get("managedFields") or ())
    )
    if after - before == {_MANAGER}:  # somebody new may not lose what is theirs
        _patch(api, taken, {"metadata": {"managedFields": taken.owners}})


def _now(api: Api, taken: WorkloadSnapshot) -> Manifest | None:
    return api.get(taken.kind, taken.namespace, taken.name)
