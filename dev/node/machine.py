"""Whether this machine can be a node."""

import os
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from acceptance.errors import SetupError
from acceptance.message import explain

COMMANDS: Mapping[str, str] = {
    "containerd": "containerd",
    "ctr": "containerd",
    "containerd-shim-runc-v2": "containerd",
    "runc": "runc",
    "busybox": "busybox-static",
    "iptables": "iptables",
    "ip": "iproute2",
    "setsid": "util-linux",
    "unshare": "util-linux",
    "mount": "mount",
    "ldd": "libc-bin",
}
"""Every command that the node needs, with the Debian package that brings it; beside Go."""
PLUGINS = Path("/usr/lib/cni")
_PLUGIN_NAMES = ("bridge", "host-local", "loopback", "portmap")
_PLUGIN_PACKAGE = "containernetworking-plugins"


def check(
    *,
    platform: str = sys.platform,
    user: Callable[[], int] = os.geteuid,
    which: Callable[[str], str | None] = shutil.which,
    plugins: Path = PLUGINS,
) -> None:
    """Return if this machine can be a node.

    Raises:
        SetupError: it cannot; the message names all that is missing.
    """
    if platform != "linux":
        raise SetupError(_unfit("Linux", found=platform, fix="use a Linux machine, or kind"))
    if user() != 0:
        raise SetupError(
            _unfit("root, who makes networks and mounts", found="another user", fix="use sudo")
        )
    missing = {name: package for name, package in COMMANDS.items() if which(name) is None}
    missing |= {
        str(plugins / name): _PLUGIN_PACKAGE
        for name in _PLUGIN_NAMES
        if not (plugins / name).exists()
    }
    fixes = [f"apt-get install {' '.join(sorted(set(missing.values())))}"] if missing else []
    if which("go") is None:
        missing["go"] = ""
        # Distributions have it too, and older than 1.21, which first could fetch a newer one.
        fixes.append("install Go 1.21 or later: https://go.dev/doc/install")
    if missing:
        raise SetupError(
            _unfit(
                "the programs that a node consists of",
                found=f"without {', '.join(missing)}",
                fix="; ".join(fixes),
            )
        )


def _unfit(expected: str, *, found: str, fix: str) -> str:
    return explain(
        "This machine cannot be a Kubernetes node.",
        expected=expected,
        found=found,
        where="this machine",
        fix=fix,
    )
