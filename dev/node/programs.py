"""The node's own programs, Kubernetes and its companions, compiled once from pinned Go modules."""

import hashlib
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from acceptance.installation import Installation, Installer
from acceptance.waiting import Progress

_SOURCES = Path(__file__).parent
_STRIPPED = "-s -w"


@dataclass(frozen=True, kw_only=True, slots=True)
class Programs:
    """The compiled programs."""

    kubernetes: Path
    """All components of Kubernetes; its first argument says which of them to be."""
    companions: Path
    """Likewise etcd, CoreDNS, and what enforces NetworkPolicies."""


def ensure_programs(*, cache: Path, say: Progress) -> Programs:
    """The compiled programs in the cache folder: reused, or compiled now.

    Raises:
        SetupError: they cannot be compiled: no network, full disk, wrong hash.
    """
    version = kubernetes_version()
    return Programs(
        kubernetes=_ensure(
            "kubernetes",
            title=f"Kubernetes {version}",
            flags=f"{_STRIPPED} {_version_flags(version)}",
            cache=cache,
            say=say,
        ),
        companions=_ensure(
            "companions",
            title="etcd, CoreDNS and kube-network-policies",
            flags=_STRIPPED,
            cache=cache,
            say=say,
        ),
    )


def kubernetes_version() -> str:
    """The version that the module pins."""
    module = (_SOURCES / "kubernetes" / "go.mod").read_text(encoding="utf-8")
    pin = re.search(r"k8s\.io/kubernetes v(\S+)", module)
    assert pin is not None, "go.mod names it"
    return pin[1]


def _version_flags(version: str) -> str:
    """What tells the program its version, as Kubernetes' own builds do (hack/lib/version.sh)."""
    major, minor, _patch = version.split(".", maxsplit=2)
    variables = {"gitVersion": f"v{version}", "gitMajor": major, "gitMinor": minor}
    package = "k8s.io/component-base/version"
    return " ".join(f"-X {package}.{name}={value}" for name, value in variables.items())


def _ensure(name: str, *, title: str, flags: str, cache: Path, say: Progress) -> Path:
    source = _SOURCES / name
    files = [source / "go.mod", source / "go.sum", *sorted(source.glob("*.go"))]
    go = subprocess.run(["go", "version"], capture_output=True, check=True).stdout  # noqa: S607  # wherever it is
    recipe = hashlib.sha256(
        b"\n".join([go, flags.encode(), *(file.read_bytes() for file in files)])
    ).hexdigest()
    installation = Installation(
        name=title, folder=cache / f"{name}-{recipe[:12]}", recipe=recipe, entry=name
    )
    program = installation.folder / installation.entry

    def build(installer: Installer) -> None:
        installer.run(
            "fetching its modules and compiling, 8 minutes the first time, or 30 on a busy machine",
            [
                *("env", "CGO_ENABLED=0", "GOFLAGS=-mod=readonly", "go", "-C", source, "build"),
                *("-trimpath", "-ldflags", flags, "-o", program, "."),
            ],
        )

    installation.ensure(build, say)
    return program
