"""Files that hold no manifests, and some that look odd and do: none is quoted."""

import re
import time
from pathlib import Path

import pytest

from acceptance.errors import SetupError
from acceptance.lab.embedded.manifests import Manifests
from acceptance.lab.embedded.unsupported import unsupported

KEY = "sk-planted-0123456789"
FILES: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "without any"),
    "empty documents": (b"---\n---\n# nothing\n---\n", "without any"),
    "a tab": (b"kind: Pod\n\tmetadata: x\n", "line 2: found character"),
    "no YAML": (f"key: {KEY}: {KEY}\n".encode(), "line 1: mapping values are not allowed"),
    "an open quote": (f'key: "{KEY}\n'.encode(), "line 2: found unexpected end of stream"),
    "a template": (b"kind: {{ .Values.kind }}\n", "line 1"),
    "binary": (b"\x00\x01\x02\xff\xfe", "bytes that are no text"),
    "control characters": (b"kind: \x07Pod\n", "bytes that are no text"),
    "another encoding": ("kind: Pöd\n".encode("latin-1"), "bytes that are no text"),
    "UTF-16": ("kind: Pod\n".encode("utf-16"), "bytes that are no text"),
    "a Python object": (b"!!python/object/apply:os.system ['true']", "line 1: could not determine"),
    "an unknown alias": (b"a: *b\n", "line 1: found undefined alias"),
    "a key that is a list": (b"? [a]\n: b\n? {c: d}\n: e\n", "line 1: found unhashable key"),
    "a number without end": (b"kind: " + b"9" * 5000 + b"\n", "ValueError"),
    "deep nesting": (b"[" * 5000, "RecursionError"),
    "a bomb of aliases": (
        b"a: &a [x,x,x,x,x,x,x,x,x,x]\n"
        + b"".join(
            f"{name}: &{name} [{','.join([f'*{before}'] * 10)}]\n".encode()
            for before, name in zip("abcdefgh", "bcdefghi", strict=True)
        ),
        "kind is missing",
    ),
    "a bomb of merge keys": (
        b"a: &a {" + b",".join(b"k%d: 1" % number for number in range(10)) + b"}\n"
        + b"".join(
            f"{name}: &{name}\n  <<: [{','.join([f'*{before}'] * 10)}]\n".encode()
            for before, name in zip("abcdefgh", "bcdefghi", strict=True)
        ),
        "merge keys multiply",
    ),
    "a list that holds itself": (b"&a [*a]\n", "the document is list, not an object"),
    "a text": (KEY.encode(), "the document is str, not an object"),
    "a list": (f"- {KEY}\n".encode(), "the document is list, not an object"),
    "no kind": (b"metadata: {name: x}\n", "kind is missing"),
    "a kind that is a list": (b"kind: [Pod]\nmetadata: {name: x}\n", "kind is list"),
    "no metadata": (b"kind: Pod\n", "metadata is missing"),
    "metadata of nothing": (b"kind: Pod\nmetadata: {}\n", "metadata.name is missing"),
    "a name that is a number": (b"kind: Pod\nmetadata: {name: 5}\n", "metadata.name is int"),
    "a name that is a mapping": (b"kind: Pod\nmetadata: {name: {a: b}}\n", "metadata.name is dict"),
    "a namespace that is a path": (
        b"kind: ConfigMap\nmetadata: {name: x, namespace: ../x}\n", "metadata.namespace is str, not"
    ),
    "items that are none": (b"kind: List\nitems: 5\n", "items of a List that are no list"),
    "items of texts": (b"kind: List\nitems: [a, b]\n", "the document is str, not an object"),
    "an empty List": (b"kind: List\nitems: []\n", "without any"),
    "a wrong item of a typed list": (
        b"kind: ConfigMapList\nitems: [{kind: ConfigMap, metadata: {name: x}, data: [1]}]\n",
        "ConfigMap x: data is list",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("content", "found"), FILES.values(), ids=FILES.keys())
def test_a_file_that_holds_no_objects(tmp_path: Path, content: bytes, found: str) -> None:
    file = tmp_path / "odd.yaml"
    file.write_bytes(content)
    with pytest.raises(SetupError, match=re.escape(found)) as caught:
        Manifests.load(tmp_path)
    assert str(tmp_path) in str(caught.value)
    assert KEY not in str(caught.value)


def test_a_secret_that_is_not_base64(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(f"kind: Secret\nmetadata: {{name: s}}\ndata: {{A: {KEY}}}\n")
    with pytest.raises(
        SetupError, match=r"Secret default/s.*\n.*\n.*data.A is not base64"
    ) as caught:
        Manifests.load(tmp_path).secrets()
    assert "Secret default/s" in str(caught.value)
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("name", ["nowhere", "folder.yaml"])
def test_a_place_that_is_no_file(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder.yaml").mkdir()
    with pytest.raises(SetupError) as caught:
        Manifests.load(tmp_path if name == "folder.yaml" else tmp_path / name)
    assert name in str(caught.value)


@pytest.mark.parametrize("piece", ["{{ ", "<% ", "${A"])
def test_looking_for_templates_takes_time_by_the_text_alone(tmp_path: Path, piece: str) -> None:
    (tmp_path / "odd.yaml").write_text(f"kind: [\n{piece * 100_000}")
    started = time.process_time()
    with pytest.raises(SetupError):
        Manifests.load(tmp_path)
    assert time.process_time() - started < 20


HEALTHY: dict[str, tuple[str, int]] = {
    "a List": ("kind: List\nitems: [{kind: ConfigMap, metadata: {name: x}}]\n", 1),
    "a typed list": ("kind: ConfigMapList\nitems: [{kind: ConfigMap, metadata: {name: x}}]\n", 1),
    "an anchor": ("kind: ConfigMap\nmetadata: {name: &n x}\ndata: {a: *n}\n", 1),
    "a merge key": ("kind: Secret\nmetadata: {name: x, labels: {<<: {a: b}}}\n", 1),
    "a name that looks like a date": ("kind: ConfigMap\nmetadata: {name: 2024-01-01}\n", 1),
    "a value that looks like a date": (
        "kind: ConfigMap\nmetadata: {name: x}\ndata: {AZURE_API_VERSION: 2024-02-01, T: 12:30}\n",
        1,
    ),
    "an unknown kind": ("kind: Widget\nmetadata: {name: x}\nspec: [1, 2]\n", 1),
    "two of a name": (
        "kind: Secret\nmetadata: {name: x}\n---\nkind: Secret\nmetadata: {name: x}",
        1,
    ),
    "a Windows file": ("kind: Secret\r\nmetadata:\r\n  name: x\r\n", 1),
    "a byte order mark": ("\ufeffkind: Secret\nmetadata: {name: x}\n", 1),
}


@pytest.mark.parametrize(("text", "count"), HEALTHY.values(), ids=HEALTHY.keys())
def test_what_kubernetes_takes(tmp_path: Path, text: str, count: int) -> None:
    (tmp_path / "good.yaml").write_bytes(text.encode())
    assert len(list(Manifests.load(tmp_path))) == count


LEGAL: dict[str, tuple[str, str]] = {
    "no selector": ("spec: {ports: [{port: 80}]}", "Service default/x selects nothing"),
    "an outside name": ("spec: {type: ExternalName, externalName: a.b}", "ExternalName is not"),
}


@pytest.mark.parametrize(("spec", "line"), LEGAL.values(), ids=LEGAL.keys())
def test_what_the_lab_does_not_do_is_said(tmp_path: Path, spec: str, line: str) -> None:
    (tmp_path / "x.yaml").write_text(
        f"apiVersion: v1\nkind: Service\nmetadata: {{name: x}}\n{spec}\n"
    )
    [said] = unsupported(Manifests.load(tmp_path))
    assert line in said
