"""Files that say what is away, should its annotation get lost: one a workload."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from domain.errors import NotProven
from drivers.cluster.taken import Taken


class Notebook:
    """What drills of one context took away and have not given back."""

    def __init__(self, folder: Path, context: str) -> None:
        self._folder = folder / "".join(each if each.isalnum() else "-" for each in context)

    def write(self, taken: Taken) -> None:
        """Write down what is about to be taken away.

        Raises:
            NotProven: it cannot be written, so that nothing may be taken.
        """
        file = self._file(taken)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            half = file.with_suffix(".half")
            half.write_text(json.dumps(asdict(taken)), encoding="utf-8")
            half.replace(file)
        except OSError as error:
            raise NotProven(
                f"no drill without a note of what it takes away: {error}; --cache names a folder "
                "that may be written"
            ) from error

    def strike(self, taken: Taken) -> None:
        """It is away no longer."""
        self._file(taken).unlink(missing_ok=True)

    def read(self) -> Iterator[Taken]:
        """What was written down and never struck."""
        for file in sorted(self._folder.glob("*.json")):
            written = json.loads(file.read_text(encoding="utf-8"))
            yield Taken(**{**written, "owners": tuple(written["owners"])})

    def _file(self, taken: Taken) -> Path:
        return self._folder / f"{taken.namespace}-{taken.kind}-{taken.name}.json"
