"""What Flux does to the files below a path before it applies them: variables and a namespace.

Source: the Kustomization API of Flux 2.7, `spec.postBuild` and `spec.targetNamespace`.
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
_OFF = re.compile(rf"{re.escape(_API)}substitute[\"']?:\s*[\"']?disabled")
_NEXT = re.compile(r"^(?=---)", re.MULTILINE)
_VARIABLE = re.compile(r"\$(?P<escaped>\$)?\{(?P<name>\w+)(?P<how>:?[-=](?P<default>[^{}]*))?\}")
_CLUSTER_WIDE = {"Namespace", "ClusterRole", "ClusterRoleBinding", "PersistentVolume"}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Kustomization:
    """One of Flux's, which applies what stands below a path."""

    file: str
    path: str
    namespace: str
    variables: Mapping[str, str] | None
    """None: it replaces none."""
    all_known: bool
    """Whether every source of its variables is in the folder, and can be read."""


class Flux:
    """What Flux's Kustomizations among some files do to the others."""

    def __init__(self, root: Path, texts: Mapping[str, str]) -> None:
        """Find them.

        Args:
            root: the folder that was given.
            texts: of its files, by their paths in it.
        """
        self._root = root.resolve()
        self._made_up: dict[str, dict[str, None]] = {}
        here = any(_API in text for text in texts.values())
        documents = list(_documents(texts)) if here else []
        data = {
            (item.get("kind"), mapping(item.get("metadata")).get("name")): known
            for _, item in documents
            if item.get("kind") in ("ConfigMap", "Secret") and (known := _data(item)) is not None
        }
        self._all = [
            _read(file, item, data)
            for file, item in documents
            if item.get("kind") == "Kustomization" and str(item.get("apiVersion")).startswith(_API)
        ]

    def _for(self, file: str) -> _Kustomization | None:
        """The one that applies a file: of several, the one with the longest path."""
        folder = f"{self._root / posixpath.dirname(file)}/"
        mine = [each for each in self._all if each.path and f"/{each.path}/" in folder]
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
        """An object of a file, in the namespace where Flux puts it."""
        one = self._for(file)
        if one is None or not one.namespace or item["kind"] in _CLUSTER_WIDE:
            return item
        return {**item, "metadata": {**item["metadata"], "namespace": one.namespace}}

    @property
    def notes(self) -> Iterator[str]:
        """What was made up."""
        for file, names in self._made_up.items():
            yield f"{file}: ${{{'}, ${'.join(names)}}} of Flux is not in this folder: made up"


def _read(
    file: str, item: Mapping[str, Any], data: Mapping[tuple[object, object], Mapping[str, str]]
) -> _Kustomization:
    spec = mapping(item.get("spec"))
    build = mapping(spec.get("postBuild"))
    sources = [mapping(each) for each in sequence(build.get("substituteFrom"))]
    known = [data.get((each.get("kind"), each.get("name"))) for each in sources]
    variables = {name: text for each in known if each for name, text in each.items()}
    variables |= {str(k): str(v) for k, v in mapping(build.get("substitute")).items()}
    optional = [each.get("optional") is True for each in sources]
    return _Kustomization(
        file=file,
        path=posixpath.normpath(str(spec.get("path") or "")).strip("./"),
        namespace=str(spec.get("targetNamespace") or ""),
        variables=variables if build else None,
        all_known=all(each is not None or may for each, may in zip(known, optional, strict=True)),
    )


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
