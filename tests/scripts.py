"""Stand-ins for programs that tests start."""

from pathlib import Path


def script(path: Path, body: str) -> Path:
    """An executable shell script with this body."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    path.chmod(0o755)
    return path
