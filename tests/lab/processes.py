"""What is left of a run: processes and folders that name a test's own folder."""

import subprocess
from pathlib import Path

from acceptance.waiting import eventually

_PROC = Path("/proc")


def processes(folder: Path) -> list[str]:
    """Processes whose command or environment names the folder."""
    if not _PROC.is_dir():  # macOS
        listed = subprocess.run(
            ["ps", "axeww", "-o", "pid=,command="],  # noqa: S607  # wherever it is
            capture_output=True,
            text=True,
            check=True,
        )
        return [line[:150] for line in listed.stdout.splitlines() if str(folder) in line]
    return [found for each in _PROC.glob("[0-9]*") if (found := _named(each, str(folder)))]


def _named(process: Path, folder: str) -> str:
    try:
        command = (process / "cmdline").read_bytes().decode(errors="replace").replace("\0", " ")
        variables = (process / "environ").read_bytes().decode(errors="replace")
    except OSError:  # it has just ended, or is somebody else's
        return ""
    return f"{process.name} {command[:150]}" if folder in command + variables else ""


def wait_until_gone(folder: Path) -> None:
    """Return once no process is left, and nothing in the run's folder for temporary files."""

    def left() -> None:
        found = [*processes(folder), *map(str, (folder / "tmp").glob("acceptance-*"))]
        assert not found, "left: " + "\n".join(found)

    eventually(left, what="everything to go", timeout=30)
