"""The files of a Compose project as one document: overrides, `include` and `extends` followed.

Source: the Compose Specification (2025), https://github.com/compose-spec/compose-spec.
"""

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from acceptance.json_values import mapping
from acceptance.lab.embedded.documents import MOST_VALUES, Instead, ManifestLoader, values_in

BASES = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
"""The files that Compose takes by itself; of several the first."""
_OVERRIDES = tuple(f"{Path(each).stem}.override{Path(each).suffix}" for each in BASES)
_NAME = re.compile(r"(docker-)?compose([-._].*)?\.ya?ml")
MOST_BYTES = 1_000_000
_MOST_FILES = 100
CONFIGURATIONS = {".yaml", ".yml", ".json", ".py", ".pem", ".crt", ".toml", ".txt"}
_EXAMPLES = ("example", "sample", "template", "dist")
_DEEPEST = 10
"""Files of a project that include each other."""
_LONGEST_CHAIN = 100
"""Services of which each extends the next."""


class Folder:
    """The folder that was given: what stands in it can be read, and nothing else."""

    def __init__(self, root: Path | None) -> None:
        """Look into no file yet.

        Args:
            root: the folder; None: there is none, as with standard input.
        """
        self._root = root.resolve() if root else None
        self.read = set[str]()
        """What was read, by its path in the folder."""
        self.parts = set[str]()
        """Of it, the files that a project includes or extends."""

    def text(self, path: str) -> str | None:
        """The text of a file; None where it is not there, not below the folder, or no text."""
        file = self._below(path)
        if file is None or not file.is_file() or file.stat().st_size > MOST_BYTES:
            return None
        try:
            text = file.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError):
            return None
        if "\0" in text:  # no text either: no program can be given it
            return None
        self.read.add(posixpath.normpath(path))
        return text

    def is_folder(self, path: str) -> bool:
        """Whether it is a folder that stands there."""
        file = self._below(path)
        return file is not None and file.is_dir()

    def configurations(self, path: str) -> Mapping[str, str]:
        """The texts below a folder that may be a program's configuration, by their paths in it."""
        folder = self._below(path)
        found = sorted(folder.rglob("*")) if folder and folder.is_dir() else []
        names = [str(each.relative_to(folder)) for each in found if each.suffix in CONFIGURATIONS]  # type: ignore[arg-type]  # where there is none, nothing was found
        texts = {name: self.text(posixpath.join(path, name)) for name in names[:_MOST_FILES]}
        return {name: text for name, text in texts.items() if text is not None}

    def _below(self, path: str) -> Path | None:
        """Where a path leads, symbolic links followed; None where that is outside."""
        if self._root is None or "\0" in path or len(path) > 4_096:  # noqa: PLR2004  # PATH_MAX
            return None
        try:
            found = (self._root / path).resolve()
        except (OSError, RuntimeError):  # a link that leads to itself
            return None
        return found if found.is_relative_to(self._root) else None


def examples_of(path: str) -> Iterator[str]:
    """What people call the example of a file that is not in git, the usual names first."""
    folder, name = posixpath.split(path)
    stem, suffix = posixpath.splitext(name)
    bare = name.lstrip(".")
    for word in _EXAMPLES:
        names = (
            *(f"{name}.{word}", f"{stem}.{word}{suffix}"),  # .env.example, config.example.yaml
            *(f"{stem}{mark}{word}{suffix}" for mark in "_-"),
            *(f"{stem}.{word}", f"{bare}.{word}"),  # chat.example, for chat.env
            *(f"{word}.{bare}", f".{word}.{bare}"),  # example.env
        )
        yield from (posixpath.join(folder, each) for each in dict.fromkeys(names))


def is_compose(document: object, file: str) -> bool:
    """Whether a document is one of Compose's, by its file's name or by its shape."""
    if not isinstance(document, dict) or "kind" in document:
        return False
    services = document.get("services")
    named = bool(_NAME.fullmatch(posixpath.basename(file)))
    if not isinstance(services, dict):
        return named and "include" in document
    return named or any(
        isinstance(each, dict) and {"image", "build", "extends"} & set(each)
        for each in services.values()
    )


def chosen(files: Iterable[str]) -> Iterator[tuple[str, ...]]:
    """The files of each project, in the order in which the later ones add to the first.

    In a folder, the file that Compose takes by itself and its override; others only where there
    is none.
    """
    beside: dict[str, list[str]] = {}
    for file in files:
        beside.setdefault(posixpath.dirname(file), []).append(file)
    for there in beside.values():
        names = {posixpath.basename(file): file for file in there}
        base = next((names[name] for name in BASES if name in names), None)
        if base is None:
            yield from ((file,) for file in there)
        else:
            yield (base, *(names[name] for name in _OVERRIDES if name in names))


def whole_document(
    files: Mapping[str, Mapping[str, Any]],
    folder: Folder,
    *,
    text: Callable[[object], str],
    say: Callable[[str], None],
    learn: Callable[[str], None],
) -> Mapping[str, Any]:
    """All files of a project as one.

    Args:
        files: its documents, by their paths in the folder; later ones add to the first.
        folder: what stands beside them.
        text: puts the values of variables into a text.
        say: takes what is not there.
        learn: takes the path of a `.env` of an included file, whose variables stand unless those
            of the project's own do.
    """
    document: Any = {}
    for each in files.values():
        document = merged(document, each)
    file = next(iter(files))
    reading = _Following(file, folder, text, say, learn)
    document = reading.with_included(document, reading.place, _DEEPEST)
    services = mapping(document.get("services"))
    return {
        **document,
        "services": {
            name: reading.extended(mapping(each), services, reading.place, ())
            for name, each in services.items()
        },
    }


class _Following:
    """Follows what the files of a project say of other files."""

    def __init__(
        self,
        file: str,
        folder: Folder,
        text: Callable[[object], str],
        say: Callable[[str], None],
        learn: Callable[[str], None],
    ) -> None:
        self.place = posixpath.dirname(file)
        self._file = file
        self._folder = folder
        self._text = text
        self._say = say
        self._learn = learn
        self._included = 0
        self._documents: dict[str, Mapping[str, Any] | None] = {}

    def with_included(self, document: Any, place: str, deepest: int) -> Any:  # noqa: ANN401  # any YAML
        """A file with those that it includes; what it says itself stands."""
        others: Any = {}
        for each in several(document.get("include")) if deepest else ():
            named = mapping(each).get("path") if isinstance(each, dict) else each
            paths = [posixpath.join(place, self._text(one)) for one in several(named)]
            below = posixpath.dirname(posixpath.normpath(paths[0])) if paths else place
            if directory := mapping(each).get("project_directory"):
                below = posixpath.normpath(posixpath.join(place, self._text(directory)))
            for env in several(mapping(each).get("env_file")):
                self._learn(posixpath.join(place, self._text(env)))
            self._learn(posixpath.join(below, ".env"))
            for path in paths:
                self._included += 1
                if self._included > _MOST_FILES:  # they include each other
                    continue
                found = self._document_at(path)
                if found is None:
                    self._say(f"includes {path}, which is not there")
                    continue
                found = self.with_included(found, below, deepest - 1)
                others = merged(others, self._moved(found, below))
        return merged(others, document)

    def extended(
        self,
        service: Mapping[str, Any],
        services: Mapping[str, Any],
        place: str,
        seen: tuple[tuple[str, str], ...],
    ) -> Mapping[str, Any]:
        """A service with what another one has that it extends, of its file or of one beside it."""
        given = service.get("extends")
        if not given:
            return service
        own = {name: value for name, value in service.items() if name != "extends"}
        file = self._text(mapping(given).get("file") or "")
        name = self._text(mapping(given).get("service") if isinstance(given, dict) else given)
        path = posixpath.normpath(posixpath.join(place, file)) if file else ""
        document = self._document_at(path) if file else {"services": services}
        others = mapping(mapping(document).get("services"))
        if name not in others or (path, name) in seen or len(seen) == _LONGEST_CHAIN:
            other = f"{name} of {path or self._file}"
            self._say(f"a service extends {other}, which is not there or has no end")
            return own
        below = posixpath.dirname(path) if file else place
        base = self.extended(mapping(others[name]), others, below, (*seen, (path, name)))
        if file:
            base = self._moved({"services": {name: base}}, below)["services"][name]
        return mapping(merged(base, own))

    def _document_at(self, path: str) -> Mapping[str, Any] | None:
        """Another file of the project; None where it is not there, or is none."""
        file = posixpath.normpath(path)
        if file not in self._documents:
            self._documents[file] = self._loaded(file)
        return self._documents[file]

    def _loaded(self, file: str) -> Mapping[str, Any] | None:
        text = self._folder.text(file)
        self._folder.parts.add(file)
        try:
            document = yaml.load(text or "", ManifestLoader)  # noqa: S506  # a safe one
            fits = values_in(document) <= MOST_VALUES
        except (yaml.YAMLError, ValueError, RecursionError):
            return None
        return merged({}, document) if isinstance(document, dict) and fits else None

    def _moved(self, document: Mapping[str, Any], place: str) -> Any:  # noqa: ANN401  # any YAML
        """A file's document with its paths as this one would write them."""
        steps = posixpath.relpath(place or ".", self.place or ".")
        if steps == ".":
            return document
        moved = {**document}
        for kind in ("configs", "secrets"):
            moved[kind] = {
                name: {**each, "file": posixpath.join(steps, str(each["file"]))}
                if "file" in (each := mapping(given))
                else given
                for name, given in mapping(document.get(kind)).items()
            }
        moved["services"] = {
            name: _service_moved(mapping(each), steps)
            for name, each in mapping(document.get("services")).items()
        }
        return moved


def merged(base: Any, other: Any, key: object = "") -> Any:  # noqa: ANN401  # any YAML
    """Two files as one: mappings are joined, lists follow each other, the later value stands."""
    if isinstance(other, Instead):
        return merged(None, other.value)
    if key == "environment":
        return {**variables_of(base), **variables_of(merged(None, other))}
    if isinstance(other, dict):
        before = base if isinstance(base, dict) else {}
        joined = {name: merged(before.get(name), value, name) for name, value in other.items()}
        gone = {name for name, value in other.items() if value == Instead(None)}
        return {name: each for name, each in {**before, **joined}.items() if name not in gone}
    if isinstance(base, list) and isinstance(other, list) and key not in ("command", "entrypoint"):
        return [*base, *other]
    return other


def _service_moved(service: Mapping[str, Any], steps: str) -> Mapping[str, Any]:
    """A service of a file in another folder, with its paths as they are from here."""

    def path(text: str) -> str:
        return text if text.startswith(("/", "~")) else f"./{posixpath.join(steps, text)}"

    def volume(each: Any) -> Any:  # noqa: ANN401  # any YAML
        if isinstance(each, dict) and each.get("type") == "bind":
            return {**each, "source": path(str(each.get("source")))}
        return path(each) if isinstance(each, str) and each.startswith(".") else each

    moved = {**service}
    if service.get("env_file"):
        moved["env_file"] = [
            {**each, "path": path(str(each.get("path")))}
            if isinstance(each, dict)
            else path(str(each))
            for each in several(service["env_file"])
        ]
    if service.get("volumes"):
        moved["volumes"] = [volume(each) for each in several(service["volumes"])]
    if service.get("build"):
        build = service["build"]
        context = mapping(build).get("context", ".") if isinstance(build, dict) else build
        moved["build"] = {**mapping(build), "context": path(str(context))}
    return moved


def several(value: object) -> list[Any]:
    """The entries of a list; one alone where no list stands."""
    if isinstance(value, list):
        return value
    return [] if value in (None, "") else [value]


def variables_of(value: object) -> Mapping[str, object]:
    """What stands under `environment`, a list or a mapping; None: a value is to come from .env."""
    if isinstance(value, dict):
        return {str(name): each for name, each in value.items()}
    parts = [str(each).partition("=") for each in value] if isinstance(value, list) else []
    return {name: text if equals else None for name, equals, text in parts}
