"""Parts of the suite as layers of images: a module, and all that it imports."""

import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path

from acceptance.lab.cluster.layers import Contents, Layer

PYTHONPATH = "/lab/project:/lab/packages"
"""Where the layers put them."""
_PROJECT, _PACKAGES = PYTHONPATH.split(":")
_HOME = Path(__file__).parents[3]
"""The folder that holds the engine."""
_SCRIPT = """
import sys
before = set(sys.modules)
import {module}
for name in set(sys.modules) - before:
    if file := getattr(sys.modules[name], "__file__", None):
        print(name, file)
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Imported:
    """What importing a module takes in."""

    own: tuple[Path, ...]
    """Files of the engine."""
    packages: tuple[Path, ...]
    """Folders and files of installed packages, whole: they may import more of themselves later."""

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The packages, which rarely change, below the engine's own files."""
        versions = sorted(f"{each.name}=={each.version}" for each in distributions())
        packages = Layer(
            recipe=repr((versions, self.packages)),
            contents=lambda: Contents(
                folders={f"{_PACKAGES}/{path.name}": path for path in self.packages}
            ),
        )
        project = Layer(
            recipe=repr([(str(file), file.read_text(encoding="utf-8")) for file in self.own]),
            contents=lambda: Contents(
                files={f"{_PROJECT}/{file.relative_to(_HOME)}": file for file in self.own}
            ),
        )
        return (packages, project) if self.packages else (project,)


def imported_by(module: str) -> Imported:
    """What importing this module of the engine takes in, tried in a process of its own."""
    listed = subprocess.run(
        [sys.executable, "-c", _SCRIPT.format(module=module)],
        cwd=_HOME,
        capture_output=True,
        text=True,
        check=True,
    )
    files = dict(line.split(" ", maxsplit=1) for line in listed.stdout.splitlines())
    installed = Path(sysconfig.get_path("purelib"))
    return Imported(
        own=tuple(sorted(Path(files[name]) for name in files if name.startswith("acceptance"))),
        packages=tuple(
            sorted(
                {
                    installed / Path(file).relative_to(installed).parts[0]
                    for name, file in files.items()
                    if Path(file).is_relative_to(installed) and not name.startswith("acceptance")
                }
            )
        ),
    )
