"""Removes a lab's folder when the process that made it is gone, however it went.

Run as a script: standard input is a pipe that the lab holds open, the argument is the folder.
"""

import shutil
import sys
import time
from pathlib import Path

_ATTEMPTS = 50
_PAUSE_SECONDS = 0.1
"""Programs that end at the same moment may still write into the folder."""

if __name__ == "__main__":
    sys.stdin.read()
    folder = Path(sys.argv[1])
    for _ in range(_ATTEMPTS):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            break
        time.sleep(_PAUSE_SECONDS)  # noqa: TID251  # nobody is left to be told of a wait
