"""Files that say what is away, should its annotation get lost: one a workload."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from acceptance import files
from acceptance.errors import NotProven, SetupError
from acceptance.kubernetes.workload_snapshot import WorkloadSnapshot
from acceptance.message import explain

_MOST_BYTES = 5_000_000
"""Of a note; an object of Kubernetes has less than two million."""
_MOST_PODS = 2**31


class Journal:
    """What drills of one cluster took away and have not given back.

    Filed by what tells a cluster from all others, since many contexts have one name. Where these
    rights do not show that, notes are filed by its address, which may be another cluster's, too.
    """

    def __init__(self, folder: Path, cluster: str, address: str = "") -> None:
        """Read nothing yet.

        Args:
            folder: of the notes of all clusters.
            cluster: its identity; empty where it is not shown.
            address: that of its API server.
        """
        self._ours = _file_name(cluster)
        self._folders = [folder / _file_name(each) for each in (cluster, address) if each]

    def add(self, taken: WorkloadSnapshot) -> None:
        """Write down what is about to be taken away.

        Raises:
            NotProven: it cannot be written, so that nothing may be taken.
        """
        folder = self._folders[0]
        try:
            folder.mkdir(parents=True, exist_ok=True)
            files.write(folder / f"{_named(taken)}.json", json.dumps(asdict(taken)))
        except OSError as error:
            raise NotProven(
                f"no drill without a note of what it takes away: {error}; --cache names a folder "
                "that may be written"
            ) from error

    def remove(self, taken: WorkloadSnapshot) -> None:
        """It is away no longer."""
        for folder in self._folders:
            file = folder / f"{_named(taken)}.json"
            with suppress(FileNotFoundError):
                if _read(file).uid == taken.uid:  # not what another cluster calls so
                    file.unlink()

    def entries(self) -> Iterator[tuple[WorkloadSnapshot, bool]]:
        """What was written down and never struck; and whether it is surely this cluster's.

        Raises:
            SetupError: a note is damaged.
        """
        for folder in self._folders:
            for file in sorted(folder.glob("*.json")):
                yield _read(file), folder.name == self._ours


def _read(file: Path) -> WorkloadSnapshot:
    try:
        written = json.loads(files.content(file, _MOST_BYTES))
        taken = WorkloadSnapshot(**{**written, "owners": tuple(written["owners"])})
        if f"{_named(taken)}.json" == file.name and _is_one(written):
            return taken
        found = "a note of something else"
    except FileNotFoundError:
        raise
    except (OSError, TypeError, ValueError, KeyError, RecursionError) as error:
        found = f"{type(error).__name__}: {error}"
    raise SetupError(
        explain(
            "A note of what a drill took away is damaged.",
            expected="kind, namespace, name and replicas of a workload, as the drill wrote them",
            found=found,
            where=str(file),
            fix="its name tells the workload: see by kubectl that it has its pods, then remove it",
        )
    )


def _is_one(written: Mapping[str, Any]) -> bool:
    """Whether a note holds what a drill writes down."""
    texts = [written.get(name) for name in ("kind", "namespace", "name", "uid")]
    numbers = [written.get(name, 0) for name in ("replicas", "ready", "generation")]
    return (
        all(isinstance(each, str) and re.fullmatch(r"[-.A-Za-z0-9]+", each) for each in texts)
        and written["kind"] in ("Deployment", "StatefulSet")
        and all(type(each) is int and 0 <= each < _MOST_PODS for each in numbers)
        and isinstance(written.get("spec", {}), dict)
        and all(isinstance(each, dict) for each in written["owners"])
    )


def _named(taken: WorkloadSnapshot) -> str:
    return f"{taken.namespace}-{taken.kind}-{taken.name}"


def _file_name(text: str) -> str:
    return "".join(each if each.isalnum() else "-" for each in text)
