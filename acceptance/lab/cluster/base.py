"""What the images stand on: a shell, this machine's Python, and the libraries that it needs."""

import platform
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from pathlib import Path

from acceptance.lab.cluster.layers import Contents, Layer
from acceptance.lab.environments import Environment

PATH = "/usr/local/bin:/usr/bin:/bin"
"""Where the base's commands are."""
_UNUSED = re.compile(r"/(test|tests|idlelib|tkinter|ensurepip|turtledemo|site-packages|config-.*)$")
"""Folders of the standard library that no program here needs, and that are most of its size."""
_LOADED_BY_NAME = re.compile(r"^lib(nss_(dns|files)|gcc_s)\.so\.\d+$")
"""Libraries that the C library opens itself, where no link shows it."""
_AT_ONCE = 200
"""Files to ask one `ldd` about."""


def base_of(environments: Iterable[Environment]) -> Layer:
    """A layer with busybox, Python, and every library that the environments' files link to."""
    folders = tuple(each.python.parents[1] for each in environments)
    return Layer(
        recipe=repr((sys.version, platform.platform(), folders, Path(__file__).read_text())),
        contents=lambda: _base(folders),
    )


def _base(environments: tuple[Path, ...]) -> Contents:
    python = Path(sys.executable).resolve()
    stdlib = Path(sysconfig.get_path("stdlib"))
    busybox = Path(shutil.which("busybox") or "/bin/busybox")
    applets = subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True)
    libraries = _libraries(python, (stdlib, *environments))
    return Contents(
        folders={str(stdlib): stdlib},
        files={
            "/bin/busybox": busybox,
            **{str(file): file for file in (python, *sorted(libraries))},
        },
        texts={
            "/etc/passwd": "root:x:0:0:root:/root:/bin/sh\n",
            "/etc/group": "root:x:0:\n",
            "/etc/nsswitch.conf": "hosts: files dns\n",
        },
        links={
            **{f"/bin/{name}": "busybox" for name in applets.stdout.split() if name != "busybox"},
            **dict.fromkeys(_python_links(environments, python), str(python)),
        },
        scratch=("/tmp",),  # noqa: S108  # the image's own
        without=lambda path: _UNUSED.search(path) is not None,
    )


def _python_links(environments: tuple[Path, ...], python: Path) -> Iterator[str]:
    """The paths by which the environments, and everybody else, know Python."""
    yield "/usr/local/bin/python3"
    for environment in environments:
        link = (environment / "bin" / "python").readlink()
        if link != python:
            yield str(link)


def _libraries(python: Path, folders: tuple[Path, ...]) -> set[Path]:
    """Libraries outside of the folders that something in them is linked to."""
    files = [python, *(file for root in folders for file in root.rglob("*.so*") if file.is_file())]
    found = set[Path]()
    for start in range(0, len(files), _AT_ONCE):
        listed = subprocess.run(
            ["ldd", *map(str, files[start : start + _AT_ONCE])],  # noqa: S607  # wherever it is
            capture_output=True,
            text=True,
            check=False,  # it fails for files that are no libraries
        )
        links = re.findall(r"(?:=> |^\t)(/\S+)", listed.stdout, re.MULTILINE)
        found |= {Path(link) for link in links}
    own = {library for library in found if not any(library.is_relative_to(f) for f in folders)}
    beside = [file for folder in {library.parent for library in own} for file in folder.iterdir()]
    return own | {file for file in beside if _LOADED_BY_NAME.match(file.name)}
