"""Where everything of a node lies."""

import hashlib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """The folders and files of a node, all of them in its home folder."""

    home: Path

    @property
    def lock(self) -> Path:
        """Locked by `up` and then by the node itself, for as long as it lives."""
        return self.home / "lock"

    @property
    def turn(self) -> Path:
        """Locked by `up`, so that one run at a time looks what is missing."""
        return self.home / "turn"

    @property
    def authority(self) -> Path:
        """The emulated providers' certificate authority, which the images hold."""
        return self.home / "authority"

    @property
    def images(self) -> Path:
        """Where containerd keeps all that it has; the images in it outlive the node."""
        return self.home / "containerd"

    @property
    def imported(self) -> Path:
        """What was imported, and from which recipe."""
        return self.home / "imported.json"

    @property
    def run(self) -> Path:
        """What ends with the node."""
        return self.home / "run"

    @property
    def pid(self) -> Path:
        """The node's first process, as this machine counts; when it ends, all of the node ends."""
        return self.run / "pid"

    @property
    def kubeconfig(self) -> Path:
        """An administrator's, for programs of this machine."""
        return self.run / "kubeconfig"

    @property
    def keys(self) -> Path:
        """Certificates and keys of the components."""
        return self.run / "keys"

    @property
    def config(self) -> Path:
        """Configuration files of the components."""
        return self.run / "config"

    @property
    def logs(self) -> Path:
        """One log file a component."""
        return self.run / "logs"

    @property
    def log(self) -> Path:
        """What the first process had to say: nothing, unless something went wrong."""
        return self.logs / "node.log"

    @property
    def audit(self) -> Path:
        """Every request to the API server, without bodies: one JSON object a line."""
        return self.run / "audit.log"

    @property
    def containerd(self) -> Path:
        """Socket of containerd."""
        return self.run / "containerd.sock"

    @property
    def private(self) -> Path:
        """What the components write where this machine keeps its own things."""
        return self.run / "private"

    @property
    def cgroup(self) -> str:
        """Name of the control group of its pods; no other node's."""
        return f"acceptance-node-{hashlib.sha256(bytes(self.home)).hexdigest()[:12]}"
