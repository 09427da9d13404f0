"""Kubernetes objects from a folder, a file or standard input; what is none is named and skipped.

People bring their repository, and most of what is in one is not applied as it stands: Kustomize's
own files, a chart and its values, Compose, templates, encrypted Secrets. None of it stops the rest.
An object of a kind that the lab reads is another matter: what Kubernetes would refuse is refused.
"""

import posixpath
import re
import sys
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from acceptance.errors import SetupError
from acceptance.json_values import mapping, sequence
from acceptance.lab.embedded import installers
from acceptance.lab.embedded.compose import composed
from acceptance.lab.embedded.compose_files import Folder, chosen, is_compose
from acceptance.lab.embedded.documents import (
    MOST_VALUES,
    ManifestLoader,
    OddCharacterError,
    as_yaml,
    line_of,
    values_in,
)
from acceptance.lab.embedded.gitops import GitOps
from acceptance.lab.embedded.kustomize import FILES, rendered
from acceptance.lab.embedded.programs import Program, program_for
from acceptance.lab.embedded.rules import Wrong
from acceptance.lab.embedded.shape import KINDS, misshapen
from acceptance.lab.embedded.workloads import deployed, one_program_each, told_apart
from acceptance.message import explain
from acceptance.resources import Manifest
from acceptance.shipped import judging

STANDARD_INPUT = Path("-")
_SUFFIXES = {".yaml", ".yml", ".json"}
_MOST_BYTES = 5_000_000
"""Of one file; what `kubectl kustomize` prints for a whole cluster is a tenth of it."""
_MOST_FILES = 2_000
_MOST_DOCUMENTS = 10_000
_PASS_LESS = "pass the objects of the two programs, and what they refer to"  # noqa: S105  # no password
_SHOWN = 20
"""Names of one kind of file that a note lists."""

_PASS = f"and pass the output: `… | {judging('-')}`"
_KUSTOMIZE = (
    "Kustomize's own, which kubectl or kustomize renders where it is on PATH; elsewhere render "
    f"with `kubectl kustomize DIR` {_PASS}"
)
_UNLISTED = "no kustomization lists it"
_CHART = f"part of a Helm chart: render with `helm template DIR` {_PASS}"
_TEMPLATE = f"a template, which is no YAML yet: render it {_PASS}"
_COMPOSE = "Docker Compose's, and neither Open WebUI nor LiteLLM is in it"
_COMPOSE_BESIDE = "Docker Compose's, and others are judged: pass it alone, `--manifests={}`"
_TERRAFORM = (
    "Terraform's, and no Kubernetes object: pass what it made, by `kubectl get … --output=yaml`"
)
_ENCRYPTED = "encrypted by SOPS, and no Secret: pass it decrypted where its values matter"
_OTHER = "no Kubernetes object"
_NO_TEXT = "bytes that are no text in UTF-8 (PowerShell's `>` writes UTF-16)"
_NAMES = (
    (re.compile("|".join(map(re.escape, FILES))), _KUSTOMIZE),
    (re.compile(r"Chart\.ya?ml|values([-._].*)?\.ya?ml"), _CHART),
)
_CORRECT = "correct it; `kubectl apply --dry-run=server -f FILE` says the same"
_RENDER = f"it is a template: put its values in (`envsubst < FILE`), {_PASS}"
_ACTION = re.compile(r"\{\{[^{}]*\}\}|\$\{[A-Za-z_]\w*\}|<%[^%]*%>")


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """What a place holds."""

    objects: tuple[Manifest, ...]
    notes: tuple[str, ...]
    """What was skipped, and what to do about it."""


def read(place: Path) -> Found:
    """Every object of the place; `-` is standard input.

    Raises:
        SetupError: there is none, an object is not what Kubernetes takes, or there is too much.
    """
    return _Reading(place).read()


class _Reading:
    """One place, and what was found in it so far."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self._objects: list[Manifest] = []
        self._files_of: dict[tuple[object, ...], str] = {}
        self._skipped: dict[str, list[str]] = defaultdict(list)
        self._notes: list[str] = []
        self._kustomized = set[tuple[object, ...]]()
        """Objects that a kustomization brought, where its files are read as they stand as well."""
        self._composed: dict[str, dict[str, Any]] = {}
        """Documents of Compose, by their files."""
        self._files = 0
        self._documents = 0

    def read(self) -> Found:
        texts = dict(self._texts())
        self._gitops = GitOps(self._place if self._place.is_dir() else Path(), texts)
        patches = _patches(texts)
        covered = self._read_kustomizations(texts)
        for file, text in texts.items():
            if file not in covered:
                self._read_as_it_stands(file, text, patches)
        if covered and not any(_starts_a_program(item) for item in self._objects):
            self._skipped.pop(_UNLISTED, None)
            self._kustomized = set(self._files_of)
            for file in covered:
                if Path(file).name not in FILES:
                    self._read_as_it_stands(file, texts[file], patches)
        self._add_composed()
        self._notes += self._gitops.notes
        self._objects = [each for each in self._objects if not self._gitops.is_honoured(each)]
        notes = [*self._notes, *self._skips()]
        installing = self._installing()
        programs = any(_starts_a_program(item) for item in self._objects)
        if not self._objects or (installing and not programs):
            raise self._nothing([*notes, *self._charts(installing)], installing)
        services = [each for each in self._objects if each["kind"] == "Service"]
        parted = [each for item in self._objects for each in one_program_each(item, services)]
        if len(parted) > len(self._objects):
            notes.append("both programs are in one pod: in the lab each is in a pod of its own")
        return Found(objects=tuple(parted), notes=tuple(notes))

    def _read_as_it_stands(self, file: str, text: str, patches: Collection[str]) -> None:
        if file in patches:
            self._skip(file, _KUSTOMIZE)
        elif reason := _by_its_name(file, text):
            self._skip(file, reason)
        else:
            self._read_file(file, text)

    def _read_kustomizations(self, texts: Mapping[str, str]) -> Collection[str]:
        """Read what the kustomizations of a folder come down to; the files that this covers."""
        kustomized = rendered(self._place, texts) if self._place.is_dir() else None
        if kustomized is None:
            return ()
        self._notes += kustomized.notes
        for file in kustomized.beside:
            if Path(file).name.startswith(installers.RENDERED):
                self._read_file(file, texts[file])
            else:
                self._skip(file, _by_its_name(file, texts[file]) or _UNLISTED)
        for file, text in kustomized.texts.items():
            if len(text) > _MOST_BYTES:
                found = f"more than {_MOST_BYTES} characters, once rendered"
                raise _too_much(file, found, _PASS_LESS)
            self._read_file(file, text)
        return kustomized.covered

    def _add_composed(self) -> None:
        """Add what Compose's files come down to, where no object starts one of the programs."""
        root: Path | None = None
        if self._place != STANDARD_INPUT:
            root = self._place if self._place.is_dir() else self._place.parent
        left = dict(self._composed)
        objects = any(_starts_a_program(item) for item in self._objects)
        projects = [] if objects else [(files, Folder(root)) for files in chosen(left)]
        made = {
            files: composed({file: left.pop(file) for file in files}, folder)
            for files, folder in projects
        }
        for files, found in made.items():
            if any(files[0] in folder.parts for each, folder in projects if each != files):
                continue  # a part of another project
            self._notes += found.notes
            if found.runs:
                for item in found.objects:
                    self._add(item, files[0])
                self._notes.append(
                    f"{' and '.join(files)}: judged as Docker Compose would start it"
                )
            else:
                self._skip(files[0], _COMPOSE)
        read = {file for _, folder in projects for file in folder.read}
        for skipped in self._skipped.values():
            skipped[:] = [file for file in skipped if file not in read]
        for file in (each for each in left if each not in read):
            self._skip(file, _COMPOSE_BESIDE.format(self._whole(file)))

    def _skip(self, file: str, reason: str) -> None:
        if file not in self._skipped[reason]:
            self._skipped[reason].append(file)

    def _skips(self) -> Iterator[str]:
        for reason, files in ((reason, files) for reason, files in self._skipped.items() if files):
            more = f" and {len(files) - _SHOWN} more" if len(files) > _SHOWN else ""
            yield f"skipped: {', '.join(files[:_SHOWN])}{more}: {reason}"

    @staticmethod
    def _charts(installing: list[Manifest]) -> Iterator[str]:
        for item in installing:
            yield f"{item['kind']} {item['metadata']['name']}, which installs a chart"

    def _installing(self) -> list[Manifest]:
        """What installs charts, each once, however often files repeat it."""
        named: dict[tuple[str, str], Manifest] = {}
        for each in self._objects:
            if each["kind"] in installers.KINDS:
                named.setdefault((each["kind"], each["metadata"]["name"]), each)
        return [*named.values()]

    def _nothing(self, notes: list[str], installing: list[Manifest]) -> SetupError:
        there = self._place == STANDARD_INPUT or self._place.exists()
        files = f"{self._files} file{'s' * (self._files != 1)} without any"
        return SetupError(
            explain(
                "There are no manifests to try.",
                expected="a folder with YAML files of Kubernetes objects",
                found="; ".join(notes) or (files if there else "nothing there"),
                where="standard input" if self._place == STANDARD_INPUT else str(self._place),
                fix=self._rendering(installing),
            )
        )

    def _rendering(self, installing: list[Manifest]) -> str:
        """What to type where nothing is left to judge."""
        files_of = {(key[0], key[-1]): file for key, file in self._files_of.items()}
        commands = "; ".join(
            installers.command(
                each, self._objects, files_of[each["kind"], each["metadata"]["name"]]
            )
            for each in installing
        )
        if commands and self._place == STANDARD_INPUT:
            return f"{commands}; and pass what they write with the rest: `... | {judging('-')}`"
        if commands:
            return f"in that folder: {commands}; then `{judging(str(self._place))}`"
        rendered = [reason for reason in self._skipped if "render" in reason]
        if rendered:
            return rendered[0].partition(": ")[2]
        return f"name a folder that holds some: {judging('DIR')}"

    def _texts(self) -> Iterator[tuple[str, str]]:
        """Name and text of each file that can be read."""
        if self._place == STANDARD_INPUT:
            files: list[tuple[str, Path]] = [("standard input", STANDARD_INPUT)]
        elif self._place.is_dir():
            found = _candidates(self._place)
            files = [(str(file.relative_to(self._place)), file) for file in found]
        else:
            files = [(self._place.name, self._place)] if self._place.exists() else []
        self._files = len(files)
        if self._files > _MOST_FILES:
            found_there = f"{self._files} files"
            raise _too_much(str(self._place), found_there, "name the folder of these manifests")
        for name, file in files:
            try:
                data = _content(file)
            except OSError as error:
                self._skip(name, f"unreadable: {error.strerror}")
                continue
            if len(data) > _MOST_BYTES:
                raise _too_much(name, f"more than {_MOST_BYTES} bytes", _PASS_LESS)
            try:
                yield name, data.decode("utf-8-sig")
            except UnicodeDecodeError:
                self._skip(name, _NO_TEXT)

    def _whole(self, file: str) -> str:
        """A file's name, from where one stands."""
        return str(self._place / file) if self._place.is_dir() else str(self._place)

    def _read_file(self, file: str, text: str) -> None:
        try:
            loader = ManifestLoader(as_yaml(self._gitops.text(file, text)))
            while loader.check_node():
                node = loader.get_node()
                assert node is not None  # as `check_node` says
                self._documents += 1
                if self._documents > _MOST_DOCUMENTS:
                    raise _too_much(file, f"more than {_MOST_DOCUMENTS} documents", "pass fewer")
                loader.duplicates.clear()
                document = loader.construct_document(node)
                place = _Place(file, self._whole(file), node)
                for path, item in _items(document, place):
                    within = replace(place, path=path)
                    self._read_item(item, within, tuple(loader.duplicates))
        except OddCharacterError as error:
            raise _refused(self._whole(file), error.line, str(error)) from error
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            reason = _what(error)
            self._skip(file, f"{_TEMPLATE} ({reason})" if _ACTION.search(text) else reason)

    def _read_item(
        self,
        item: Any,  # noqa: ANN401  # any YAML
        place: "_Place",
        duplicates: tuple[tuple[str, int], ...],
    ) -> None:
        if is_compose(item, place.file):
            self._composed[place.file] = _checked(item, place)
            return
        if reason := _no_object(item):
            self._skip(place.file, reason)
            return
        if values_in(item) > MOST_VALUES:
            raise place.refused((), f"{_name_of(item)}excessive aliasing")
        others = deployed(item)
        for each in others or (told_apart(item),):
            self._read_object(each, place, duplicates)
        if others:
            what = f"{item['kind']} of {item['apiVersion']}"
            name = _name_of(item).removesuffix(": ")
            self._notes.append(f"{place.file}: a {what} is run as a Deployment: {name}")

    def _read_object(
        self, item: Manifest, place: "_Place", duplicates: tuple[tuple[str, int], ...]
    ) -> None:
        name = _name_of(item)
        wrong = misshapen(item)
        if wrong and str(item["kind"]) not in KINDS:
            self._skip(place.file, f"{_OTHER}: {wrong}")
            return
        if duplicates and item["kind"] in KINDS and not wrong:
            key, line = duplicates[0]
            wrong = Wrong((), f'key "{key}" already set in map')
            place = replace(place, known=line)
        if wrong and _is_somebody_elses(item):
            self._notes.append(
                f"{name}{wrong} ({place.file}, line {place.line(wrong.path)}): Kubernetes would "
                "refuse it, and neither program is in it"
            )
        elif wrong:
            fix = _RENDER if _ACTION.search(str(_value_at(item, wrong.path))) else _CORRECT
            raise place.refused(wrong.path, f"{name}{wrong}", fix)
        else:
            self._add(self._gitops.placed(place.file, _without_cipher(item)), place.file)

    def _add(self, item: Manifest, file: str) -> None:
        metadata = item["metadata"]
        kind, namespace = item["kind"], metadata.get("namespace") or "default"
        key = (kind, namespace, metadata["name"])
        where = f"{kind} {namespace}/{metadata['name']}"
        if key in self._kustomized:
            self._files_of[key] = file
            return
        if (before := self._files_of.setdefault(key, file)) != file:
            self._notes.append(f"{where} is in {before} and in {file}: the last one stands")
        if "apiVersion" not in item:
            self._notes.append(f"{where} has no apiVersion ({file}): Kubernetes would refuse it")
        self._files_of[key] = file
        self._objects.append(item)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an object stands."""

    file: str
    whole: str
    """The file, from where one stands."""
    node: yaml.Node
    path: tuple[str | int, ...] = ()
    """Within the document."""
    known: int = 0
    """The line, where it is known by other means."""

    def line(self, path: tuple[str | int, ...]) -> int:
        return self.known or line_of(self.node, (*self.path, *path))

    def refused(self, path: tuple[str | int, ...], found: str, fix: str = "") -> SetupError:
        return _refused(self.whole, self.line(path), found, fix)


def _candidates(folder: Path) -> list[Path]:
    # what a run in that folder has left
    reports = {found.parent for found in folder.glob("**/reports/allure-results")}
    return sorted(
        file
        for file in folder.rglob("*")
        if (file.suffix in {*_SUFFIXES, ".tf"} or file.name in FILES)
        and not any(
            part.startswith(".") or part == "node_modules"
            for part in file.relative_to(folder).parts
        )
        and reports.isdisjoint(file.parents)
    )


def _content(file: Path) -> bytes:
    """At most one byte more than is read.

    Raises:
        OSError: it cannot be read, or is no regular file.
    """
    if file == STANDARD_INPUT:
        return sys.stdin.buffer.read(_MOST_BYTES + 1)
    if not file.is_file():
        raise OSError(0, "no regular file; pass what it gives by a pipe")
    with file.open("rb") as opened:
        return opened.read(_MOST_BYTES + 1)


def _too_much(where: str, found: str, fix: str) -> SetupError:
    return SetupError(
        explain(
            "There is more than the lab reads.",
            expected=f"at most {_MOST_FILES} files, {_MOST_BYTES} bytes each, "
            f"{_MOST_DOCUMENTS} documents in all",
            found=found,
            where=where,
            fix=fix,
        )
    )


def _patches(texts: Mapping[str, str]) -> set[str]:
    """Files that a kustomization takes for patches: they are parts of objects."""
    return {
        posixpath.normpath(posixpath.join(posixpath.dirname(file), path))
        for file, text in texts.items()
        if _NAMES[0][0].fullmatch(posixpath.basename(file))
        for path in _patched_by(text)
    }


def _patched_by(text: str) -> Iterator[str]:
    try:
        content = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError):
        return
    for key in ("patches", "patchesStrategicMerge", "patchesJson6902"):
        for entry in sequence(mapping(content).get(key)):
            path = entry.get("path") if isinstance(entry, dict) else entry
            if isinstance(path, str) and "\n" not in path:
                yield path


def _by_its_name(file: str, text: str) -> str:
    """Why a file is not to be applied, as its name tells; empty where it may be."""
    if file.endswith(".tf"):
        return _TERRAFORM
    if "templates" in Path(file).parts and "{{" in text:
        return _CHART
    name = Path(file).name
    return next((reason for pattern, reason in _NAMES if pattern.fullmatch(name)), "")


def _what(error: Exception) -> str:
    """What is wrong with a file; never its text, which PyYAML quotes and which may hold a key."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark:
        return f"line {error.problem_mark.line + 1}: {error.problem}"
    if isinstance(error, yaml.reader.ReaderError | UnicodeDecodeError):
        return _NO_TEXT
    return f"{type(error).__name__}: {error}"


def _items(
    document: Any,  # noqa: ANN401  # any YAML
    place: _Place,
) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """The objects of a document, with their paths in it; a List has several."""
    if document is None:
        return
    if not isinstance(document, dict) or not str(document.get("kind")).endswith("List"):
        yield (), document
        return
    items = document.get("items") or []
    if not isinstance(items, list):
        found = f"items of a {document['kind']} that are no list"
        raise place.refused(("items",), found)
    for number, item in enumerate(items):
        for path, inner in _items(item, replace(place, path=(*place.path, "items", number))):
            yield ("items", number, *path), inner


def _no_object(item: Any) -> str:  # noqa: ANN401  # any YAML
    """Why a document is not to be applied to Kubernetes; empty where it is."""
    if not isinstance(item, dict):
        return f"{_OTHER}: the document is {type(item).__name__}, not an object"
    if str(item.get("apiVersion")).startswith("kustomize.config.k8s.io/"):
        return _KUSTOMIZE
    if "sops" in item and item.get("kind") != "Secret":
        return _ENCRYPTED
    if item.get("kind") is not None:
        return ""
    return f"{_OTHER}: kind is missing"


def _checked(document: dict[str, Any], place: _Place) -> dict[str, Any]:
    """A document of Compose, whose size is known to be one.

    Raises:
        SetupError: it is without end.
    """
    if values_in(document) > MOST_VALUES:
        raise place.refused((), "excessive aliasing")
    return document


def _is_somebody_elses(item: Manifest) -> bool:
    """Whether it is a workload in which neither of the two programs is."""
    images = list(_images(item))
    workload = item["kind"] in ("Deployment", "StatefulSet", "Pod")
    return workload and bool(images) and not _starts_a_program(item)


def _starts_a_program(item: Manifest) -> bool:
    """Whether an image of Open WebUI or LiteLLM is in it."""
    return any(isinstance(program_for(image), Program) for image in _images(item))


def _images(value: Any) -> Iterator[str]:  # noqa: ANN401  # any YAML
    for key, item in value.items() if isinstance(value, dict) else enumerate(value):
        if key == "image" and isinstance(item, str):
            yield item
        elif isinstance(item, dict | list):
            yield from _images(item)


def _without_cipher(item: Manifest) -> Manifest:
    """A Secret that SOPS has encrypted is known by its keys only."""
    if item["kind"] != "Secret":
        return item
    values = [*(item.get("data") or {}).values(), *(item.get("stringData") or {}).values()]
    if not ("sops" in item or any(str(value).startswith("ENC[") for value in values)):
        return item
    keys = {**(item.get("data") or {}), **(item.get("stringData") or {})}
    return {"kind": "SopsSecret", "apiVersion": "v1", "metadata": item["metadata"], "keys": [*keys]}


def _name_of(item: Mapping[str, Any]) -> str:
    metadata = item.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    return f"{item.get('kind')} {name}: " if isinstance(name, str) else ""


def _value_at(value: Any, path: tuple[str | int, ...]) -> Any:  # noqa: ANN401  # any YAML
    """What stands there; None where nothing does."""
    for step in path:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def _refused(file: str, line: int, found: str, fix: str = "") -> SetupError:
    return SetupError(
        explain(
            "A manifest cannot be applied.",
            expected="what the API server of Kubernetes takes",
            found=found,
            where=f"{file}, line {line}",
            fix=fix or _CORRECT,
        )
    )
