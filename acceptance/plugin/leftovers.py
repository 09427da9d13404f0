"""What a killed run left in the reports' folder: said, put right, and removed by the next one."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from acceptance.files import abandoned

ASIDE = ".old"
"""Ending of what a run has put aside to put something new in its place."""


def clear(reports: Path) -> Iterator[str]:
    """Remove what is left of killed runs; a line for each.

    Raises:
        OSError: it cannot be removed, or cannot be put back.
    """
    for folder in abandoned(reports):
        ended = len(list(folder.glob("**/*-result.json")))
        what = f"run was killed after {ended} scenarios" if ended else "run was killed"
        for old in folder.glob(f"*{ASIDE}"):
            place = reports / old.name.removesuffix(ASIDE)
            if not place.exists():  # killed between taking the old away and putting the new there
                old.rename(place)
        shutil.rmtree(folder)
        yield f"an earlier {what}; what it left is removed"
