"""How current a pod is: of which template it is, and whether what it read was changed since."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from domain.cluster import InsideResponse
from domain.kubernetes import Environment, Manifest
from domain.secret import fingerprint
from drivers.cluster.api import Api
from drivers.cluster.environment import Data

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
    `OnDelete`, or a partition, a pod stays behind for ever.
    """
    labels = pod["metadata"].get("labels") or {}
    status = owner.get("status") or {}
    match owner["kind"]:
        case "Deployment":
            made_by = _replica_set(api, pod)
            return made_by is not None and _plain(made_by) != _plain(owner)
        case "StatefulSet" | "DaemonSet":
            behind = status.get("observedGeneration", 0) < owner["metadata"].get("generation", 0)
            newest = status.get("updateRevision", labels.get(_REVISION))
            return behind or labels.get(_REVISION) != newest
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


def mounted_paths(container: Manifest, spec: Manifest) -> tuple[str, ...]:
    """Files and folders of a container that ConfigMaps and Secrets are mounted on."""
    return tuple(mount["mountPath"] for mount, _, _ in _mounts(container, spec))


def files_changed(
    container: Manifest, pod: Manifest, data: Data, seen: InsideResponse, started: datetime
) -> bool:
    """Whether a file that a process may have read at its start is another one by now.

    A file mounted with `subPath` never follows its object, so its content is compared; a mounted
    folder follows, and tells when: the process has read it before.
    """
    for mount, kind, name in _mounts(container, pod["spec"]):
        path = mount["mountPath"]
        if seen.written.get(path, 0.0) > started.timestamp() + _MARGIN:
            return True
        declared = data(kind, name)
        key = _key(mount, pod["spec"])
        known = path in seen.files and declared is not None and key in declared
        if known and seen.files[path] != fingerprint((declared or {})[key]):
            return True
    return False


def _mounts(container: Manifest, spec: Manifest) -> Iterator[tuple[Manifest, str, str]]:
    volumes = {volume["name"]: volume for volume in spec.get("volumes") or ()}
    for mount in container.get("volumeMounts") or ():
        volume = volumes.get(mount["name"], {})
        for kind, field, name in (
            ("ConfigMap", "configMap", "name"),
            ("Secret", "secret", "secretName"),
        ):
            if field in volume:
                yield mount, kind, volume[field][name]


def _key(mount: Manifest, spec: Manifest) -> str:
    """The key of the object whose text is the file of a `subPath`."""
    path = str(mount.get("subPath") or "")
    for volume in spec.get("volumes") or ():
        if volume["name"] == mount["name"]:
            source = volume.get("configMap") or volume.get("secret") or {}
            for item in source.get("items") or ():
                if item["path"] == path:
                    return str(item["key"])
    return path
