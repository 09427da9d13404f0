"""Kustomizations are rendered from what the folder holds, and from nothing else."""

import os
import shutil
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from acceptance.errors import SetupError
from acceptance.lab.embedded.manifests import Manifests
from tests.odd import PLANTED, damaged

pytestmark = pytest.mark.skipif(
    not (shutil.which("kubectl") or shutil.which("kustomize")),
    reason="neither kubectl nor kustomize is on PATH, and nothing else renders",
)
POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "web"},
    "spec": {"containers": [{"name": "c", "image": "ghcr.io/open-webui/open-webui:main"}]},
}


def folder(place: Path, **files: object) -> Path:
    """Files by their paths, `__` for a slash; kustomizations are `k`, and a Pod is `pod`."""
    for name, content in files.items():
        path = name.replace("__", "/")
        path = f"{path.removesuffix('k')}kustomization" if path.endswith("k") else path
        file = place / f"{path}.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    return place


def test_what_is_not_in_the_folder_is_left_out_and_said(tmp_path: Path) -> None:
    folder(tmp_path, outside={**POD, "metadata": {"name": PLANTED}})
    entries = [
        "pod.yaml",
        "https://x.example/a.yaml",
        "github.com/o/r//d?ref=v1",
        "../outside.yaml",
    ]
    place = folder(
        tmp_path / "f",
        pod=POD,
        k={
            "resources": [*entries, "absent.yaml", str(tmp_path / "outside.yaml")],
            "patches": [{"path": "absent.yaml"}],
            "helmCharts": [{"name": "x", "repo": "https://x.example"}],
            "configMapGenerator": [{"name": "c", "files": ["a=../outside.yaml"]}],
        },
    )
    manifests = Manifests.load(place)
    assert [item["metadata"]["name"] for item in manifests] == ["web"]
    said = "\n".join(manifests.notes)
    assert said.count("it is fetched from the internet") == 2
    assert said.count("it is not in this folder") == 5
    assert "helmCharts is left out: a chart, which Helm fetches" in said


def test_nobody_is_asked_however_the_field_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[str] = []
    real = subprocess.run

    def watched(command: list[str], **options: Any) -> object:  # noqa: ANN401  # as run takes
        given.append((Path(command[-1]) / "kustomization.yaml").read_text())
        proxies = {"HTTP_PROXY", "HTTPS_PROXY"}
        assert set(options["env"]) == {"PATH", "HOME", "KUBECONFIG", *proxies}
        return real(command, **options)

    monkeypatch.setattr(subprocess, "run", watched)
    text = "Resources: [pod.yaml, 'https://x.example/a.yaml']\nRESOURCES: ['git@x.example:a/b']\n"
    Manifests.load(folder(tmp_path, pod=POD, k=text))
    assert given
    assert "x.example" not in given[0]


HOW: dict[str, Callable[[str], str]] = {
    "another case within": lambda url: f"patches: [{{Path: '{url}'}}]",
    "a file of a generator": lambda url: f"configMapGenerator: [{{name: x, FILES: ['a={url}']}}]",
    "an environment": lambda url: f"secretGenerator: [{{name: x, Envs: ['{url}']}}]",
    "a replacement": lambda url: f"replacements: [{{PATH: '{url}'}}]",
    "a long s": lambda url: f"configuration\u017f: ['{url}']",
    "a long s in its place": lambda url: f"re\u017fource\u017f: [pod.yaml, '{url}']",
    "a scheme in upper case": lambda url: f"crds: ['{url.replace('http', 'HTTP')}']",
    "a folder of that name": lambda url: f"bases: ['{url}']",
    "a component": lambda url: f"components: ['{url}']",
}


@pytest.mark.parametrize("how", HOW.values(), ids=HOW)
def test_nothing_is_fetched_however_it_is_named(tmp_path: Path, how: Callable[[str], str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        host = f"127.0.0.1:{listener.getsockname()[1]}"
        text = f"resources: [pod.yaml]\n{how(f'http://{host}/x')}\n"
        (tmp_path / "http:" / host / "x").mkdir(parents=True)  # so that the path is there
        (tmp_path / "http:" / host / "x" / "kustomization.yaml").write_text("resources: []\n")
        try:
            Manifests.load(folder(tmp_path, pod=POD, k=text))
        except SetupError as error:
            assert host in str(error)  # noqa: PT017  # several kustomizations may be there
        listener.settimeout(0)
        with pytest.raises(BlockingIOError):
            listener.accept()


def test_the_tool_finds_no_way_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_command: list[str], **options: Any) -> object:  # noqa: ANN401  # as run takes
        assert options["env"]["HTTP_PROXY"] == options["env"]["HTTPS_PROXY"] == "http://127.0.0.1:9"
        return subprocess.CompletedProcess([], 1, "", "error: no\n# Warning: old\n")

    monkeypatch.setattr(subprocess, "run", refused)
    notes = Manifests.load(folder(tmp_path, pod=POD, k={"resources": ["pod.yaml"]})).notes
    assert "kustomization.yaml: cannot be rendered: error: no" in notes


@pytest.mark.parametrize(
    "text",
    [
        "patches: 5\n",
        "patches: true\npatchesStrategicMerge: [[a]]\n",
        "patchesJson6902: {a: b}\n",
        f"components: [{'a' * 5000}]\n",
        'resources: ["a\\0b"]\n',
    ],
)
def test_a_kustomization_of_any_shape_is_rendered_or_said(tmp_path: Path, text: str) -> None:
    loaded = Manifests.load(folder(tmp_path, pod=POD, k=text))
    assert [item["metadata"]["name"] for item in loaded] == ["web"]
    assert "kustomization.yaml: " in loaded.notes[0]


@settings(max_examples=10)
@given(data=st.data())
def test_a_kustomization_of_any_shape_asks_nobody(tmp_path: Path, data: st.DataObject) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/x"
        whole = {
            "resources": ["pod.yaml", url],
            "patches": [{"path": url}, {"patch": url}],
            "replacements": [{"path": url}],
            "configMapGenerator": [{"name": "c", "files": [f"a={url}"], "envs": [url]}],
            "components": [url],
            "openapi": {"path": url},
            "helmCharts": [{"name": "x", "repo": url}],
        }
        try:
            Manifests.load(folder(tmp_path, pod=POD, k=data.draw(damaged(whole))))
        except SetupError as error:
            assert PLANTED not in str(error)  # noqa: PT017  # whether it is raised is left open
        listener.settimeout(0)
        with pytest.raises(BlockingIOError):
            listener.accept()


def test_no_link_leads_outside(tmp_path: Path) -> None:
    folder(
        tmp_path / "outside",
        pod={**POD, "metadata": {"name": PLANTED}},
        k={"resources": ["pod.yaml"]},
    )
    place = folder(tmp_path / "f", pod=POD, k={"resources": ["pod.yaml", "link.yaml", "linked"]})
    (place / "link.yaml").symlink_to(tmp_path / "outside" / "pod.yaml")
    (place / "linked").symlink_to(tmp_path / "outside")
    assert PLANTED not in str(list(Manifests.load(place)))


def test_of_two_overlays_one_has_to_be_named(tmp_path: Path) -> None:
    base = {"resources": ["../base"]}
    place = folder(
        tmp_path, base__pod=POD, base__k={"resources": ["pod.yaml"]}, home__k=base, work__k=base
    )
    with pytest.raises(SetupError, match=f"--manifests={place}/(home|work)"):
        Manifests.load(place)


def test_a_component_may_be_shared(tmp_path: Path) -> None:
    uses = {"resources": ["pod.yaml"], "components": ["../common"]}
    common = {
        "apiVersion": "kustomize.config.k8s.io/v1alpha1",
        "kind": "Component",
        "commonAnnotations": {"a": "b"},
    }
    other = {**POD, "metadata": {"name": "other"}}
    place = folder(tmp_path, common__k=common, a__k=uses, a__pod=POD, b__k=uses, b__pod=other)
    loaded = Manifests.load(place)
    assert {item["metadata"]["name"] for item in loaded} == {"web", "other"}
    assert all(item["metadata"]["annotations"] == {"a": "b"} for item in loaded)


def test_what_it_does_not_list_is_not_applied(tmp_path: Path) -> None:
    other = {**POD, "metadata": {"name": "other"}}
    loaded = Manifests.load(folder(tmp_path, pod=POD, old=other, k={"resources": ["pod.yaml"]}))
    assert [item["metadata"]["name"] for item in loaded] == ["web"]
    assert "skipped: old.yaml: no kustomization lists it" in loaded.notes


def test_where_it_brings_neither_program_the_files_are_read(tmp_path: Path) -> None:
    loaded = Manifests.load(folder(tmp_path, pod=POD, k={"resources": ["absent.yaml"]}))
    assert [item["metadata"]["name"] for item in loaded] == ["web"]


def test_where_the_top_brings_neither_program_the_others_are_rendered(tmp_path: Path) -> None:
    flux = {"apiVersion": "x/v1", "kind": "Kustomization", "metadata": {"name": "app"}}
    app = {"resources": ["pod.yaml"], "namespace": "ai"}
    place = folder(tmp_path, ks=flux, k={"resources": ["ks.yaml"]}, app__k=app, app__pod=POD)
    [web] = [item for item in Manifests.load(place) if item["kind"] == "Pod"]
    assert web["metadata"] == {"name": "web", "namespace": "ai"}


def test_what_cannot_be_rendered_stops_nothing(tmp_path: Path) -> None:
    place = folder(tmp_path, a__k={"resources": ["x.yaml"]}, a__x="a: b\n", b__pod=POD)
    loaded = Manifests.load(place)
    assert [item["metadata"]["name"] for item in loaded] == ["web"]
    assert any("a/kustomization.yaml: cannot be rendered" in note for note in loaded.notes)
    assert str(os.sep + "tmp") not in "".join(loaded.notes)
