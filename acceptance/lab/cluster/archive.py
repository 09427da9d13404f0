"""Container images as `docker save` writes them, for every engine that can load those.

Source: github.com/moby/docker-image-spec, v1.2.
"""

import hashlib
import json
import platform
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from acceptance.lab.cluster.layers import Layer, add

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Image:
    """A container image that is made here."""

    name: str
    """Repository and tag, as containerd spells them: with the registry's host."""
    layers: tuple[Layer, ...]
    """From the bottom."""
    entrypoint: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """Of all that it depends on; known without making it."""
        parts = (self.name, self.entrypoint, self.arguments, sorted(self.environment.items()))
        recipe = repr((*parts, [layer.recipe for layer in self.layers]))
        return hashlib.sha256(recipe.encode()).hexdigest()


def write_archive(images: Iterable[Image], archive: Path) -> None:
    """Write the images into one archive, in which they share their layers."""
    written = dict[str, str]()
    manifests = list[Mapping[str, object]]()
    with tarfile.open(archive, mode="w") as tar:
        for image in images:
            for layer in image.layers:
                if layer.recipe not in written:
                    written[layer.recipe] = _add_layer(tar, layer, archive.with_suffix(".layer"))
            digests = [written[layer.recipe] for layer in image.layers]
            config = json.dumps(_config(image, digests)).encode()
            name = f"{hashlib.sha256(config).hexdigest()}.json"
            add(tar, name, config)
            manifests.append(
                {
                    "Config": name,
                    "RepoTags": [image.name],
                    "Layers": [f"{digest}.tar" for digest in digests],
                }
            )
        add(tar, "manifest.json", json.dumps(manifests).encode())


def _add_layer(tar: tarfile.TarFile, layer: Layer, draft: Path) -> str:
    try:
        digest = layer.contents().write(draft)
        tar.add(draft, arcname=f"{digest}.tar")
    finally:
        draft.unlink(missing_ok=True)
    return digest


def _config(image: Image, digests: Iterable[str]) -> Mapping[str, object]:
    machine = platform.machine()
    return {
        "architecture": _ARCHITECTURES.get(machine, machine),
        "os": "linux",
        "config": {
            "Env": [f"{name}={value}" for name, value in image.environment.items()],
            "Entrypoint": list(image.entrypoint),
            "Cmd": list(image.arguments),
            "WorkingDir": "/",
        },
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}" for digest in digests]},
    }
