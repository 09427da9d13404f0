"""The environments of the two real programs, built from hash-locked requirement files."""

import hashlib
import re
import sys
import sysconfig
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_cache_path

from lab.installation import Installation, Installer

CACHE = user_cache_path("open-webui-litellm-acceptance")
"""Where the programs and tools are kept unless somebody says otherwise."""
UV = Path(sys.prefix, "bin", "uv")
_LOCKS = Path(__file__).with_name("requirements")


@dataclass(frozen=True, kw_only=True, slots=True)
class Program:
    """A program that the lab starts, and what it is installed from."""

    name: str
    """Its package, and the name of its command."""
    title: str
    lock: Path
    """Every package of its environment, with hashes."""

    @property
    def version(self) -> str:
        """The version that the lock file pins."""
        pin = re.search(rf"^{self.name}==(\S+)", self.lock.read_text("utf-8"), re.MULTILINE)
        if pin is None:
            raise ValueError(f"{self.lock} pins no {self.name}: make it anew with 'make lock'")
        return pin[1]


LITELLM = Program(name="litellm", title="LiteLLM", lock=_LOCKS / "litellm.txt")
OPEN_WEBUI = Program(name="open-webui", title="Open WebUI", lock=_LOCKS / "open-webui.txt")


@dataclass(frozen=True, kw_only=True, slots=True)
class Environment:
    """An installed program, ready to be started."""

    program: Program
    python: Path
    """Interpreter that imports it; its commands are beside it."""
    version: str


def ensure(
    program: Program, *, cache: Path, say: Callable[[str], None], uv: Path = UV
) -> Environment:
    """The program's environment in the cache folder: reused, or built now.

    Programs can be built at the same time, by threads of one run or by several runs.

    Raises:
        SetupError: it cannot be built: no network, full disk, unwritable cache, wrong hash.
    """
    version = program.version
    lock = program.lock.read_text(encoding="utf-8")
    recipe = f"{lock}\n{sys.version}\n{sysconfig.get_platform()}"
    digest = hashlib.sha256(recipe.encode()).hexdigest()
    installation = Installation(
        name=f"{program.title} {version}",
        folder=cache / f"{program.name}-{digest[:12]}",
        recipe=digest,
        entry="bin/python",
    )
    python = installation.folder / installation.entry
    packages = len(re.findall(r"^\S+==", lock, re.MULTILINE))

    def build(installer: Installer) -> None:
        installer.run(
            "making an empty environment",
            [uv, "venv", "--no-project", "--allow-existing", "--python", sys.executable, "."],
        )
        # "sync" installs exactly the lock file: Open WebUI's own requirements name packages that
        # its slim mode leaves out. Compiling once (8 s) saves 4 to 6 s of each start.
        installer.run(
            f"fetching and installing {packages} packages",
            [
                *(uv, "pip", "sync", "--require-hashes", "--compile-bytecode"),
                *("--python", python, program.lock),
            ],
        )

    installation.ensure(build, say)
    return Environment(program=program, python=python, version=version)


def ensure_all(*, cache: Path, say: Callable[[str], None]) -> Mapping[str, Environment]:
    """Both programs' environments by name, built side by side; raises like `ensure`."""
    with ThreadPoolExecutor() as pool:
        built = pool.map(lambda each: ensure(each, cache=cache, say=say), (LITELLM, OPEN_WEBUI))
        return {each.program.name: each for each in built}
