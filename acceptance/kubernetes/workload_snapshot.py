"""A workload that a drill takes away: what it was, and how it is recognised."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from acceptance.kubernetes.objects import replicas
from acceptance.resources import Manifest
from acceptance.secret import fingerprint

BEFORE = "acceptance/replicas-before-the-drill"
"""Annotation of a workload that is away: how many pods it had, for whoever gives it back."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkloadSnapshot:
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


def snapshot_of(owner: Manifest) -> WorkloadSnapshot:
    """A Deployment or StatefulSet as it stands, before it is taken away."""
    metadata = owner["metadata"]
    return WorkloadSnapshot(
        kind=owner["kind"],
        namespace=metadata["namespace"],
        name=metadata["name"],
        uid=metadata["uid"],
        replicas=replicas(owner),
        ready=owner.get("status", {}).get("readyReplicas", 0),
        generation=metadata["generation"],
        spec=fingerprints(owner),
        owners=tuple(metadata.get("managedFields") or ()),
    )


def by_annotation(owner: Manifest) -> WorkloadSnapshot:
    """A workload that is away, by what its annotation says."""
    before = int(annotations(owner)[BEFORE])
    return WorkloadSnapshot(
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
    return bool(re.fullmatch("[0-9]{1,9}", annotations(owner).get(BEFORE, "")))


def pods(count: int) -> str:
    """So many pods, in words."""
    return "1 pod" if count == 1 else f"{count} pods"


def fingerprints(owner: Manifest) -> Mapping[str, str]:
    """Of each field of its spec."""
    spec: Mapping[str, object] = owner["spec"]
    return {name: fingerprint(json.dumps(part, sort_keys=True)) for name, part in spec.items()}
