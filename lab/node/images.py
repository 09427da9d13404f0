"""The images of the story and of the node, made from what is installed on this machine.

No registry is asked. An image holds this machine's Python and one of the two environments that
the embedded lab runs too, at their own paths, so that the manifests can be applied as they are.
"""

import re
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import certifi

from lab.embedded.programs import LITELLM, OPEN_WEBUI, Program
from lab.environments import Environment
from lab.node.archive import Image
from lab.node.base import PATH, base_layer
from lab.node.components import PAUSE
from lab.node.layers import Contents, Layer
from lab.providers.handover import CERTIFICATE

_REPOSITORY = Path(__file__).parents[2]
_PROJECT = "/lab/project"
_PACKAGES = "/lab/packages"
_AUTHORITY = "/lab/authority"
_CERTIFICATES = "/lab/certificates.pem"
_UPSTREAM = "providers.lab-providers.svc.cluster.local"
_STORY = {
    "ghcr.io/berriai/litellm:main-latest": LITELLM,
    "ghcr.io/open-webui/open-webui:0.12.4-slim": OPEN_WEBUI,
}
_RELAYS = {
    "docker.io/vllm/vllm-openai:v0.6.4": 8000,
    "docker.io/ollama/ollama:0.5.4": 11434,
}
_FOREVER = "2147483647"
"""Seconds: the longest that busybox sleeps."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sources:
    """What the images are made from."""

    environments: Mapping[str, Environment]
    """The two programs', by name."""
    companions: Path
    """The program that holds CoreDNS."""
    authority: Path
    """Folder of the emulated providers' authority."""

    @property
    def certificate(self) -> str:
        """The authority's."""
        return (self.authority / CERTIFICATE).read_text(encoding="utf-8")


def images(sources: Sources) -> tuple[Image, ...]:
    """Every image that a pod of this cluster can be started from."""
    folders = (environment.python.parents[1] for environment in sources.environments.values())
    base = base_layer(tuple(folders))
    return (
        Image(name=PAUSE, layers=(base,), entrypoint=("/bin/busybox", "sleep", _FOREVER)),
        _coredns(sources.companions),
        _providers(base, sources),
        *(_relay(base, name=name, port=port) for name, port in _RELAYS.items()),
        *(_program(base, sources, name=name, program=each) for name, each in _STORY.items()),
    )


def _coredns(companions: Path) -> Image:
    return Image(
        name="docker.io/lab/coredns:1",
        layers=(
            Layer(
                recipe=str(companions), contents=lambda: Contents(files={"/coredns": companions})
            ),
        ),
        entrypoint=("/coredns", "coredns"),
    )


def _providers(base: Layer, sources: Sources) -> Image:
    imported = _imported("lab.providers.__main__")
    authority = Layer(
        recipe=sources.certificate,
        contents=lambda: Contents(folders={_AUTHORITY: sources.authority}),
    )
    packages = Layer(
        recipe=(_REPOSITORY / "requirements.txt").read_text(encoding="utf-8"),
        contents=lambda: Contents(folders=_packages(imported)),
    )
    return Image(
        name="docker.io/lab/providers:1",
        layers=(base, packages, _project(imported), authority),
        entrypoint=("python3", "-m", "lab.providers", "--authority", _AUTHORITY),
        environment={"PATH": PATH, "PYTHONPATH": f"{_PROJECT}:{_PACKAGES}"},
    )


def _relay(base: Layer, *, name: str, port: int) -> Image:
    return Image(
        name=name,
        layers=(base, _project(_imported("lab.providers.relay"))),
        entrypoint=("python3", "-m", "lab.providers.relay", str(port), f"{_UPSTREAM}:{port}"),
        environment={"PATH": PATH, "PYTHONPATH": _PROJECT},
    )


def _program(base: Layer, sources: Sources, *, name: str, program: Program) -> Image:
    folder = sources.environments[program.name].python.parents[1]
    certificates = Path(certifi.where()).read_text(encoding="utf-8") + sources.certificate
    return Image(
        name=name,
        layers=(
            base,
            Layer(recipe=folder.name, contents=lambda: Contents(folders={str(folder): folder})),
            Layer(
                recipe=certificates,
                contents=lambda: Contents(texts={_CERTIFICATES: certificates}),
            ),
        ),
        **_start(program),
        environment={
            "PATH": f"{folder / 'bin'}:{PATH}",
            "LANG": "C.UTF-8",
            "PYTHONUNBUFFERED": "1",
            "SSL_CERT_FILE": _CERTIFICATES,
            **program.environment,
        },
    )


def _start(program: Program) -> dict[str, tuple[str, ...]]:
    """Entry point and arguments; as a line of shell where they name variables.

    The kubelet puts variables into the words of a manifest, and not into those of an image.
    """
    words = (*program.command, *program.arguments)
    if not any("$(" in word for word in words):
        return {"entrypoint": program.command, "arguments": program.arguments}
    line = " ".join(re.sub(r"\$\((\w+)\)", r'"$\1"', word) for word in words)
    return {"arguments": ("/bin/sh", "-c", f"exec {line}")}


def _imported(module: str) -> Mapping[str, Path]:
    """Every module that importing this one takes in, by its name, and where it lies."""
    script = (
        f"import sys, {module}\n"
        "for name, each in sys.modules.items():\n"
        "    if getattr(each, '__file__', None): print(name, each.__file__)"
    )
    listed = subprocess.run(
        [sys.executable, "-c", script], cwd=_REPOSITORY, capture_output=True, text=True, check=True
    )
    pairs = (line.split(" ", maxsplit=1) for line in listed.stdout.splitlines())
    return {name: Path(file) for name, file in pairs}


def _project(imported: Mapping[str, Path]) -> Layer:
    """Those modules that are part of this repository."""
    rooms = ("domain", "lab")
    files = sorted(file for name, file in imported.items() if name.partition(".")[0] in rooms)
    return Layer(
        recipe=repr([(str(file), file.read_text(encoding="utf-8")) for file in files]),
        contents=lambda: Contents(
            files={f"{_PROJECT}/{file.relative_to(_REPOSITORY)}": file for file in files}
        ),
    )


def _packages(imported: Mapping[str, Path]) -> Mapping[str, Path]:
    """The installed packages to which those modules belong."""
    installed = Path(sysconfig.get_path("purelib"))
    tops = {
        installed / file.relative_to(installed).parts[0]
        for file in imported.values()
        if file.is_relative_to(installed)
    }
    return {f"{_PACKAGES}/{path.name}": path for path in sorted(tops)}
