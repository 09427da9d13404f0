"""The environment of a container, as far as these rights allow to read what it refers to."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from acceptance.kubernetes.api import Api
from acceptance.kubernetes.errors import Forbidden
from acceptance.resources import (
    UNREAD,
    Environment,
    Lookup,
    Manifest,
    Variable,
    data_of,
    resolve_environment,
)
from acceptance.secret import Secret

_SEAL = re.compile(r"\0(.*?)\0")
"""Stands for a value that may not be read, while an environment is put together: its holder.

No value of an environment holds this character: it ends one.
"""
Process = Mapping[str, str] | None
"""Fingerprints of a running process's variables by name; None where it could not be asked."""


class Data:
    """The data of a namespace's ConfigMaps and Secrets, each read once."""

    def __init__(self, api: Api, namespace: str) -> None:
        self._api = api
        self._namespace = namespace
        self._known: dict[tuple[str, str], Mapping[str, str] | None] = {}
        self.sealed: set[tuple[str, str]] = set()
        """Kind and name of those that exist, or not: these rights do not allow to look."""

    def __call__(self, kind: str, name: str) -> Mapping[str, str] | None:
        """The data by kind and name; None if it does not exist, or may not be read."""
        if (kind, name) not in self._known:
            self._known[kind, name] = self._read(kind, name)
        return self._known[kind, name]

    def _read(self, kind: str, name: str) -> Mapping[str, str] | None:
        try:
            found = self._api.get(kind, self._namespace, name)
        except Forbidden:
            self.sealed.add((kind, name))
            return None
        return dict(_texts(found)) if found else None


def _texts(found: Manifest) -> Iterator[tuple[str, str]]:
    """The data without what is no text, as keystores are: no variable and no setting."""
    for key, value in (found.get("data") or {}).items():
        try:
            yield from data_of({**found, "data": {key: value}}).items()
        except ValueError:
            continue


def environment_of(
    container: Manifest, data: Data, fields: Mapping[str, str], process: Process
) -> Environment:
    """The container's variables; those that may not be read are sealed.

    Of a sealed one, the running process tells that it exists, and its fingerprint: so whoever
    may not read Secrets can still tell two keys apart.
    """
    resolved = resolve_environment(container, _with_seals(container, data), fields)
    environment = {
        name: replace(variable, value=_sealed(variable, process))
        for name, variable in resolved.items()
        if not (_holders(variable) and process is not None and name not in process)
    }
    return {**_from_sealed_sources(container, data, process), **environment}


def _with_seals(container: Manifest, data: Data) -> Lookup:
    """A lookup in which each key that the container refers to, and may not be read, is a seal."""

    def lookup(kind: str, name: str) -> Mapping[str, str] | None:
        found = data(kind, name)
        if (kind, name) not in data.sealed:
            return found
        return {
            reference["key"]: f"\0{kind} {name}, key {reference['key']}\0"
            for entry in container.get("env") or ()
            for reference in _key_references(entry, kind)
            if reference["name"] == name
        }

    return lookup


def _key_references(entry: Manifest, kind: str) -> tuple[Any, ...]:
    field = "secretKeyRef" if kind == "Secret" else "configMapKeyRef"
    reference = (entry.get("valueFrom") or {}).get(field)
    return (reference,) if reference else ()


def _holders(variable: Variable) -> list[str]:
    """What holds the parts of a value that may not be read; none where it may."""
    return _SEAL.findall(variable.value.reveal())


def _sealed(variable: Variable, process: Process) -> Secret:
    holders = _holders(variable)
    if not holders:
        return variable.value
    seen = (process or {}).get(variable.name, "")
    return Secret.seal("; ".join(dict.fromkeys(holders)), fingerprint=seen)


def _from_sealed_sources(container: Manifest, data: Data, process: Process) -> Environment:
    """What a process has may come from the sources that are sealed, if nothing else explains it.

    Where no process could be asked, they may define any variable.
    """
    sources = [
        f"{kind} {source[field]['name']}"
        for source in container.get("envFrom") or ()
        for kind, field in (("ConfigMap", "configMapRef"), ("Secret", "secretRef"))
        if source.get(field) and data(kind, source[field]["name"]) is None
        if (kind, source[field]["name"]) in data.sealed
    ]
    if not sources:
        return {}
    source = f"envFrom {', '.join(sources)}"
    told = {UNREAD: ""} if process is None else process
    return {
        name: Variable(name=name, value=Secret.seal(source, fingerprint=seen), source=source)
        for name, seen in told.items()
    }
