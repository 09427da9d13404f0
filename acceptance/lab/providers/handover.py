"""The file by which the process of the providers says that it is ready, and where."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from acceptance import files
from acceptance.errors import SetupError
from acceptance.message import explain

FILE = "providers.json"
CERTIFICATE = "ca.pem"


@dataclass(frozen=True, kw_only=True, slots=True)
class Endpoint:
    """Where a provider listens on this machine, and the host that it stands for."""

    host: str
    """Host name that its clients ask for; an address where the manifests give the name."""
    scheme: str
    port: int
    """Port on 127.0.0.1."""
    host_port: int = 443
    """Port at that host."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Handover:
    """All that a client of the process needs."""

    pid: int
    control: str
    """Base URL of the control API."""
    providers: Mapping[str, Endpoint]

    def write(self, directory: Path) -> None:
        """Write the file in one step, so that nobody reads half of it."""
        files.write(directory / FILE, json.dumps(asdict(self), indent=2))

    @classmethod
    def read(cls, directory: Path) -> Self:
        """The hand-over of the process that was started for this directory.

        Raises:
            SetupError: there is none (yet), or it is not one.
        """
        file = directory / FILE
        try:
            data = json.loads(file.read_text(encoding="utf-8"))
            providers = {name: Endpoint(**value) for name, value in data["providers"].items()}
            return cls(pid=data["pid"], control=data["control"], providers=providers)
        except (OSError, ValueError, KeyError, TypeError) as error:
            message = explain(
                "The emulated providers are not ready.",
                expected=f"{FILE}, written by the process once it listens",
                found=f"{type(error).__name__}: {error}",
                where=str(file),
                fix="python -m acceptance.lab.providers --directory DIR; wait until it is there",
            )
            raise SetupError(message) from error
