"""The layers of a container image."""

import hashlib
import io
import tarfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, kw_only=True, slots=True)
class Contents:
    """Files of a layer, by their absolute path inside."""

    folders: Mapping[str, Path] = field(default_factory=dict)
    """Folders or files of this machine, with all that is in them; links stay links."""
    files: Mapping[str, Path] = field(default_factory=dict)
    """Files of this machine; of a link, the file that it leads to."""
    texts: Mapping[str, str] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    """Symbolic links, and where they lead."""
    scratch: tuple[str, ...] = ()
    """Empty folders in which everybody may write."""
    without: Callable[[str], bool] = lambda _path: False
    """Whether a path below one of the folders is left out."""

    def write(self, file: Path) -> str:
        """Write it as a tar; returns its SHA-256, by which an image names it."""
        with tarfile.open(file, mode="w") as tar:
            for path in self.scratch:
                tar.addfile(entry(path, kind=tarfile.DIRTYPE, mode=0o1777))
            for path, folder in self.folders.items():
                tar.add(folder, arcname=path, filter=self._filter)
            for path, source in self.files.items():
                info = tar.gettarinfo(source.resolve(), arcname=path)
                with source.open("rb") as content:
                    tar.addfile(_of_root(info), content)
            for path, text in self.texts.items():
                add(tar, path, text.encode())
            for path, target in self.links.items():
                tar.addfile(entry(path, kind=tarfile.SYMTYPE, target=target))
        with file.open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest()

    def _filter(self, info: tarfile.TarInfo) -> tarfile.TarInfo | None:
        return None if self.without(f"/{info.name}") else _of_root(info)


@dataclass(frozen=True, kw_only=True, slots=True)
class Layer:
    """A layer that is written when it is needed."""

    recipe: str
    """All that its contents depend on."""
    contents: Callable[[], Contents]
    """A function, because finding out what belongs in it may take seconds."""


def entry(
    path: str, *, kind: bytes = tarfile.REGTYPE, size: int = 0, mode: int = 0o755, target: str = ""
) -> tarfile.TarInfo:
    """A tar's entry that stands for nothing on this machine."""
    info = tarfile.TarInfo(path.lstrip("/"))
    info.type, info.size, info.mode, info.linkname = kind, size, mode, target
    return info


def add(tar: tarfile.TarFile, path: str, content: bytes) -> None:
    """Add a file with this content."""
    tar.addfile(entry(path, size=len(content), mode=0o644), io.BytesIO(content))


def _of_root(info: tarfile.TarInfo) -> tarfile.TarInfo:
    info.uid = info.gid = 0
    info.uname = info.gname = "root"
    return info
