"""The images are those that the manifests name, and start as the real ones do."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from unittest.mock import patch

import pytest
import yaml

from acceptance.lab.cluster.archive import Image
from acceptance.lab.cluster.base import base_of
from acceptance.lab.cluster.images import PAUSE, Held, held_by, node_images, story_images
from acceptance.lab.cluster.project import imported_by
from acceptance.lab.embedded import lab
from acceptance.lab.embedded.manifests import DEFAULT, Manifests
from acceptance.lab.embedded.plan import of_versions
from acceptance.lab.environments import LITELLM, OPEN_WEBUI, Environment
from acceptance.lab.providers.authority import keep_authority

_ROOT = Path(__file__).parents[3]
_PROVIDERS = _ROOT / "acceptance/lab/cluster/providers.yaml"


@pytest.fixture
def images(tmp_path: Path) -> Mapping[str, Image]:
    """All images, by the names that manifests use."""
    held = _held(Manifests.load(DEFAULT), tmp_path)
    keep_authority(tmp_path / "authority")
    base = base_of(environment for _, environment in held.values())
    made = (
        *node_images(base, tmp_path / "companions"),
        *story_images(base, held, tmp_path / "authority"),
    )
    return {image.name.removeprefix("docker.io/"): image for image in made}


def _held(manifests: Manifests, folder: Path) -> Held:
    """As if everything could be had."""

    def built(requirements: Iterable[str], **_: object) -> Mapping[str, Environment]:
        return {
            each: Environment(
                program=LITELLM if each.startswith("litellm") else OPEN_WEBUI,
                python=folder / each / "bin" / "python",
                version=each.partition("==")[2],
            )
            for each in requirements
        }

    with patch.object(lab, "ensure_all", built):
        return held_by(manifests, cache=folder, say=print)


def _named(manifests: Manifests) -> set[str]:
    return {
        container["image"]
        for item in manifests.of_kind("Deployment", "StatefulSet")
        for container in item["spec"]["template"]["spec"]["containers"]
    }


def test_the_manifests_name_the_images_that_are_made(images: Mapping[str, Image]) -> None:
    files = [_PROVIDERS, _ROOT / "dev/node/coredns.yaml"]
    others = [item for file in files for item in yaml.safe_load_all(file.read_text())]
    named = _named(Manifests.load(DEFAULT)) | _named(Manifests(others))

    assert named | {PAUSE.removeprefix("docker.io/")} == set(images)


def test_another_pair_s_images_have_its_tags_and_hold_its_environments(tmp_path: Path) -> None:
    pair = of_versions(Manifests.load(DEFAULT), {"open-webui": "0.11.4", "litellm": "1.100.5"})
    held = _held(pair, tmp_path)

    assert {
        name: environment.python.parents[1].name for name, (_, environment) in held.items()
    } == {
        "ghcr.io/open-webui/open-webui:v0.11.4": "open-webui==0.11.4",
        "ghcr.io/berriai/litellm:v1.100.5": "litellm==1.100.5",
    }
    assert set(held) <= _named(pair)


def test_the_programs_find_their_commands_and_trust_the_providers(
    images: Mapping[str, Image], tmp_path: Path
) -> None:
    for name, folder in (
        ("ghcr.io/berriai/litellm:main-v1.106.2-stable", "litellm"),
        ("ghcr.io/open-webui/open-webui:0.12.4-slim", "open-webui"),
    ):
        image = images[name]
        trusted = image.layers[-1].contents().texts[image.environment["SSL_CERT_FILE"]]
        assert image.environment["PATH"].startswith(f"{tmp_path / folder / 'bin'}:")
        assert trusted.endswith((tmp_path / "authority" / "ca.pem").read_text())
        assert trusted.count("BEGIN CERTIFICATE") > 100, "the public authorities too"


def test_arguments_of_a_manifest_follow_the_entry_point_of_the_gateway(
    images: Mapping[str, Image],
) -> None:
    assert images["ghcr.io/berriai/litellm:main-v1.106.2-stable"].entrypoint == ("litellm",)


def test_a_port_that_a_manifest_sets_is_seen_by_open_webui(images: Mapping[str, Image]) -> None:
    image = images["ghcr.io/open-webui/open-webui:0.12.4-slim"]

    assert image.arguments == (
        "/bin/sh",
        "-c",
        'exec open-webui serve --host 0.0.0.0 --port "$PORT"',
    )
    assert image.environment["PORT"] == "8080"


def test_the_local_backends_relay_to_the_emulated_providers(images: Mapping[str, Image]) -> None:
    ports = {
        item["name"]: item["port"]
        for manifest in yaml.safe_load_all(_PROVIDERS.read_text())
        if manifest["kind"] == "Service" and manifest["metadata"]["name"] == "providers"
        for item in manifest["spec"]["ports"]
    }
    for name, image in (("vllm", "vllm/vllm-openai:v0.6.4"), ("ollama", "ollama/ollama:0.5.4")):
        port = ports[name]
        upstream = f"providers.lab-providers.svc.cluster.local:{port}"
        assert images[image].entrypoint[-2:] == (str(port), upstream)


def test_a_new_authority_makes_new_images_of_those_that_know_it(tmp_path: Path) -> None:
    held = _held(Manifests.load(DEFAULT), tmp_path)
    base = base_of(environment for _, environment in held.values())
    for name in ("one", "two"):
        keep_authority(tmp_path / name)

    one, two = (story_images(base, held, tmp_path / name) for name in ("one", "two"))

    changed = {a.name for a, b in zip(one, two, strict=True) if a.digest != b.digest}
    assert {re.sub(r".*/|:.*", "", name) for name in changed} == {
        *("providers", "litellm", "open-webui")
    }


def test_a_relay_needs_nothing_but_python() -> None:
    relay = imported_by("acceptance.lab.providers.relay")

    assert relay.packages == ()
    assert [file.name for file in relay.own] == [*["__init__.py"] * 3, "relay.py", "relay.py"]


def test_the_providers_take_their_packages_along() -> None:
    providers = imported_by("acceptance.lab.providers.__main__")

    assert {"starlette", "trustme", "uvicorn"} <= {path.name for path in providers.packages}
    assert not any("tests" in path.parts for path in providers.own)
