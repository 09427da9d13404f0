"""Files that several processes use at once: written in one step, locked, made in a folder aside.

A lock belongs to an open file or folder and ends with the last process that holds it open, however
that process ended; so what carries no lock was left behind.

Standard library only, and readable by Python 3.8: see `acceptance.installation`.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PREFIX = ".making-"


def write(file: Path, text: str) -> None:
    """Write it in one step: whoever reads sees what was there before, or all of this.

    Raises:
        OSError: it cannot be written; what was there before stays.
    """
    # Its own name is not in it: one that is just short enough would become too long.
    draft = file.with_name(f".{os.getpid()}-{threading.get_ident()}.half")
    try:
        draft.write_text(text, encoding="utf-8")
        draft.replace(file)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def content(file: Path, most: int = 50_000_000) -> bytes:
    """What a file holds that somebody else may have put there.

    Raises:
        OSError: it cannot be read, has more bytes than these, or is no regular file: reading one
            that is a pipe or a device might never end.
    """
    if file.exists() and not file.is_file():
        raise OSError(f"{file} is not a regular file")
    with file.open("rb") as opened:
        found = opened.read(most + 1)
    if len(found) > most:
        raise OSError(f"{file} has more than {most} bytes")
    return found


def lock(descriptor: int, *, wait: bool = False, shared: bool = False) -> bool:
    """Whether the open file or folder is now locked by this process; False where others hold it.

    Args:
        descriptor: of the file or folder; closing the last copy of it ends the lock.
        wait: wait for the others to end, so that it is True at last.
        shared: others may look at the same time, and hold it shared too.
    """
    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    try:
        fcntl.flock(descriptor, kind | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    return True


@contextmanager
def locked(folder: Path, say_waiting: Callable[[], None] | None = None) -> Iterator[int]:
    """Hold the folder's lock, which is waited for; its descriptor may be handed to a child."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        if not lock(descriptor):
            if say_waiting:
                say_waiting()
            lock(descriptor, wait=True)
        yield descriptor
    finally:
        os.close(descriptor)


class Scratch:
    """A folder beside the place for which something is made, on the same disk.

    It goes when that is done; whoever is killed leaves one. Its maker locks it for as long as it
    lives, so the next one can tell what was left from what somebody else is making.
    """

    def __init__(self, place: Path) -> None:
        with locked(place):  # nobody is between making a folder and locking it
            self.folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=place.resolve()))
            self._lock = os.open(self.folder, os.O_RDONLY)
            lock(self._lock)

    def remove(self) -> None:
        """Remove it with all that is still in it."""
        shutil.rmtree(self.folder, ignore_errors=True)
        os.close(self._lock)


def abandoned(place: Path) -> list[Path]:
    """The folders whose makers are gone."""
    with locked(place):
        return [
            folder
            for folder in sorted(place.glob(f"{PREFIX}*"))
            if folder.is_dir() and _is_free(folder)
        ]


def _is_free(folder: Path) -> bool:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        return lock(descriptor)
    finally:
        os.close(descriptor)
