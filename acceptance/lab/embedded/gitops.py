"""What Flux and Argo CD do to the files below a path before they apply them.

Flux puts variables and a namespace in; Argo CD puts those into a namespace that name none.

Source: the Kustomization API of Flux 2.7, `spec.postBuild` and `spec.targetNamespace`; the
Application API of Argo CD 3.1, `spec.source.path` and `spec.destination.namespace`.
"""

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from acceptance.json_values import mapping, sequence
from acceptance.lab.embedded.documents import MOST_VALUES, Loader, values_in
from acceptance.lab.embedded.made_up import made_up
from acceptance.resources import Manifest, data_of

_API = "kustomize.toolkit.fluxcd.io/"
_ARGO = "argoproj.io/"
_OFF = re.compile(rf"{re.escape(_API)}substitute[\"']?:\s*[\"']?disabled")
_NEXT = re.compile(r"^(?=---)", re.MULTILINE)
_VARIABLE = re.compile(r"\$(?P<escaped>\$)?\{(?P<name>\w+)(?P<how>:?[-=](?P<default>[^{}]*))?\}")
_CLUSTER_WIDE = {"Namespace", "ClusterRole", "ClusterRoleBinding", "PersistentVolume"}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Applied:
    """A Kustomization of Flux, or a source of an Application: what stands below a path."""

    kind: str
    name: str
    file: str
    path: str
    namespace: str
    only_where_none: bool
    """Whether what names a namespace itself stays there."""
    variables: Mapping[str, str] | None
    """None: it replaces none."""
    all_known: bool
    """Whether every source of its variables is in the folder, and can be read."""


class GitOps:
    """What Flux's Kustomizations and Argo CD's Applications among some files do to the others."""

    def __init__(self, root: Path, texts: Mapping[str, str]) -> None:
        """Find them.

        Args:
            root: the folder that was given.
            texts: of its files, by their paths in it.
        """
        self._root = root.resolve()
        self._made_up: dict[str, dict[str, None]] = {}
        self._at_work: set[tuple[str, str]] = set()
        """Those of which an object was placed, by kind and name."""
        here = any(_API in text or _ARGO in text for text in texts.values())
        documents = list(_documents(texts)) if here else []
        data = {
            (item.get("kind"), mapping(item.get("metadata")).get("name")): known
            for _, item in documents
            if item.get("kind") in ("ConfigMap", "Secret") and (known := _data(item)) is not None
        }
        flux = _flux(documents)
        above = [(_path(mapping(item.get("spec")).get("path")), item) for _, item in flux]
        self._all = [each for file, item in documents for each in _of_argo(file, item)]
        for file, item in flux:
            parents = [each for path, each in above if not path or self._is_below(path, file)]
            self._all.append(_of_flux(file, item, parents, data))

    def _is_below(self, path: str, file: str) -> bool:
        return bool(path) and f"/{path}/" in f"{self._root / posixpath.dirname(file)}/"

    def _for(self, file: str) -> _Applied | None:
        """The one that applies a file: of several, the one with the longest path."""
        mine = [each for each in self._all if self._is_below(each.path, file)]
        return max(mine, key=lambda each: len(each.path), default=None)

    def text(self, file: str, text: str) -> str:
        """A file's text with its variables replaced, as Flux does it."""
        one = self._for(file)
        if one is None or one.variables is None:
            return text
        known, all_known = one.variables, one.all_known

        def replaced(match: re.Match[str]) -> str:
            if match["escaped"]:
                return match[0][1:]
            name = match["name"]
            if name in known and (known[name] or not match["how"]):
                return known[name]
            if match["how"] or all_known:
                return match["default"] or ""
            self._made_up.setdefault(one.file, {})[name] = None
            return made_up(name, name)

        return "".join(
            each if _OFF.search(each) else _VARIABLE.sub(replaced, each)
            for each in _NEXT.split(text)
        )

    def placed(self, file: str, item: Manifest) -> Manifest:
        """An object of a file, in the namespace where it is put."""
        one = self._for(file)
        if one is None:
            return item
        self._at_work.add((one.kind, one.name))
        metadata = item["metadata"]
        stays = one.only_where_none and metadata.get("namespace")
        if not one.namespace or stays or item["kind"] in _CLUSTER_WIDE:
            return item
        return {**item, "metadata": {**metadata, "namespace": one.namespace}}

    def is_honoured(self, item: Manifest) -> bool:
        """Whether it is one of those whose files are here, so that nothing is left to do for it."""
        return (item["kind"], item["metadata"]["name"]) in self._at_work

    @property
    def notes(self) -> Iterator[str]:
        """What was made up."""
        for file, names in self._made_up.items():
            yield f"{file}: ${{{'}, ${'.join(names)}}} of Flux is not in this folder: made up"


def _flux(documents: list[tuple[str, Mapping[str, Any]]]) -> list[tuple[str, Mapping[str, Any]]]:
    """The Kustomizations of Flux among these."""
    return [
        (file, item)
        for file, item in documents
        if item.get("kind") == "Kustomization" and str(item.get("apiVersion")).startswith(_API)
    ]


def _given_by(parent: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """What a Kustomization's patches put into the `postBuild` of those that it applies."""
    for each in map(mapping, sequence(mapping(parent.get("spec")).get("patches"))):
        for _, patch in _documents({"": str(each.get("patch") or "")}):
            if "Kustomization" in (mapping(each.get("target")).get("kind"), patch.get("kind")):
                yield mapping(mapping(patch.get("spec")).get("postBuild"))


def _of_flux(
    file: str,
    item: Mapping[str, Any],
    parents: list[Mapping[str, Any]],
    data: Mapping[tuple[object, object], Mapping[str, str]],
) -> _Applied:
    """What a Kustomization of Flux applies.

    Where what applies it (it may do so itself) is not in the folder, that may give it variables.
    """
    spec = mapping(item.get("spec"))
    build = dict(mapping(spec.get("postBuild")))
    for given in (each for parent in parents for each in _given_by(parent)):
        build |= given
    sources = [mapping(each) for each in sequence(build.get("substituteFrom"))]
    known = [data.get((each.get("kind"), each.get("name"))) for each in sources]
    variables = {name: text for each in known if each for name, text in each.items()}
    variables |= {str(k): str(v) for k, v in mapping(build.get("substitute")).items()}
    optional = [each.get("optional") is True for each in sources]
    knows = all(each is not None or may for each, may in zip(known, optional, strict=True))
    return _Applied(
        kind="Kustomization",
        name=_name_of(item),
        file=file,
        path=_path(spec.get("path")),
        namespace=str(spec.get("targetNamespace") or ""),
        only_where_none=False,
        variables=variables if build or not parents else None,
        all_known=knows if build else False,
    )


def _of_argo(file: str, item: Mapping[str, Any]) -> Iterator[_Applied]:
    """What an Application of Argo CD applies of a path; nothing of a chart."""
    if item.get("kind") != "Application" or not str(item.get("apiVersion")).startswith(_ARGO):
        return
    spec = mapping(item.get("spec"))
    for source in map(mapping, (spec.get("source"), *sequence(spec.get("sources")))):
        if source.get("path") and not source.get("chart"):
            yield _Applied(
                kind="Application",
                name=_name_of(item),
                file=file,
                path=_path(source["path"]),
                namespace=str(mapping(spec.get("destination")).get("namespace") or ""),
                only_where_none=True,
                variables=None,
                all_known=True,
            )


def _path(value: object) -> str:
    return posixpath.normpath(str(value or "")).strip("./")


def _name_of(item: Mapping[str, Any]) -> str:
    return str(mapping(item.get("metadata")).get("name"))


def _data(item: Mapping[str, Any]) -> Mapping[str, str] | None:
    """What a ConfigMap or Secret holds; None where it cannot be read."""
    try:
        return None if "sops" in item else data_of(dict(item))
    except ValueError:
        return None


def _documents(texts: Mapping[str, str]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every document that can be read, with its file."""
    for file, text in texts.items():
        try:
            for document in yaml.load_all(text, Loader):  # a safe one
                if isinstance(document, dict) and values_in(document) <= MOST_VALUES:
                    yield file, document
        except (yaml.YAMLError, ValueError, RecursionError):
            continue
