"""What Flux and Argo CD apply of a folder: its files are read, and nothing is left to render."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from acceptance.errors import SetupError
from acceptance.lab.embedded.manifests import Manifests
from acceptance.lab.embedded.unsupported import unsupported
from acceptance.shipped import judging

POD: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "web"},
    "spec": {"containers": [{"name": "web", "image": "ghcr.io/open-webui/open-webui:v0.12.4"}]},
}


def application(source: dict[str, Any], **more: object) -> dict[str, Any]:
    destination = {"server": "https://kubernetes.default.svc", "namespace": "chat"}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": "web", "namespace": "argocd"},
        "spec": {"source": source, "destination": destination, **more},
    }


def loaded(place: Path, installer: dict[str, Any], *pods: dict[str, Any]) -> Manifests:
    for path, documents in (("argo/web.yaml", (installer,)), ("apps/web/all.yaml", pods)):
        (place / path).parent.mkdir(parents=True, exist_ok=True)
        (place / path).write_text(yaml.safe_dump_all(documents))
    return Manifests.load(place)


def test_what_names_no_namespace_is_put_into_the_application_s(tmp_path: Path) -> None:
    elsewhere = {**POD, "metadata": {"name": "other", "namespace": "own"}}
    wide = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "chat"}}
    source = {"repoURL": "https://git.example/lab.git", "path": "apps/web"}
    manifests = loaded(tmp_path, application(source), POD, elsewhere, wide)
    assert {item["metadata"]["name"]: item["metadata"].get("namespace") for item in manifests} == {
        "web": "chat",
        "other": "own",
        "chat": None,
    }


def test_an_application_of_one_of_several_sources_is_read(tmp_path: Path) -> None:
    sources = [{"repoURL": "https://charts.example", "chart": "x"}, {"path": "./apps/web/"}]
    manifests = loaded(tmp_path, application({}, sources=sources), POD)
    assert [item["metadata"].get("namespace") for item in manifests] == ["chat"]


def test_nothing_is_to_be_rendered_of_an_application_whose_files_are_here(tmp_path: Path) -> None:
    manifests = loaded(tmp_path, application({"path": "apps/web"}), POD)
    assert unsupported(manifests) == ()


def test_nor_has_a_kustomization_of_flux_no_effect(tmp_path: Path) -> None:
    flux = {
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
        "kind": "Kustomization",
        "metadata": {"name": "apps", "namespace": "flux-system"},
        "spec": {"path": "./apps"},
    }
    assert unsupported(loaded(tmp_path, flux, POD)) == ()


def test_what_an_application_fetches_is_still_to_be_rendered(tmp_path: Path) -> None:
    for source in ({"path": "deploy/elsewhere"}, {"chart": "open-webui", "path": "apps/web"}):
        [line] = unsupported(loaded(tmp_path, application(source), POD))
        assert line.startswith("Application argocd/web installs a chart")


def test_a_release_that_a_kustomization_lists_is_rendered_once_and_into_the_folder(
    tmp_path: Path,
) -> None:
    chart = {"url": "oci://charts.example/app", "ref": {"tag": "4.4.0"}}
    release = {
        "apiVersion": "helm.toolkit.fluxcd.io/v2",
        "kind": "HelmRelease",
        "metadata": {"name": "chat"},
        "spec": {"chartRef": {"kind": "OCIRepository", "name": "chat"}, "values": {}},
    }
    repository = {
        "apiVersion": "source.toolkit.fluxcd.io/v1",
        "kind": "OCIRepository",
        "metadata": {"name": "chat"},
        "spec": chart,
    }
    flux = {
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
        "kind": "Kustomization",
        "metadata": {"name": "chat"},
        "spec": {"path": "./chat/app", "targetNamespace": "ai"},
    }
    for path, document in (
        ("chat/ks.yaml", flux),
        ("chat/app/release.yaml", release),
        ("chat/app/repository.yaml", repository),
        ("chat/app/kustomization.yaml", {"resources": ["release.yaml", "repository.yaml"]}),
    ):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(yaml.safe_dump(document))
    with pytest.raises(SetupError) as caught:
        Manifests.load(tmp_path)
    said = str(caught.value)
    assert said.count("helm template chat oci://charts.example/app --version 4.4.0") == 1
    assert "spec.values' chat/app/release.yaml |" in said
    assert f"> chat/app/rendered-chat.yaml; then `{judging(str(tmp_path))}`" in said
    assert "the last one stands" not in said

    (tmp_path / "chat/app/rendered-chat.yaml").write_text(yaml.safe_dump(POD))
    [web] = [item for item in Manifests.load(tmp_path) if item["kind"] == "Pod"]
    assert web["metadata"] == {"name": "web", "namespace": "ai"}, "as Flux does it"


def test_nothing_is_to_be_rendered_of_a_release_that_is(tmp_path: Path) -> None:
    release = {
        "apiVersion": "helm.toolkit.fluxcd.io/v2",
        "kind": "HelmRelease",
        "metadata": {"name": "web"},
        "spec": {"chart": {"spec": {"chart": "open-webui"}}},
    }
    [line] = unsupported(loaded(tmp_path, {**release, "metadata": {"name": "other"}}, POD))
    assert "render it here with `yq" in line
    assert unsupported(loaded(tmp_path, release, POD)) == ()


def flux(name: str, path: str, **spec: object) -> dict[str, Any]:
    return {
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
        "kind": "Kustomization",
        "metadata": {"name": name, "namespace": "flux-system"},
        "spec": {"path": path, **spec},
    }


@pytest.mark.parametrize(
    ("above", "zone"),
    [
        (None, "Etc/UTC"),  # what applies it may give it variables: made up
        (flux("cluster", "./argo"), "${TZ}"),  # and does not
        (
            flux(
                "cluster",
                "./argo",
                patches=[
                    {
                        "patch": "kind: Kustomization\nmetadata: {name: x}\n"
                        "spec: {postBuild: {substitute: {TZ: Europe/Bern}}}\n",
                        "target": {"kind": "Kustomization"},
                    }
                ],
            ),
            "Europe/Bern",
        ),
    ],
)
def test_variables_come_from_what_applies_a_kustomization(
    tmp_path: Path, above: dict[str, Any] | None, zone: str
) -> None:
    container = {**POD["spec"]["containers"][0], "env": [{"name": "TZ", "value": "${TZ}"}]}
    pod = {**POD, "spec": {"containers": [container]}}
    if above:
        (tmp_path / "cluster.yaml").write_text(yaml.safe_dump(above))
    [web] = [item for item in loaded(tmp_path, flux("web", "./apps"), pod) if item["kind"] == "Pod"]
    assert web["spec"]["containers"][0]["env"][0]["value"] == zone
