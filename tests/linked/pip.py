"""Stands for pip in an image's build: links what pip installed for the suite itself.

That is the same lock file, as `make environment` has installed it before any test runs: unpacking
and compiling it once more takes a minute. They are the same files: nobody may write into them.
"""

import os
import re
import shutil
import sys
import sysconfig
from importlib.metadata import distributions
from pathlib import Path


def main(arguments: list[str]) -> int:
    """`pip install`, as `dev.bootstrap` calls it."""
    assert arguments[:3] == ["install", "--require-hashes", "--no-deps"], arguments
    lock = Path(arguments[arguments.index("--requirement") + 1]).read_text(encoding="utf-8")
    locked = dict(re.findall(r"^(\S+)==(\S+) \\$", lock, re.MULTILINE))
    own = Path(os.environ["OWN_PACKAGES"])
    installed = {_plain(each.name): each.version for each in distributions(path=[str(own)])}
    other = {name: pin for name, pin in locked.items() if installed.get(_plain(name)) != pin}
    assert locked
    assert not other, f"the suite's own environment is not of this lock: {other}"
    for each in own.iterdir():
        place = Path(sysconfig.get_path("purelib")) / each.name
        if each.is_dir():
            shutil.copytree(each, place, copy_function=link, dirs_exist_ok=True)
        else:
            link(each, place)
    return 0


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def link(file: str | Path, place: str | Path) -> None:
    """A link, or on another file system a copy; the new environment's own pip stays."""
    if Path(place).exists():
        return
    try:
        os.link(file, place)
    except OSError:
        shutil.copy2(file, place)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
