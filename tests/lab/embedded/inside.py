"""A pod of which a test writes the name table itself, and Python that runs inside of it."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

POD_PYTHON = Path(__file__).parents[3] / "acceptance/lab/embedded/pod"
GATEWAY = "10.96.0.1"
OPENAI = "203.0.113.1"
SEARCH = ("apps.svc.cluster.local", "svc.cluster.local", "cluster.local")


@dataclass(kw_only=True, slots=True)
class Inside:
    """The table, and a way in."""

    folder: Path
    names: Mapping[str, str] = field(
        default_factory=lambda: {
            "litellm.ml.svc.cluster.local": GATEWAY,
            "api.openai.com": OPENAI,
        }
    )
    own_names: Mapping[str, str | None] = field(default_factory=dict)
    search: Sequence[str] = SEARCH
    routes: Mapping[str, Sequence[int]] = field(default_factory=dict)
    cut: Sequence[str] = ()
    silent: int = 0

    @property
    def ports(self) -> Path:
        """Where the program says what it listens on."""
        return self.folder / "ports.json"

    def write(self) -> dict[str, str]:
        """Write the table; returns the environment of a process inside."""
        view = {"search": self.search, "names": self.own_names, "cut": self.cut}
        table = {
            "names": self.names,
            "routes": self.routes,
            "silent": self.silent,
            "pods": {"apps/web-0": view},
        }
        (self.folder / "network.json").write_text(json.dumps(table))
        return {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(POD_PYTHON),
            "PYTHONDONTWRITEBYTECODE": "1",
            "LAB_NETWORK": str(self.folder / "network.json"),
            "LAB_POD": "apps/web-0",
            "LAB_PORTS": str(self.ports),
        }

    def run(self, source: str) -> Any:  # noqa: ANN401  # whatever the source prints as JSON
        """What Python code inside the pod assigns to `result`; an error's name and text if any."""
        script = (
            "import json, socket\n"
            "try:\n"
            + "".join(f"    {line}\n" for line in source.strip().splitlines())
            + "except OSError as error:\n"
            "    result = f'{type(error).__name__}: {error}'\n"
            "print(json.dumps(result))\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", script],
            env=self.write(),
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
        )
        return json.loads(done.stdout)

    def address_of(self, host: str) -> str:
        """What a name resolves to inside the pod."""
        return str(self.run(f"result = socket.getaddrinfo({host!r}, 80)[0][4][0]"))

    def connect(self, host: str, port: int) -> str:
        """What a connection from inside receives first, or why there is none."""
        return str(
            self.run(
                f"with socket.create_connection(({host!r}, {port}), timeout=1) as connection:\n"
                "    result = connection.recv(64).decode()"
            )
        )
