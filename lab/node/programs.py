"""The node's own programs: Kubernetes, etcd and CoreDNS, compiled once from pinned Go modules."""

import hashlib
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lab.installation import Installation, Installer

_SOURCES = Path(__file__).parent
_STRIPPED = "-s -w"


@dataclass(frozen=True, kw_only=True, slots=True)
class GoProgram:
    """A Go module beside this file, and the program that it makes."""

    name: str
    """Name of its folder, and of the program."""
    title: str
    flags: str = _STRIPPED
    """For the linker."""

    @property
    def source(self) -> Path:
        """The module's folder."""
        return _SOURCES / self.name


def kubernetes() -> GoProgram:
    """All components of Kubernetes in one program, which knows its version from the linker."""
    source = (_SOURCES / "kubernetes" / "go.mod").read_text(encoding="utf-8")
    pin = re.search(r"k8s\.io/kubernetes v((\d+)\.(\d+)\.\S+)", source)
    assert pin is not None, "go.mod names the version"
    package = "k8s.io/component-base/version"
    variables = {"gitVersion": f"v{pin[1]}", "gitMajor": pin[2], "gitMinor": pin[3]}
    flags = " ".join(f"-X {package}.{name}={value}" for name, value in variables.items())
    return GoProgram(name="kubernetes", title=f"Kubernetes {pin[1]}", flags=f"{_STRIPPED} {flags}")


COMPANIONS = GoProgram(name="companions", title="etcd and CoreDNS")


def ensure(program: GoProgram, *, cache: Path, say: Callable[[str], None]) -> Path:
    """The compiled program in the cache folder: reused, or compiled now.

    Raises:
        SetupError: it cannot be compiled: no network, full disk, wrong hash.
    """
    files = [program.source / name for name in ("go.mod", "go.sum", "main.go")]
    go = subprocess.run(["go", "version"], capture_output=True, check=True).stdout  # noqa: S607
    recipe = hashlib.sha256(
        b"\n".join([go, program.flags.encode(), *(file.read_bytes() for file in files)])
    ).hexdigest()
    installation = Installation(
        name=program.title,
        folder=cache / f"{program.name}-{recipe[:12]}",
        recipe=recipe,
        entry=program.name,
    )
    target = installation.folder / installation.entry

    def build(installer: Installer) -> None:
        installer.run(
            "fetching its modules and compiling, 2 to 8 minutes the first time",
            [
                *("env", "CGO_ENABLED=0", "GOFLAGS=-mod=readonly", "go", "-C", program.source),
                *("build", "-trimpath", "-ldflags", program.flags, "-o", target, "."),
            ],
        )

    installation.ensure(build, say)
    return target
