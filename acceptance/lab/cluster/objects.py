"""Objects in a cluster of the lab's own: made, changed and removed as manifests say."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from functools import cache
from http import HTTPStatus
from typing import Any

from acceptance.errors import SetupError
from acceptance.kubernetes.api import Api
from acceptance.kubernetes.errors import Conflict, RefusedError
from acceptance.lab.embedded.manifests import namespace_of
from acceptance.message import excerpt, explain
from acceptance.resources import Manifest
from acceptance.waiting import Progress, eventually

_OURS = "acceptance-lab"
"""Label of all that the lab made, so that it removes nothing else."""
_WRITTEN = "acceptance-lab/written"
"""Annotation: what was written last, as a digest. What is the same is not written again."""
WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "Pod")
_GONE = 90.0
"""Seconds for pods to end; they are asked to end within one."""
_FIRST = ("Namespace", "ConfigMap", "Secret", "ServiceAccount", "Service")
"""Made first, in this order: what follows refers to them."""


class Objects:
    """Everything that the lab keeps in one cluster."""

    def __init__(self, api: Api, *, say: Progress) -> None:
        """Change nothing yet.

        Args:
            api: whoever may do everything; what it may be asked is widened here.
            say: shows what is waited for.
        """
        self._api = api.with_rights(r".*")
        self._say = say
        self._path_of_kind = cache(self._discovered)

    def apply(self, manifests: Iterable[Manifest]) -> None:
        """Create what is missing, and replace what is otherwise.

        Replaced and not patched: a patch by `kubectl apply` or on the server's side merges a
        list by its names, and drops the variable that the story's own chart defines twice
        (Kubernetes 1.34). What may not be replaced is made anew.
        """
        for manifest in sorted(manifests, key=_rank):
            self._put(manifest)

    def _put(self, manifest: Manifest) -> None:
        body = _marked(manifest)
        collection, path = self._paths(manifest)
        there = self._api.ask("GET", path)
        if there is None:
            self._write("POST", collection, body)
            return
        if _digest_of(there) == _digest_of(body):
            return
        body["metadata"]["resourceVersion"] = there["metadata"]["resourceVersion"]
        try:
            self._write("PUT", path, body)
        except _Immutable:
            self.remove([manifest])
            del body["metadata"]["resourceVersion"]
            self._write("POST", collection, body)

    def replace(self, manifest: Manifest) -> None:
        """Write an object that is not the lab's own, as it was read and changed."""
        self._write("PUT", self._paths(manifest)[1], dict(manifest))

    def _write(self, method: str, path: str, body: dict[str, Any]) -> None:
        try:
            self._api.ask(method, path, body=body)
        except RefusedError as error:
            if method == "PUT" and error.status == HTTPStatus.UNPROCESSABLE_ENTITY:
                raise _Immutable from error
            raise
        except Conflict as error:
            raise SetupError(
                explain(
                    f"{body['kind']} {body['metadata']['name']} is not the lab's to write.",
                    expected="nobody else writes it meanwhile",
                    found=excerpt(str(error)),
                    where=path,
                    fix="run one lab on this cluster at a time",
                )
            ) from error

    def remove(self, manifests: Iterable[Manifest]) -> None:
        """Delete objects, and return once they and the pods that they made are gone."""
        paths = [self._paths(manifest)[1] for manifest in manifests]
        for path in paths:
            self._delete(path)
        self._await_gone(paths)

    def _await_gone(self, paths: list[str]) -> None:
        eventually(
            lambda: self._check_gone(paths),
            what="objects of the lab to be gone",
            timeout=_GONE,
            say=self._say,
        )

    def remove_namespaces(self, *, keep: str) -> None:
        """Delete every namespace that a lab made, but one, with all that is in it."""
        query = {"labelSelector": f"{_OURS}=yes"}
        found = self._api.ask("GET", "/api/v1/namespaces", query=query)["items"]
        names = [item["metadata"]["name"] for item in found if item["metadata"]["name"] != keep]
        paths = [f"/api/v1/namespaces/{name}" for name in names]
        for path in paths:
            self._delete(path)
            self._delete(f"{path}/pods")  # or else they take their time
        self._await_gone(paths)

    def ours(self, *kinds: str, namespaces: Iterable[str]) -> Iterator[Manifest]:
        """What the lab made of these kinds, in these namespaces."""
        for namespace in namespaces:
            for kind in kinds:
                version = "v1" if kind == "Pod" else "apps/v1"  # a list does not repeat it
                for item in self._api.list(kind, namespace, {_OURS: "yes"}):
                    yield {**item, "apiVersion": version}

    def end_pods(self, namespaces: Iterable[str]) -> None:
        """Let every pod of these namespaces end at once, and wait until none is left."""
        self._empty("pods", namespaces)

    def end_pods_named(self, namespace: str, prefix: str) -> None:
        """Let the pods whose names begin so end at once, and return when the API server knows."""
        for pod in self._api.list("Pod", namespace, {}):
            name = str(pod["metadata"]["name"])
            if name.startswith(prefix):
                self._delete(f"/api/v1/namespaces/{namespace}/pods/{name}")

    def forget_volumes(self, namespaces: Iterable[str]) -> None:
        """Delete every volume claim of these namespaces, and what it holds."""
        self._empty("persistentvolumeclaims", namespaces)

    def _empty(self, plural: str, namespaces: Iterable[str]) -> None:
        collections = [f"/api/v1/namespaces/{namespace}/{plural}" for namespace in namespaces]
        for collection in collections:
            self._delete(collection)
        eventually(
            lambda: self._check_none(collections),
            what=f"the {plural} to be gone",
            timeout=_GONE,
            say=self._say,
        )

    def _delete(self, path: str) -> None:
        options = {"gracePeriodSeconds": 1, "propagationPolicy": "Background"}
        self._api.ask("DELETE", path, body={"kind": "DeleteOptions", "apiVersion": "v1", **options})

    def _check_gone(self, paths: list[str]) -> None:
        left = [path.rpartition("/")[2] for path in paths if self._api.ask("GET", path)]
        assert not left, f"{', '.join(left)} is still there"

    def _check_none(self, collections: list[str]) -> None:
        left = [
            item["metadata"]["name"]
            for collection in collections
            for item in (self._api.ask("GET", collection) or {}).get("items") or ()
        ]
        assert not left, f"{', '.join(left)} is still there"

    def _paths(self, manifest: Manifest) -> tuple[str, str]:
        """Where objects of its kind are, and where this one is."""
        base, plural, namespaced = self._path_of_kind(manifest["apiVersion"], manifest["kind"])
        space = f"/namespaces/{namespace_of(manifest)}" if namespaced else ""
        collection = f"{base}{space}/{plural}"
        return collection, f"{collection}/{manifest['metadata']['name']}"

    def _discovered(self, version: str, kind: str) -> tuple[str, str, bool]:
        base = f"/apis/{version}" if "/" in version else f"/api/{version}"
        for resource in (self._api.ask("GET", base) or {}).get("resources") or ():
            if resource["kind"] == kind and "/" not in resource["name"]:
                return base, resource["name"], resource["namespaced"]
        raise SetupError(f"This cluster has no kind {kind} of {version}.")


class _Immutable(Exception):  # noqa: N818  # the API's own word
    """The object cannot become what it should be (422)."""


def _rank(manifest: Manifest) -> int:
    kind = manifest["kind"]
    return _FIRST.index(kind) if kind in _FIRST else len(_FIRST)


def _marked(manifest: Manifest) -> dict[str, Any]:
    digest = hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()
    metadata = manifest["metadata"]
    return {
        **manifest,
        "metadata": {
            **metadata,
            "labels": {**(metadata.get("labels") or {}), _OURS: "yes"},
            "annotations": {**(metadata.get("annotations") or {}), _WRITTEN: digest},
        },
    }


def _digest_of(manifest: Manifest) -> str:
    return str((manifest["metadata"].get("annotations") or {}).get(_WRITTEN, ""))
