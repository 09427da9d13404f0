"""A lab that somebody left up: how it makes itself known, and how it is found and attached to.

A lab that is up keeps a file in the cache folder, with a lock on it and its own folder's name in
it. The lock ends with the process that holds it, however it ended; so a file without a lock tells
of a lab that is gone.
"""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from acceptance import files
from acceptance.errors import SetupError
from acceptance.lab.embedded.lab import EmbeddedLab
from acceptance.lab.embedded.manifests import Manifests
from acceptance.lab.embedded.network import Network
from acceptance.lab.embedded.plan import PodPlan, plan_pods
from acceptance.lab.embedded.programs import Program
from acceptance.lab.embedded.running import RunningPod
from acceptance.lab.embedded.unsupported import unsupported
from acceptance.lab.providers.client import Providers
from acceptance.message import explain
from acceptance.shipped import told_as
from acceptance.waiting import Progress

_KNOWN = "labs"
"""Folder, inside the cache folder, with a file for each lab that is up."""
_STATE = "lab.json"


def describe(lab: EmbeddedLab) -> None:
    """Write into its folder what others need to attach to the lab."""
    state = {
        "manifests": list(lab.manifests),
        "readme": lab.manifests.readme,
        "notes": list(lab.manifests.notes),
        "ran": list(lab.ran),
        "allow_code": lab.manifests.allow_code,
        "versions": dict(lab.versions),
        "locks": dict(lab.locks),
        "pods": {
            key: {
                "python": str(pod.python),
                "environment": dict(pod.environment),
                "problem": pod.problem,
            }
            for key, pod in lab.pods.items()
        },
    }
    (lab.folder / _STATE).write_text(json.dumps(state, default=str))


@contextmanager
def published(lab: EmbeddedLab, cache: Path) -> Iterator[None]:
    """Let others find the lab while this lasts."""
    describe(lab)
    known = cache / _KNOWN
    known.mkdir(parents=True, exist_ok=True)
    draft, pointer = known / f".{lab.folder.name}", known / lab.folder.name
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        files.lock(file.fileno())
        file.write(str(lab.folder))
        file.flush()
        draft.rename(pointer)
        try:
            yield
        finally:
            pointer.unlink(missing_ok=True)


class AttachedLab:
    """A lab of another process: it can be asked everything, and is left as it is."""

    def __init__(self, folder: Path, providers: Providers) -> None:
        state = json.loads((folder / _STATE).read_text())
        self.folder = folder
        self.providers = providers
        self.manifests = Manifests(
            state["manifests"],
            readme=state["readme"],
            notes=tuple(state["notes"]),
            allow_code=state["allow_code"],
        )
        self.versions: Mapping[str, str] = state["versions"]
        self.locks: Mapping[str, str] = state["locks"]
        self.plans: tuple[PodPlan, ...] = plan_pods(self.manifests)
        self.network = Network(self.manifests, outside={})
        self.notes = (
            *unsupported(self.manifests),
            *state["ran"],
        )
        self.pods: Mapping[str, RunningPod] = {
            plan.key: _pod(plan, folder, state["pods"][plan.key])
            for plan in self.plans
            if isinstance(plan.program, Program)
        }


def _pod(plan: PodPlan, lab: Path, state: Mapping[str, object]) -> RunningPod:
    pod = RunningPod(plan, RunningPod.folder_in(lab, plan), Path(str(state["python"])))
    pod.environment = state["environment"]  # type: ignore[assignment]  # as `published` wrote it
    pod.problem = str(state["problem"])
    return pod


@contextmanager
def attached(cache: Path, say: Progress) -> Iterator[AttachedLab]:
    """The newest lab that is up.

    Raises:
        SetupError: there is none.
    """
    found = _up(cache / _KNOWN)
    if not found:
        raise _none_up(str(cache / _KNOWN))
    if len(found) > 1:
        say(f"{len(found)} labs are up; the newest one is taken: {found[0]}")
    with attached_to(found[0]) as lab:
        yield lab


@contextmanager
def attached_to(folder: Path) -> Iterator[AttachedLab]:
    """The lab of this folder, which is up.

    Raises:
        SetupError: there is none.
    """
    if not (folder / _STATE).is_file():
        raise _none_up(str(folder))
    with Providers.load(folder / "providers") as providers:
        yield AttachedLab(folder, providers)


def _up(known: Path) -> list[Path]:
    """Folders of the labs that are up, newest first; what is left of others is cleared."""
    pointers = known.glob("[!.]*") if known.is_dir() else ()
    by_age = sorted(pointers, key=lambda pointer: pointer.stat().st_mtime, reverse=True)
    return [Path(pointer.read_text()) for pointer in by_age if _is_held(pointer)]


def _is_held(pointer: Path) -> bool:
    with pointer.open() as file:
        if not files.lock(file.fileno(), shared=True):
            return True
        pointer.unlink(missing_ok=True)
        return False


def _none_up(where: str) -> SetupError:
    return SetupError(
        explain(
            "No lab is up.",
            expected=f"a lab that `{told_as('lab')}` has started and that still runs",
            found="none",
            where=where,
            fix=f"run `{told_as('lab')}` in another terminal, or leave out --reuse",
        )
    )
