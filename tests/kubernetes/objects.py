"""An API server without a network: these objects, and rights for all of it but what is named."""

from collections.abc import Mapping
from functools import reduce
from typing import Any

from acceptance.kubernetes.api import Api
from acceptance.kubernetes.errors import Forbidden
from acceptance.resources import Manifest

Labels = Mapping[str, str]
APP: Labels = {"app": "open-webui"}


class Objects(Api):
    """`acceptance.kubernetes.api.Api`, over objects in memory."""

    def __init__(
        self, *objects: Manifest, forbidden: tuple[str, ...] = (), log: str | None = None
    ) -> None:
        """Hold these objects.

        Args:
            objects: each with its `kind`.
            forbidden: kinds that may not be read.
            log: what every container has said; None: it may not be read.
        """
        self.context, self.server = "unit", "https://unit.example"
        self.objects = list(objects)
        self._forbidden = forbidden
        self._log = log

    def get(self, kind: str, namespace: str, name: str) -> Manifest | None:
        """See `Api`."""
        found = [each for each in self.list(kind, namespace, {}) if _name(each) == name]
        return found[0] if found else None

    def list(
        self, kind: str, namespace: str, labels: Labels, fields: Labels | None = None
    ) -> tuple[Manifest, ...]:
        """See `Api`."""
        if kind in self._forbidden:
            raise Forbidden(f"these rights do not allow it: {kind} is forbidden")
        return tuple(
            each
            for each in self.objects
            if each["kind"] == kind
            and each["metadata"]["namespace"] == namespace
            and labels.items() <= (each["metadata"].get("labels") or {}).items()
            and all(_field(each, path) == value for path, value in (fields or {}).items())
        )

    def text(self, path: str, query: Mapping[str, str]) -> str:
        """See `Api`."""
        if self._log is None:
            raise Forbidden(f"these rights do not allow it: {path}")
        return f"{query['container']}\n{self._log}"


def _field(item: Manifest, path: str) -> object:
    return reduce(lambda part, name: part.get(name, {}), path.split("."), item)


def _name(item: Manifest) -> str:
    return str(item["metadata"]["name"])


def made(kind: str, name: str, owner: Manifest | None = None, **fields: Any) -> dict[str, Any]:  # noqa: ANN401  # any JSON
    """An object in `apps`, made by another one."""
    metadata: dict[str, Any] = {"name": name, "namespace": "apps", "uid": f"{kind}-{name}"}
    if owner:
        reference = {"kind": owner["kind"], "name": _name(owner), "controller": True}
        version = owner.get("apiVersion", "apps/v1")
        metadata["ownerReferences"] = [{**reference, "apiVersion": version}]
    metadata |= fields.pop("metadata", {})
    return {"kind": kind, "metadata": metadata, **fields}


def container(name: str = "open-webui", **fields: Any) -> dict[str, Any]:  # noqa: ANN401  # likewise
    """A container of a pod or of a template."""
    return {"name": name, "image": f"{name}:1", **fields}


def template(*containers: Manifest, labels: Labels = APP, **spec: Any) -> dict[str, Any]:  # noqa: ANN401  # likewise
    """A template of pods."""
    return {
        "metadata": {"labels": dict(labels)},
        "spec": {"containers": list(containers or (container(),)), **spec},
    }


def service(*ports: Manifest, name: str = "open-webui", selector: Labels = APP) -> dict[str, Any]:
    """A Service, by default on port 80 for 8080."""
    ports = ports or ({"port": 80, "targetPort": 8080},)
    return made("Service", name, spec={"selector": dict(selector), "ports": list(ports)})


def workload(kind: str, name: str = "open-webui", **fields: Any) -> dict[str, Any]:  # noqa: ANN401  # likewise
    """A Deployment or StatefulSet of one replica that has nothing left to do."""
    spec = {"replicas": 1, "template": template(), **fields.pop("spec", {})}
    status = {
        "observedGeneration": 1,
        "replicas": 1,
        "updatedReplicas": 1,
        "currentRevision": "one",
        "updateRevision": "one",
        **fields.pop("status", {}),
    }
    return made(kind, name, metadata={"generation": 1}, spec=spec, status=status, **fields)


def pod(
    name: str = "open-webui-0",
    owner: Manifest | None = None,
    *containers: Manifest,
    ready: bool = True,
    **fields: Any,  # noqa: ANN401  # likewise
) -> dict[str, Any]:
    """A pod that runs."""
    containers = containers or (container(),)
    status = {
        "phase": "Running",
        "conditions": [{"type": "Ready", "status": str(ready)}],
        "containerStatuses": [
            {
                "name": each["name"],
                "ready": ready,
                "restartCount": 0,
                "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}},
            }
            for each in containers
        ],
        **fields.pop("status", {}),
    }
    labels = {**APP, **fields.pop("labels", {})}
    spec = {"containers": list(containers), **fields.pop("spec", {})}
    return made("Pod", name, owner, metadata={"labels": labels, **fields}, spec=spec, status=status)


def deployed(**changes: Any) -> tuple[dict[str, Any], dict[str, Any]]:  # noqa: ANN401  # likewise
    """A Deployment and the ReplicaSet of its newest template."""
    deployment = workload("Deployment", **changes)
    hashed = {"pod-template-hash": "abc", **APP}
    made_by = made(
        "ReplicaSet",
        f"{_name(deployment)}-abc",
        deployment,
        spec={
            "template": template(
                *deployment["spec"]["template"]["spec"]["containers"], labels=hashed
            )
        },
    )
    return deployment, made_by
