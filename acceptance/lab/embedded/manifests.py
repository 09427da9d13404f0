"""Kubernetes objects from files, and how to find them."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from acceptance.errors import SetupError
from acceptance.lab.embedded.reading import read
from acceptance.message import explain
from acceptance.resources import Manifest, data_of
from acceptance.secret import Secret
from acceptance.shapes import secret_in
from acceptance.shipped import MANIFESTS

DEFAULT = MANIFESTS
"""The story's."""
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
    def load(cls, *places: Path) -> "Manifests":
        """Every object of every file under some folders, or of some files; see `read`."""
        found = [read(place) for place in places]
        readmes = [str(place / "README.md") for place in places if (place / "README.md").is_file()]
        return cls(
            [item for each in found for item in each.objects],
            readme=readmes[0] if readmes else "",
            notes=tuple(note for each in found for note in each.notes),
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
            yield from self._text_of(item["kind"], namespace_of(item), name).items()
        elif item["kind"] in {"Deployment", "StatefulSet", "Pod"}:
            spec = item["spec"] if item["kind"] == "Pod" else item["spec"]["template"]["spec"]
            for container in spec["containers"]:
                for entry in container.get("env") or ():
                    yield entry["name"], entry.get("value") or ""

    def _text_of(self, kind: str, namespace: str, name: str) -> Mapping[str, str]:
        try:
            return self.data(kind, namespace, name) or {}
        except SetupError as error:
            cause = error.__cause__.__cause__ if error.__cause__ else None
            if isinstance(cause, UnicodeDecodeError):  # a keystore, say: no program is given it
                return {}
            raise

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

    def with_notes(self, notes: Iterable[str]) -> "Manifests":
        """These objects, of which more is to be known."""
        return Manifests(
            self,
            readme=self.readme,
            notes=(*self.notes, *notes),
            allow_code=self.allow_code,
        )

    def _with(self, objects: Iterable[Manifest]) -> "Manifests":
        return Manifests(objects, readme=self.readme, notes=self.notes, allow_code=self.allow_code)


def places(text: str) -> tuple[Path, ...]:
    """The files and folders that people name, by commas; a name may have commas itself.

    Args:
        text: as it was given; empty: the story's.
    """
    if not text:
        return (DEFAULT,)
    if Path(text).exists():
        return (Path(text),)
    return tuple(Path(each.strip()) for each in text.split(","))


def namespace_of(manifest: Manifest) -> str:
    """The object's namespace, `default` where it names none."""
    return str(manifest["metadata"].get("namespace") or _DEFAULT_NAMESPACE)
