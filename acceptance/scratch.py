"""Folders for what is being made: they go when it is done, and whoever is killed leaves one.

The maker holds a lock on its folder for as long as it lives, so the next one can tell what was
left behind from what somebody else is making at the same time.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PREFIX = ".making-"


class Scratch:
    """A folder beside the place for which something is made, on the same disk."""

    def __init__(self, place: Path) -> None:
        with _locked(place):
            self.folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=place.resolve()))
            self._lock = _lock(self.folder)

    def remove(self) -> None:
        """Remove it with all that is still in it."""
        shutil.rmtree(self.folder, ignore_errors=True)
        os.close(self._lock)


def abandoned(place: Path) -> list[Path]:
    """The folders whose makers are gone."""
    with _locked(place):
        return [folder for folder in sorted(place.glob(f"{PREFIX}*")) if _is_free(folder)]


@contextmanager
def _locked(place: Path) -> Iterator[None]:
    """Nobody is between making a folder and locking it."""
    lock = _lock(place, wait=True)
    try:
        yield
    finally:
        os.close(lock)


def _is_free(folder: Path) -> bool:
    try:
        os.close(_lock(folder))
    except BlockingIOError:
        return False
    return True


def _lock(folder: Path, *, wait: bool = False) -> int:
    """A descriptor that holds the lock; no child inherits it."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:
        os.close(descriptor)
        raise
    return descriptor
