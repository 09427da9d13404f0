"""What a drill takes away: how it is marked, recognised, and given back."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from domain.errors import AcceptanceError, SetupError
from domain.kubernetes import Manifest
from domain.message import explain
from domain.secret import fingerprint
from domain.waiting import Say, eventually
from drivers.cluster.api import PATHS, Api, Conflict

BEFORE = "acceptance/replicas-before-the-drill"
"""Annotation of a workload that is away: how many pods it had, for whoever gives it back."""
_MANAGER = "acceptance-drill"
_MERGE = "application/merge-patch+json"
_BACK = 600.0
"""Seconds for a pod to be ready: a model is loaded into a GPU anew."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Taken:
    """A workload that is away, and what it was."""

    kind: str
    namespace: str
    name: str
    uid: str
    replicas: int
    ready: int
    """How many of its pods served."""
    generation: int = 0
    """Of its spec; 0 where it is known by its annotation alone, as what follows is empty then."""
    spec: Mapping[str, str] = field(default_factory=dict)
    """Fingerprints by field: a spec may hold secrets."""
    owners: tuple[Manifest, ...] = ()
    """Who owned which fields (`metadata.managedFields`)."""

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"

    def is_away(self, now: Manifest) -> bool:
        """Whether it is at nothing, and nobody has changed its spec since it was taken.

        Without the annotation the generation tells: it counts the changes of a spec, and taking a
        workload away is one.
        """
        ours = marked(now) or self.generation + 1 == now["metadata"]["generation"]
        return not replicas(now) and ours and now["metadata"]["uid"] == self.uid


def as_it_is(owner: Manifest) -> Taken:
    """A Deployment or StatefulSet as it stands, before it is taken away."""
    metadata = owner["metadata"]
    return Taken(
        kind=owner["kind"],
        namespace=metadata["namespace"],
        name=metadata["name"],
        uid=metadata["uid"],
        replicas=replicas(owner),
        ready=owner.get("status", {}).get("readyReplicas", 0),
        generation=metadata["generation"],
        spec=_fingerprints(owner),
        owners=tuple(metadata.get("managedFields") or ()),
    )


def by_annotation(owner: Manifest) -> Taken:
    """A workload that is away, by what its annotation says."""
    before = int(annotations(owner)[BEFORE])
    return Taken(
        kind=owner["kind"],
        namespace=owner["metadata"]["namespace"],
        name=owner["metadata"]["name"],
        uid=owner["metadata"]["uid"],
        replicas=before,
        ready=before,
    )


def annotations(owner: Manifest) -> Mapping[str, str]:
    """The annotations of an object."""
    found: Mapping[str, str] = owner["metadata"].get("annotations") or {}
    return found


def marked(owner: Manifest) -> bool:
    """Whether its annotation says that a drill took it away."""
    return annotations(owner).get(BEFORE, "").isdigit()


def replicas(owner: Manifest) -> int:
    """How many pods it is to have; 1 where it does not say (Kubernetes 1.34)."""
    return int(owner["spec"].get("replicas", 1))


def take(api: Api, taken: Taken, owner: Manifest) -> None:
    """Scale a workload to nothing, if it is still as it was when `owner` was read.

    Number and annotation change in one step, so that no end in between loses the number.

    Raises:
        Conflict: somebody else changed it since.
    """
    _scale(api, taken, owner, to=0, before=str(taken.replicas))


def give_back(api: Api, taken: Taken) -> str:
    """Scale a workload back; returns what there was to do, for people.

    Whoever changed it since has the last word: their number stays.
    """
    return eventually(
        lambda: _give_back(api, taken),
        what=f"{taken} to be changed by nobody else",
        transient=(Conflict,),
        interval=0.1,
    )


def _give_back(api: Api, taken: Taken) -> str:
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


def _scale(api: Api, taken: Taken, now: Manifest, *, to: int, before: str | None) -> None:
    version = now["metadata"]["resourceVersion"]
    metadata = {"resourceVersion": version, "annotations": {BEFORE: before}}
    _patch(api, taken, {"metadata": metadata, "spec": {"replicas": to}})


def _patch(api: Api, taken: Taken, body: object) -> None:
    path = f"{PATHS[taken.kind].format(taken.namespace)}/{taken.name}"
    api.ask("PATCH", path, body=body, query={"fieldManager": _MANAGER}, content_type=_MERGE)


def wait_until_back(api: Api, taken: Taken, say: Say) -> None:
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


def certificate(api: Api, taken: Taken) -> str:
    """What is as it was and what is not, for the report; hands the fields back to their owners."""
    now = _now(api, taken)
    if now is None:
        return f"{taken} is gone"
    has = f"{taken} has {replicas(now)} pod{'s' if replicas(now) != 1 else ''} again"
    if not taken.spec:
        return f"{has}; nobody knows the rest of its spec before"
    after = _fingerprints(now)
    names = sorted(taken.spec.keys() | after.keys())
    different = [name for name in names if taken.spec.get(name) != after.get(name)]
    if different:
        return f"{has}; its spec DIFFERS in {', '.join(different)}"
    try:
        _hand_back(api, taken, now)
    except (AcceptanceError, Conflict) as error:
        return f"{has}, its spec is as before; not so who owns its fields: {error}"
    return f"{has}, its spec is as before"


def _hand_back(api: Api, taken: Taken, now: Manifest) -> None:
    """Let whoever owned the fields that a drill wrote own them again.

    Their next apply on the server's side would meet a conflict otherwise (Kubernetes 1.34).
    """
    before, after = (
        {each["manager"] for each in fields}
        for fields in (taken.owners, now["metadata"].get("managedFields") or ())
    )
    if after - before == {_MANAGER}:  # somebody new may not lose what is theirs
        _patch(api, taken, {"metadata": {"managedFields": taken.owners}})


def _now(api: Api, taken: Taken) -> Manifest | None:
    return api.get(taken.kind, taken.namespace, taken.name)


def _fingerprints(owner: Manifest) -> Mapping[str, str]:
    spec: Mapping[str, object] = owner["spec"]
    return {name: fingerprint(json.dumps(part, sort_keys=True)) for name, part in spec.items()}
