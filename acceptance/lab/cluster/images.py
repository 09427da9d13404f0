"""The images of the story and of the node, made from what is installed on this machine.

No registry is asked. An image holds this machine's Python and one of the environments that the
embedded lab runs too, at their own paths, so that the manifests can be applied as they are.
"""

import re
from collections.abc import Mapping
from pathlib import Path

import certifi

from acceptance.lab.cluster.archive import Image
from acceptance.lab.cluster.base import PATH
from acceptance.lab.cluster.layers import Contents, Layer
from acceptance.lab.cluster.project import PYTHONPATH, imported_by
from acceptance.lab.embedded.lab import programs_for
from acceptance.lab.embedded.manifests import Manifests
from acceptance.lab.embedded.plan import plan_pods
from acceptance.lab.embedded.programs import Program
from acceptance.lab.environments import Environment
from acceptance.lab.providers.handover import CERTIFICATE
from acceptance.waiting import Progress

PAUSE = "docker.io/lab/pause:1"
"""Image of the container that holds a pod's network."""
_AUTHORITY = "/lab/authority"
_CERTIFICATES = "/lab/certificates.pem"
_UPSTREAM = "providers.lab-providers.svc.cluster.local"
_RELAYS = {
    "docker.io/vllm/vllm-openai:v0.6.4": 8000,
    "docker.io/ollama/ollama:0.5.4": 11434,
}
_FOREVER = "2147483647"
"""Seconds: the longest that busybox sleeps."""


def node_images(base: Layer, companions: Path) -> tuple[Image, ...]:
    """Those without which no pod of a node starts, or finds a name.

    Args:
        base: see `acceptance.lab.cluster.base.base_of`.
        companions: the program that holds CoreDNS.
    """
    coredns = Layer(
        recipe=str(companions), contents=lambda: Contents(files={"/coredns": companions})
    )
    return (
        Image(name=PAUSE, layers=(base,), entrypoint=("/bin/busybox", "sleep", _FOREVER)),
        Image(
            name="docker.io/lab/coredns:1", layers=(coredns,), entrypoint=("/coredns", "coredns")
        ),
    )


def provider_images(base: Layer, authority: Path) -> tuple[Image, ...]:
    """The emulated providers, and what relays to them in the place of the local backends.

    Args:
        base: see `acceptance.lab.cluster.base.base_of`.
        authority: folder of the providers' authority.
    """
    certificates = Layer(
        recipe=_certificate(authority),
        contents=lambda: Contents(folders={_AUTHORITY: authority}),
    )
    environment = {"PATH": PATH, "PYTHONPATH": PYTHONPATH, "PYTHONUNBUFFERED": "1"}
    providers = Image(
        name="docker.io/lab/providers:1",
        layers=(base, *imported_by("acceptance.lab.providers.__main__").layers, certificates),
        entrypoint=("python3", "-m", "acceptance.lab.providers", "--authority", _AUTHORITY),
        environment=environment,
    )
    relay = imported_by("acceptance.lab.providers.relay").layers
    return (
        providers,
        *(
            Image(
                name=name,
                layers=(base, *relay),
                entrypoint=("python3", "-m", "acceptance.lab.providers.relay", str(port), upstream),
                environment=environment,
            )
            for name, port in _RELAYS.items()
            for upstream in [f"{_UPSTREAM}:{port}"]
        ),
    )


Held = Mapping[str, tuple[Program, Environment]]
"""What an image of one of the two programs holds, by the image's name."""


def held_by(manifests: Manifests, *, cache: Path, say: Progress) -> Held:
    """What the images must hold that the manifests name: the versions of their tags.

    Raises:
        SetupError: one of them cannot be had.
    """
    built = programs_for(manifests, cache=cache, say=say)
    held = {
        plan.container["image"]: (plan.program, built(plan.requirement))
        for plan in plan_pods(manifests)
        if isinstance(plan.program, Program)
    }
    return dict(sorted(held.items()))  # the same image, whatever stands first in a file


def story_images(base: Layer, held: Held, authority: Path) -> tuple[Image, ...]:
    """All that the manifests of the story name, and the providers that LiteLLM asks.

    Args:
        base: see `acceptance.lab.cluster.base.base_of`.
        held: see `held_by`.
        authority: folder of the providers' authority.
    """
    trusted = Path(certifi.where()).read_text(encoding="utf-8") + _certificate(authority)
    certificates = Layer(recipe=trusted, contents=lambda: Contents(texts={_CERTIFICATES: trusted}))
    return (
        *provider_images(base, authority),
        *(
            _program_image(name, program, environment, below=base, above=certificates)
            for name, (program, environment) in held.items()
        ),
    )


def _program_image(
    name: str, program: Program, environment: Environment, *, below: Layer, above: Layer
) -> Image:
    folder = environment.python.parents[1]
    installed = Layer(recipe=str(folder), contents=lambda: Contents(folders={str(folder): folder}))
    entrypoint, arguments = _start(program)
    return Image(
        name=name,
        layers=(below, installed, above),
        entrypoint=entrypoint,
        arguments=arguments,
        environment={
            "PATH": f"{folder / 'bin'}:{PATH}",
            "LANG": "C.UTF-8",
            "PYTHONUNBUFFERED": "1",
            "SSL_CERT_FILE": _CERTIFICATES,
            **program.environment,
        },
    )


def _start(program: Program) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Entry point and arguments; a line of shell where they name variables.

    The kubelet puts variables into the words of a manifest, and not into those of an image.
    """
    words = (*program.command, *program.arguments)
    if not any("$(" in word for word in words):
        return program.command, program.arguments
    line = " ".join(re.sub(r"\$\((\w+)\)", r'"$\1"', word) for word in words)
    return (), ("/bin/sh", "-c", f"exec {line}")


def _certificate(authority: Path) -> str:
    return (authority / CERTIFICATE).read_text(encoding="utf-8")
