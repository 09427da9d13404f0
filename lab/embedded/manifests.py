"""Kubernetes objects from files, and how to find them."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from domain.errors import SetupError
from domain.kubernetes import Manifest, data_of
from domain.message import explain
from domain.secret import Secret
from domain.shapes import secret_in
from lab.embedded.documents import Loader
from lab.embedded.shape import misshapen

DEFAULT = Path(__file__).parent.parent / "manifests"
_DEFAULT_NAMESPACE = "default"


class Manifests:
    """Objects as one would apply them; of two with the same name the last stands."""

    def __init__(
        self,
        objects: Iterable[Manifest],
        *,
        readme: str = "",
        notes: tuple[str, ...] = (),
        allow_code: bool = False,
    ) -> None:
        self.readme = readme
        """Path of the README beside the files; empty where there is none."""
        self.notes = notes
        """What is to be known of where they came from."""
        self.allow_code = allow_code
        """Whether code that they bring may run: somebody trusts whoever wrote them."""
        self._objects = {
            (item["kind"], namespace_of(item), item["metadata"]["name"]): item for item in objects
        }

    @classmethod
    def load(cls, folder: Path) -> "Manifests":
        """Every object of every YAML file under the folder (or of one file), in name order.

        Raises:
            SetupError: the folder is missing or empty, or an object is not what Kubernetes takes.
        """
        files = [folder] if folder.is_file() else sorted(folder.rglob("*.y*ml"))
        objects = [item for file in files for item in _objects_in(file)]
        if not objects:
            raise SetupError(
                explain(
                    "There are no manifests to try.",
                    expected="a folder with YAML files of Kubernetes objects",
                    found=f"{len(files)} files without any" if folder.exists() else "nothing there",
                    where=str(folder),
                    fix="pass --manifests=DIR",
                )
            )
        readme = folder / "README.md"
        return cls(objects, readme=str(readme) if readme.is_file() else "")

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
        """Every value of every Secret, and what is secret in ConfigMaps and in environments."""
        return tuple(
            Secret(value)
            for item in self
            for name, given in self._given_by(item)
            for value in ([given] if item["kind"] == "Secret" else secret_in(name, given))
        )

    def _given_by(self, item: Manifest) -> Iterator[tuple[str, str]]:
        """What an object gives to programs, by name."""
        if item["kind"] in {"ConfigMap", "Secret"}:
            name = item["metadata"]["name"]
            yield from (self.data(item["kind"], namespace_of(item), name) or {}).items()
        elif item["kind"] in {"Deployment", "StatefulSet", "Pod"}:
            spec = item["spec"] if item["kind"] == "Pod" else item["spec"]["template"]["spec"]
            for container in spec["containers"]:
                for entry in container.get("env") or ():
                    yield entry["name"], entry.get("value") or ""

    def without(self, kind: str, namespace: str, name: str) -> "Manifests":
        """These objects but one."""
        gone = (kind, namespace, name)
        return self._with(item for key, item in self._objects.items() if key != gone)

    def with_changes(self, changed: Iterable[Manifest]) -> "Manifests":
        """These objects, with others added or put in their place."""
        return self._with([*self, *changed])

    def trusted(self) -> "Manifests":
        """These objects, whose code may run."""
        return Manifests(self, readme=self.readme, notes=self.notes, allow_code=True)

    def _with(self, objects: Iterable[Manifest]) -> "Manifests":
        return Manifests(objects, readme=self.readme, notes=self.notes, allow_code=self.allow_code)


def namespace_of(manifest: Manifest) -> str:
    """The object's namespace, `default` where it names none."""
    return str(manifest["metadata"].get("namespace") or _DEFAULT_NAMESPACE)


def _objects_in(file: Path) -> Iterator[Manifest]:
    try:
        documents = list(yaml.load_all(file.read_text(encoding="utf-8"), Loader))
    except (yaml.YAMLError, ValueError, OSError, RecursionError) as error:
        raise _unreadable(file, _what(error)) from error
    for document in documents:
        if document is not None:
            yield from _checked(document, file)


def _what(error: Exception) -> str:
    """What is wrong with a file; never its text, which PyYAML quotes and which may hold a key."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark:
        return f"line {error.problem_mark.line + 1}: {error.problem}"
    if isinstance(error, yaml.reader.ReaderError | UnicodeDecodeError):
        return "bytes that are no text"
    return f"{type(error).__name__}: {error}"


def _checked(document: Any, file: Path) -> Iterator[Manifest]:  # noqa: ANN401  # any YAML
    items = [document]
    if isinstance(document, dict) and str(document.get("kind")).endswith("List"):
        items = document.get("items") or []
        if not isinstance(items, list):
            raise _unreadable(file, f"items of a {document['kind']} that are no list")
    for item in items:
        if wrong := misshapen(item):
            raise _unreadable(file, f"{_name_of(item)}{wrong}")
        yield item


def _name_of(item: Any) -> str:  # noqa: ANN401  # likewise
    metadata = item.get("metadata") if isinstance(item, dict) else None
    name = metadata.get("name") if isinstance(metadata, dict) else None
    return f"{item.get('kind')} {name}: " if isinstance(name, str) else ""


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
