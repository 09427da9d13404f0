"""Kubernetes objects from files, and how to find them."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from domain.errors import SetupError
from domain.kubernetes import Manifest, data_of
from domain.message import explain
from domain.secret import Secret

DEFAULT = Path(__file__).parent.parent / "manifests"
_DEFAULT_NAMESPACE = "default"


class Manifests:
    """Objects as one would apply them; of two with the same name the last stands."""

    def __init__(self, objects: Iterable[Manifest], *, readme: str = "") -> None:
        self.readme = readme
        """Path of the README beside the files; empty where there is none."""
        self._objects = {
            (item["kind"], namespace_of(item), item["metadata"]["name"]): item for item in objects
        }

    @classmethod
    def load(cls, folder: Path) -> "Manifests":
        """Every object of every YAML file under the folder (or of one file), in name order.

        Raises:
            SetupError: the folder is missing or empty, or a file is not a list of objects.
        """
        files = [folder] if folder.is_file() else sorted(folder.rglob("*.y*ml"))
        if not files:
            raise SetupError(
                explain(
                    "There are no manifests to try.",
                    expected="a folder with YAML files of Kubernetes objects",
                    found="no .yaml file" if folder.is_dir() else "no such folder",
                    where=str(folder),
                    fix="pass --manifests DIR",
                )
            )
        readme = folder / "README.md"
        return cls(
            (item for file in files for item in _objects_in(file)),
            readme=str(readme) if readme.is_file() else "",
        )

    def __iter__(self) -> Iterator[Manifest]:
        return iter(self._objects.values())

    def of_kind(self, *kinds: str) -> Iterator[Manifest]:
        """All objects of these kinds."""
        return (item for item in self if item["kind"] in kinds)

    def get(self, kind: str, namespace: str, name: str) -> Manifest | None:
        """The object of that name, or None."""
        return self._objects.get((kind, namespace, name))

    def data(self, kind: str, namespace: str, name: str) -> Mapping[str, str] | None:
        """The data of a ConfigMap or Secret, or None if it does not exist.

        Raises:
            SetupError: a value is not what its kind allows.
        """
        manifest = self.get(kind, namespace, name)
        try:
            return data_of(manifest) if manifest else None
        except ValueError as error:
            raise SetupError(
                explain(
                    f"{kind} {namespace}/{name} cannot be read.",
                    expected="base64 of text under data, or text under stringData",
                    found=str(error),
                    where=f"{kind} {namespace}/{name}",
                    fix="use stringData, or encode with `base64 -w0`",
                )
            ) from error

    def secrets(self) -> tuple[Secret, ...]:
        """Every value of every Secret."""
        return tuple(
            Secret(value)
            for item in self.of_kind("Secret")
            for value in (
                self.data("Secret", namespace_of(item), item["metadata"]["name"]) or {}
            ).values()
        )

    def without(self, kind: str, namespace: str, name: str) -> "Manifests":
        """These objects but one."""
        gone = (kind, namespace, name)
        kept = [item for key, item in self._objects.items() if key != gone]
        return Manifests(kept, readme=self.readme)

    def with_changes(self, changed: Iterable[Manifest]) -> "Manifests":
        """These objects, with others added or put in their place."""
        return Manifests([*self, *changed], readme=self.readme)


def namespace_of(manifest: Manifest) -> str:
    """The object's namespace, `default` where it names none."""
    return str(manifest["metadata"].get("namespace") or _DEFAULT_NAMESPACE)


def _objects_in(file: Path) -> Iterator[Manifest]:
    try:
        documents = list(yaml.safe_load_all(file.read_text(encoding="utf-8")))
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise _unreadable(file, " ".join(str(error).split())) from error
    for document in documents:
        if document is None:
            continue
        items = document.get("items") if _is_list(document) else [document]
        for item in items or ():
            yield _checked(item, file)


def _is_list(document: Any) -> bool:  # noqa: ANN401  # anything may stand in a YAML file
    return isinstance(document, dict) and document.get("kind") == "List"


def _checked(item: Any, file: Path) -> Manifest:  # noqa: ANN401  # likewise
    metadata = item.get("metadata") if isinstance(item, dict) else None
    if not isinstance(metadata, dict) or not metadata.get("name") or not item.get("kind"):
        raise _unreadable(file, f"a document that is no Kubernetes object: {str(item)[:80]}")
    checked: Manifest = item
    return checked


def _unreadable(file: Path, found: str) -> SetupError:
    return SetupError(
        explain(
            "A manifest cannot be read.",
            expected="Kubernetes objects, each with kind and metadata.name",
            found=found,
            where=str(file),
            fix="check it with `kubectl apply --dry-run=client -f FILE`",
        )
    )
