"""What a program does when it is imported for the first time, done once and kept in the cache."""

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from acceptance.installation import Installation, Installer
from acceptance.lab.embedded.programs import OPEN_WEBUI, Program
from acceptance.waiting import Progress

_SCRIPT = Path(__file__).with_name("first_import_script.py")
_DATABASE = "webui.db"
_MODULES = "modules.json"
_STEERS_DATABASE = ("DATABASE_", "ENABLE_DB_MIGRATIONS")


@dataclass(frozen=True, kw_only=True, slots=True)
class FirstImport:
    """What can be imported beforehand, and the database that comes of it."""

    modules: tuple[str, ...]
    """Modules that may be imported before the pod's settings are known."""
    database: Path | None = None
    """Open WebUI's tables, migrated, without a single row of settings or users."""

    def lay(self, environment: Mapping[str, str]) -> None:
        """Put the database where a pod with this environment looks for one, if it has none."""
        if self.database is None or any(name.startswith(_STEERS_DATABASE) for name in environment):
            return
        place = Path(environment["DATA_DIR"]) / _DATABASE
        if place.parent.is_dir() and not place.exists():
            shutil.copyfile(self.database, place)


def first_import(program: Program, python: Path, *, cache: Path, say: Progress) -> FirstImport:
    """The program's first import: kept, or done now.

    LiteLLM's own modules read none of a deployment's settings (`pod/lab_parent.py` watches it).
    Open WebUI's own modules read them and migrate the database, so only what they import from
    others is imported beforehand, and the empty database is kept.

    Raises:
        SetupError: it cannot be done; the last lines of its output say why.
    """
    if program is not OPEN_WEBUI:
        return FirstImport(modules=program.modules)
    recipe = hashlib.sha256(f"{python}\n{_SCRIPT.read_text('utf-8')}".encode()).hexdigest()
    installation = Installation(
        name="Open WebUI's empty database",
        folder=cache / f"{program.name}-database-{recipe[:12]}",
        recipe=recipe,
        entry=_MODULES,
    )

    def build(installer: Installer) -> None:
        installer.run("making it", [python, "-I", _SCRIPT, _MODULES])

    if not installation.is_complete():
        installation.ensure(build, say)
    folder = installation.folder
    modules = tuple(json.loads((folder / _MODULES).read_text("utf-8")))
    return FirstImport(modules=modules, database=folder / _DATABASE)
