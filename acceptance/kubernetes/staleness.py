"""How current a pod is: of which template it is, and whether what it read was changed since."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from acceptance.cluster import PodResponse
from acceptance.kubernetes.api import Api
from acceptance.kubernetes.environment import Data
from acceptance.resources import Environment, Manifest
from acceptance.secret import fingerprint

OLDER_TEMPLATE = "started from an older template"
CHANGED_ENVIRONMENT = "a ConfigMap or Secret of its environment was changed after it started"
CHANGED_FILES = "a ConfigMap or Secret that it mounts was changed after it started"
_HASH = "pod-template-hash"
_REVISION = "controller-revision-hash"
_NAME = re.compile(r"[-._a-zA-Z][-._a-zA-Z0-9]*")
"""What every kubelet gives to a container; other names are left out by those before 1.34."""
_MARGIN = 2.0
"""Seconds: the API server tells the start of a container in whole ones."""


def of_older_template(api: Api, pod: Manifest, owner: Manifest) -> bool:
    """Whether the newest template of the pod's owner is not the one that it was made from.

    Of a Deployment the templates themselves are compared, as its controller does: a paused one
    has a new template and no new ReplicaSet. Of a StatefulSet the revisions are compared: with
    `OnDelete`, or a partition, a pod stays behind for ever. Nobody else replaces pods.
    """
    match owner["kind"]:
        case "Deployment":
            made_by = _replica_set(api, pod)
            return made_by is not None and _plain(made_by) != _plain(owner)
        case "StatefulSet":
            status = owner.get("status") or {}
            behind = status.get("observedGeneration", 0) < owner["metadata"].get("generation", 0)
            made_from = (pod["metadata"].get("labels") or {}).get(_REVISION)
            return behind or made_from != status.get("updateRevision")
        case _:
            return False


def _replica_set(api: Api, pod: Manifest) -> Manifest | None:
    for reference in pod["metadata"].get("ownerReferences") or ():
        if reference["kind"] == "ReplicaSet":
            return api.get("ReplicaSet", pod["metadata"]["namespace"], reference["name"])
    return None


def _plain(owner: Manifest) -> Any:  # noqa: ANN401  # any JSON
    """The template without the label by which the controller tells its ReplicaSets apart."""
    template = owner["spec"]["template"]
    metadata = template.get("metadata") or {}
    labels = {key: value for key, value in (metadata.get("labels") or {}).items() if key != _HASH}
    return template["spec"], labels, metadata.get("annotations") or {}


def environment_changed(declared: Environment, process: Mapping[str, str]) -> bool:
    """Whether a running process holds another value than an object that it was given from."""
    return any(
        process.get(name, fingerprint("")) != fingerprint(variable.value.reveal().strip())
        for name, variable in declared.items()
        if variable.source != "value" and not variable.source.startswith(("field", "a resource"))
        if not variable.value.sealed and _NAME.fullmatch(name)
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Mount:
    """Where a container sees ConfigMaps or Secrets."""

    path: str
    sub_path: str
    """Of one file of them; empty where all are there, in a folder."""
    sources: tuple[Manifest, ...]
    """As in a projected volume."""

    def objects(self) -> Iterator[tuple[str, str, str]]:
        """Kind and name of each, and the key whose text is the file of the `subPath`."""
        for source in self.sources:
            for kind, field in (("ConfigMap", "configMap"), ("Secret", "secret")):
                if field in source:
                    items = source[field].get("items") or ()
                    keys = {item["path"]: item["key"] for item in items}
                    key = keys.get(self.sub_path, self.sub_path)
                    yield kind, source[field]["name"], key


def mounted_paths(container: Manifest, spec: Manifest) -> tuple[str, ...]:
    """Files and folders of a container that ConfigMaps and Secrets are mounted on."""
    return tuple(mount.path for mount in _mounts(container, spec))


def files_changed(
    container: Manifest, pod: Manifest, data: Data, seen: PodResponse, started: datetime
) -> bool:
    """Whether a file that a process may have read at its start is another one by now.

    A file mounted with `subPath` never follows its object, so its content is compared; a mounted
    folder follows, and tells when: the process has read it before.
    """
    for mount in _mounts(container, pod["spec"]):
        if seen.written.get(mount.path, 0.0) > started.timestamp() + _MARGIN:
            return True
        if mount.path not in seen.files:
            continue
        read = [(data(kind, name) or {}).get(key) for kind, name, key in mount.objects()]
        known = {fingerprint(text) for text in read if text is not None}
        if known and seen.files[mount.path] not in known:
            return True
    return False


def _mounts(container: Manifest, spec: Manifest) -> Iterator[_Mount]:
    volumes = {volume["name"]: volume for volume in spec.get("volumes") or ()}
    for mount in container.get("volumeMounts") or ():
        sources = tuple(_sources(volumes.get(mount["name"], {})))
        if sources:
            path, sub_path = mount["mountPath"], str(mount.get("subPath") or "")
            yield _Mount(path=path, sub_path=sub_path, sources=sources)


def _sources(volume: Manifest) -> Iterator[Manifest]:
    """The ConfigMaps and Secrets of a volume, as a projected volume writes them.

    A projected volume with anything else in it is left out: a token is renewed all the time.
    """
    if "configMap" in volume:
        yield {"configMap": volume["configMap"]}
    elif "secret" in volume:
        yield {"secret": {**volume["secret"], "name": volume["secret"]["secretName"]}}
    elif "projected" in volume:
        sources = volume["projected"].get("sources") or ()
        if all({"configMap", "secret"} & set(each) for each in sources):
            yield from sources
