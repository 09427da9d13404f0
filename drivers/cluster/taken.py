"""What a drill has taken away: how it is marked, found again, and given back."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from domain.kubernetes import Manifest, ServiceName
from domain.waiting import Say, eventually
from drivers.cluster.api import PATHS, Api
from drivers.cluster.objects import is_ready, owners_by_selector

BEFORE = "acceptance/replicas-before-the-drill"
"""Annotation of a workload that is away: how many pods it had, for whoever gives it back."""
_MERGE = "application/merge-patch+json"
_BACK = 600.0
"""Seconds: a model is loaded into a GPU anew."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Taken:
    """A workload that is away."""

    kind: str
    namespace: str
    name: str
    replicas: int
    service: ServiceName
    spec: Manifest = field(default_factory=dict)
    """As it was."""

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"


class Notebook:
    """Files that say what is away, should the annotation get lost: one a workload."""

    def __init__(self, folder: Path, context: str) -> None:
        self._folder = folder / "".join(each if each.isalnum() else "-" for each in context)

    def write(self, taken: Taken) -> None:
        """Write down what is about to be taken away."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._file(taken).write_text(json.dumps(asdict(taken)), encoding="utf-8")

    def strike(self, taken: Taken) -> None:
        """It was given back."""
        self._file(taken).unlink(missing_ok=True)

    def read(self) -> Iterator[Taken]:
        """What was written down and never struck."""
        for file in sorted(self._folder.glob("*.json")):
            written = json.loads(file.read_text(encoding="utf-8"))
            yield Taken(**{**written, "service": ServiceName(**written["service"])})

    def _file(self, taken: Taken) -> Path:
        return self._folder / f"{taken.namespace}-{taken.kind}-{taken.name}.json"


def annotations(owner: Manifest) -> Mapping[str, str]:
    """The annotations of an object."""
    found: Mapping[str, str] = owner["metadata"].get("annotations") or {}
    return found


def scale(api: Api, taken: Taken, replicas: int, *, before: str | None, version: str = "") -> None:
    """Change number and annotation in one step, so that no end in between loses the number."""
    path = f"{PATHS[taken.kind].format(taken.namespace)}/{taken.name}"
    metadata = {"annotations": {BEFORE: before}}
    if version:
        metadata |= {"resourceVersion": version}  # type: ignore[dict-item]  # a text, unlike the other
    body = {"metadata": metadata, "spec": {"replicas": replicas}}
    api.ask("PATCH", path, body=body, content_type=_MERGE)


def left_away(api: Api, notebook: Notebook, *services: ServiceName) -> tuple[Taken, ...]:
    """What a run that was killed left away: by its annotation, or by the notebook."""
    found = {str(taken): taken for taken in notebook.read() if _is_at_nothing(api, taken)}
    for service in services:
        for owner in owners_by_selector(api, service):
            before = annotations(owner).get(BEFORE, "")
            if before.isdigit():
                taken = Taken(
                    kind=owner["kind"],
                    namespace=service.namespace,
                    name=owner["metadata"]["name"],
                    replicas=int(before),
                    service=service,
                )
                found[str(taken)] = taken
    return tuple(found.values())


def _is_at_nothing(api: Api, taken: Taken) -> bool:
    owner = api.get(taken.kind, taken.namespace, taken.name)
    return owner is not None and owner["spec"].get("replicas", 1) == 0


def give_back(api: Api, taken: Taken, say: Say) -> None:
    """Scale a workload back to what it was, and return once its pods are ready."""
    scale(api, taken, taken.replicas, before=None)
    say(f"drill: {taken} is scaled back to {taken.replicas}")

    def check() -> None:
        found = api.get("Service", taken.service.namespace, taken.service.name) or {"spec": {}}
        pods = api.list("Pod", taken.service.namespace, found["spec"].get("selector") or {})
        ready = sum(map(is_ready, pods))
        assert ready >= taken.replicas, f"{ready} of {taken.replicas} pods are ready"

    what = f"the pods behind {taken.service.namespace}/{taken.service.name} to be back"
    eventually(check, what=what, timeout=_BACK, interval=0.5, say=say)
