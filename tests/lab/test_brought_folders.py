"""Folders as people keep them: what is no object is skipped with a word on it, the rest is read."""

import io
import os
import re
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from acceptance.errors import SetupError
from acceptance.lab.embedded import reading
from acceptance.lab.embedded.files import PodFiles
from acceptance.lab.embedded.manifests import DEFAULT, Manifests
from acceptance.lab.embedded.network import Network
from acceptance.lab.embedded.placeholders import completed
from acceptance.lab.embedded.plan import plan_pods
from acceptance.lab.embedded.unsupported import unsupported
from acceptance.lab.embedded.upstreams import not_emulated, offers_of
from tests.odd import PLANTED, damaged

OBJECT = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n"
SKIPPED: dict[str, tuple[str, str]] = {
    "kustomization.yaml": ("resources: [x.yaml]\n", "Kustomize's own"),
    "overlay/kustomization.yml": ("kind: Kustomization\n", "`kubectl kustomize DIR`"),
    "component.yaml": ("apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n", "Kusto"),
    "Chart.yaml": ("name: x\nversion: 1\n", "`helm template DIR`"),
    "values-prod.yaml": ("image: x\n", "`helm template DIR`"),
    "templates/web.yaml": ("kind: Pod\nmetadata: {name: '{{ .x }}'}\n", "part of a Helm chart"),
    "web.yaml": ("kind: {{ .Values.kind }}\n", "a template, which is no YAML yet"),
    "docker-compose.yml": ("services: {a: {image: b}}\n", "neither Open WebUI nor LiteLLM"),
    "stack.yml": ("services: {a: {build: .}}\n", "Docker Compose's, and neither"),
    "enc.yaml": ("data: ENC[x]\nsops: {mac: x}\n", "encrypted by SOPS"),
    "main.tf": ('resource "x" "y" {}\n', "Terraform's"),
    "package.json": ('{"name": "x"}\n', "no Kubernetes object: kind is missing"),
    "broken.yaml": ("a: b: c\n", "line 1: mapping values"),
    "patch.json": ("[{op: add}]\n", "the document is list"),
}


def written(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.fixture
def no_tools(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that renders is on PATH."""
    monkeypatch.setenv("PATH", "")


@pytest.mark.usefixtures("no_tools")
@pytest.mark.parametrize("file", SKIPPED)
def test_a_file_that_is_no_object_is_named_and_stops_nothing(tmp_path: Path, file: str) -> None:
    text, why = SKIPPED[file]
    manifests = Manifests.load(written(tmp_path, **{"good.yaml": OBJECT, file: text}))

    assert len(list(manifests)) == 1
    [note] = manifests.notes
    assert note.startswith(f"skipped: {file}: ")
    assert why in note


@pytest.mark.usefixtures("no_tools")
@pytest.mark.parametrize("file", SKIPPED)
def test_where_nothing_else_is_there_it_is_an_error(tmp_path: Path, file: str) -> None:
    text, why = SKIPPED[file]
    with pytest.raises(SetupError, match=re.escape(why)) as caught:
        Manifests.load(written(tmp_path, **{file: text}))
    assert file in str(caught.value)


def test_files_of_one_kind_are_one_note(tmp_path: Path) -> None:
    folder = written(tmp_path, **{f"{n}.yaml": "a: b\n" for n in range(30)}, good=OBJECT)
    (folder / "good").rename(folder / "z.yaml")
    [note] = Manifests.load(folder).notes
    assert "and 10 more: no Kubernetes object" in note


@pytest.mark.usefixtures("no_tools")
def test_what_a_kustomization_patches_is_no_object(tmp_path: Path) -> None:
    patch = "kind: Deployment\nmetadata: {name: x}\nspec: {replicas: 2}\n"
    kustomization = "patches: [{path: ../p/a.yaml}]\npatchesStrategicMerge: [b.yaml]\n"
    files = {"o/kustomization.yaml": kustomization, "p/a.yaml": patch, "o/b.yaml": patch}
    manifests = Manifests.load(written(tmp_path, **files, **{"x.yaml": OBJECT}))
    assert [item["kind"] for item in manifests] == ["ConfigMap"]


def test_folders_of_tools_are_not_looked_into(tmp_path: Path) -> None:
    files = {".github/workflows/ci.yml": "on: push\n", "node_modules/x/y.json": "{}"}
    assert Manifests.load(written(tmp_path, **files, **{"x.yaml": OBJECT})).notes == ()


def test_what_a_run_left_in_the_folder_is_not_judged(tmp_path: Path) -> None:
    left = {"reports/allure-results/a-result.json": "{}", "reports/signoff.json": "{}"}
    assert Manifests.load(written(tmp_path, **left, **{"x.yaml": OBJECT})).notes == ()
    own = {"other/reports/a.json": "{}"}
    assert Manifests.load(written(tmp_path, **own)).notes != (), "only a run's own"


def test_an_object_that_stands_twice_is_said(tmp_path: Path) -> None:
    folder = written(tmp_path, **{"a.yaml": OBJECT, "b.yaml": OBJECT})
    [note] = Manifests.load(folder).notes
    assert note == "ConfigMap default/x is in a.yaml and in b.yaml: the last one stands"


def test_a_secret_that_sops_encrypted_is_known_by_its_keys(tmp_path: Path) -> None:
    text = "apiVersion: v1\nkind: Secret\nmetadata: {name: x}\nstringData: {A: 'ENC[AES256]'}\n"
    [item] = Manifests.load(written(tmp_path, **{"s.yaml": f"{text}sops: {{mac: x}}\n"}))
    assert (item["kind"], item["keys"]) == ("SopsSecret", ["A"])


def test_a_workload_of_somebody_else_stops_nothing(tmp_path: Path) -> None:
    wrong = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n"
    wrong += "  - {name: db, image: postgres, imagepullpolicy: x}\n"
    manifests = Manifests.load(written(tmp_path, **{"p.yaml": wrong, "x.yaml": OBJECT}))
    assert [item["kind"] for item in manifests] == ["ConfigMap"]
    assert manifests.notes == (
        (
            'Pod p: unknown field "spec.containers[0].imagepullpolicy" (p.yaml, line 6): '
            "Kubernetes would refuse it, and neither program is in it"
        ),
    )


def test_standard_input_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(OBJECT.encode())))
    assert len(list(Manifests.load(Path("-")))) == 1


def test_several_places_are_one_deployment(tmp_path: Path) -> None:
    one = written(tmp_path / "one", **{"a.yaml": OBJECT})
    two = written(tmp_path / "two", **{"b.yaml": OBJECT.replace("name: x", "name: y")})
    (two / "README.md").write_text("")
    manifests = Manifests.load(one, two)
    assert [item["metadata"]["name"] for item in manifests] == ["x", "y"]
    assert manifests.readme == str(two / "README.md")


def test_a_pipe_and_a_device_are_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "zero.yaml").symlink_to("/dev/zero")
    written(tmp_path, **{"x.yaml": OBJECT})
    [note] = Manifests.load(tmp_path).notes
    assert "pipe.yaml, zero.yaml: unreadable: no regular file" in note
    with pytest.raises(SetupError, match="no regular file"):
        Manifests.load(tmp_path / "pipe.yaml")


@pytest.mark.parametrize(
    ("limit", "value"), [("_MOST_BYTES", 10), ("_MOST_FILES", 1), ("_MOST_DOCUMENTS", 1)]
)
def test_there_is_a_limit_and_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, value: int
) -> None:
    monkeypatch.setattr(reading, limit, value)
    with pytest.raises(SetupError, match="more than the lab reads"):
        Manifests.load(written(tmp_path, **{"a.yaml": OBJECT, "b.yaml": f"{OBJECT}---\n{OBJECT}"}))


STORY = "\n---\n".join(file.read_text() for file in sorted(DEFAULT.glob("*.yaml")))


@settings(max_examples=60)
@given(data=st.data())
def test_a_damaged_manifest_is_read_or_refused(tmp_path: Path, data: st.DataObject) -> None:
    words = [*re.finditer(r"[A-Za-z0-9_.$()/-]+", STORY)]
    word = data.draw(st.sampled_from(words))
    others = st.one_of(
        st.text(max_size=20),
        st.sampled_from(["null", "[]", "{}", "-1", "1e9", "true", "'\\0'", '"\\0"', "!!binary x"]),
        st.sampled_from([other.group() for other in words]),
    )
    text = f"{STORY[: word.start()]}{data.draw(others)}{STORY[word.end() :]}"
    _read_or_refused(tmp_path, text)


OTHERS: list[dict[str, Any]] = [
    {
        "kind": "ExternalSecret",
        "metadata": {"name": "open-webui", "namespace": "apps"},
        "spec": {
            "target": {"name": "given", "template": {"data": {"a": "b"}}},
            "data": [{"secretKey": "a"}],
        },
    },
    {"kind": "SealedSecret", "metadata": {"name": "s"}, "spec": {"encryptedData": {"a": "b"}}},
    {"kind": "Secret", "metadata": {"name": "e"}, "data": {"a": "ENC[x]"}, "sops": {}},
    {"kind": "HelmRelease", "metadata": {"name": "h"}, "spec": {"values": {"a": [1]}}},
]
OBJECTS: list[dict[str, Any]] = [
    *(item for item in yaml.safe_load_all(STORY) if item["kind"] != "Namespace"),
    *OTHERS,
]


@settings(max_examples=80)
@given(data=st.data())
def test_an_object_of_any_shape_is_read_or_refused(tmp_path: Path, data: st.DataObject) -> None:
    chosen = data.draw(st.integers(0, len(OBJECTS) - 1))
    changed = data.draw(damaged(OBJECTS[chosen]))
    beside = [item for item in OBJECTS if item["kind"] in {"Deployment", "StatefulSet"}]
    text = yaml.safe_dump_all([*beside, changed], allow_unicode=True)
    _read_or_refused(tmp_path, text)


def _read_or_refused(folder: Path, text: str) -> None:
    """Everything that is done with manifests before a program is started."""
    file = folder / "story.yaml"
    file.write_bytes(text.encode(errors="surrogatepass"))
    try:
        manifests = completed(Manifests.load(file))
        manifests.secrets()
        plans = plan_pods(manifests)
        unsupported(manifests)
        offers_of(manifests, plans)
        not_emulated(manifests, plans)
        Network(manifests, {"api.example.com": 1}).write(folder / "table", plans, {}, silent=2)
        for plan in plans:
            if plan.given and not plan.missing:
                files = PodFiles(folder / "pod", plan)
                files.lay()
                for name in plan.given.variables:
                    files.value(name, plan.environment[name].value.reveal())
    except SetupError as error:
        assert PLANTED not in str(error)  # noqa: PT017  # whether it is raised is left open
