"""A played API server with the controllers that a drill meets, in memory."""

import copy
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from acceptance.kubernetes.api import PATHS, Api
from acceptance.kubernetes.wire import Answer
from acceptance.resources import ServiceName

Object = dict[str, Any]
VLLM = ServiceName(namespace="ml", name="vllm-api", port=0)
OLLAMA = ServiceName(namespace="ml", name="ollama", port=0)
BACKENDS = {"vLLM": VLLM, "Ollama": OLLAMA}
REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
_VERBS = {"PATCH": "patch", "POST": "create", "PUT": "update", "DELETE": "delete"}
_WORKLOADS = ("Deployment", "StatefulSet")
_COLLECTIONS = {template.format("([^/]+)"): kind for kind, template in PATHS.items()}


class Cluster:
    """Objects, the pods that follow from them, and what is not allowed."""

    server = "https://played.example"

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str], Object] = {}
        self.forbidden: set[str] = set()
        """Verbs on resources, as in `patch deployments`."""
        self.identity = "lab"
        """The UID of its namespace kube-system; empty where it is not shown."""
        self.refused: dict[str, tuple[int, str]] = {}
        """Status and words of an admission policy, by verb and resource."""
        self.lingering = 0
        """How often the pods of a workload at nothing are still seen."""
        self.stuck = False
        """Whether its pods never go."""
        self.late = 0
        """How often an endpoint is still seen of which the pod is gone."""
        self.comes_back = True
        """Whether new pods become ready."""
        self.asked: list[str] = []
        self.before: Callable[[str, str], None] = lambda _method, _path: None
        """Called before a question is answered,"""
        self.after: Callable[[str, str], None] = lambda _method, _path: None
        """and afterwards."""
        self._version = 100

    def api(self, context: str = "lab") -> Api:
        """A way to ask it that does not wait for a server that is away."""
        wire: Any = self
        return Api(wire, context=context, patience=0.0)

    def close(self) -> None:
        """Nothing is open."""

    def add(self, kind: str, name: str, *, space: str = "ml", **fields: Any) -> Object:  # noqa: ANN401  # JSON
        """An object that is there from the beginning."""
        metadata = {"name": name, "namespace": space, "uid": f"{kind}-{name}", "generation": 4}
        body = {"kind": kind, **fields, "metadata": {**metadata, **fields.pop("metadata", {})}}
        self.objects[kind, name] = body
        self._changed(body)
        return body

    def backend(
        self, name: str, service: str, *, kind: str = "Deployment", replicas: int = 1
    ) -> Object:
        """A workload with ready pods behind a Service."""
        labels = {"app": name}
        self.add("Service", service, spec={"selector": labels, "ports": [{"port": 8000}]})
        template = {
            "metadata": {"labels": labels},
            "spec": {"terminationGracePeriodSeconds": 1, "containers": [{"name": name}]},
        }
        spec = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template}
        metadata = {"managedFields": [{"manager": "kubectl", "operation": "Apply"}]}
        return self.add(kind, name, spec=spec, metadata=metadata)

    def workload(self, name: str, kind: str = "Deployment") -> Object:
        """A Deployment, or a StatefulSet."""
        return self.objects[kind, name]

    def send(
        self,
        method: str,
        path: str,
        *,
        body: Any,  # noqa: ANN401  # JSON
        query: Mapping[str, str],
        content_type: str,
    ) -> Answer:
        """See `acceptance.kubernetes.wire.Wire`."""
        del content_type
        self.asked.append(f"{method} {path}")
        self.before(method, path)
        status, found = self._answer(method, path, json.loads(json.dumps(body)), query)
        self.after(method, path)
        return Answer(status=status, text=json.dumps(found), again=0.0)

    def _answer(
        self,
        method: str,
        path: str,
        body: Any,  # noqa: ANN401  # JSON
        query: Mapping[str, str],
    ) -> tuple[int, Any]:
        if path == REVIEWS:
            asked = body["spec"]["resourceAttributes"]
            allowed = f"{asked['verb']} {asked['resource']}" not in self.forbidden
            return 201, {"status": {"allowed": allowed}}
        if path == "/api/v1/namespaces/kube-system":
            metadata = {"metadata": {"uid": self.identity}}
            return (200, metadata) if self.identity else (403, {"message": "cannot get it"})
        kind, space, name = _parsed(path)
        verb = _VERBS.get(method, "get" if name else "list")
        resource = PATHS[kind].rpartition("/")[2]
        if f"{verb} {resource}" in self.forbidden:
            return 403, {"message": f"cannot {verb} {resource}"}
        if told := self.refused.get(f"{verb} {resource}"):
            return told[0], {"message": told[1]}
        if verb == "list":
            return 200, {"items": self._listed(kind, space, query.get("labelSelector", ""))}
        return self._one(verb, (kind, name or body["metadata"]["name"]), body, query)

    def _one(
        self,
        verb: str,
        key: tuple[str, str],
        body: Any,  # noqa: ANN401  # JSON
        query: Mapping[str, str],
    ) -> tuple[int, Any]:
        there = self.objects.get(key)
        if there is None and verb != "create":
            return 404, {"message": "not found"}
        wanted = _version_in(body or {})
        stale = there and wanted and wanted != there["metadata"]["resourceVersion"]
        if stale or (there and verb == "create"):
            return 409, {"message": "it is there, and not as you think"}
        match verb:
            case "patch":
                self._patch(self.objects[key], body, query.get("fieldManager", "?"))
            case "update" | "create":
                self._put(key[0], body)
            case "delete":
                del self.objects[key]
                return 200, {}
        return 200, copy.deepcopy(self.objects[key])

    def _listed(self, kind: str, space: str, selector: str) -> list[Object]:
        labels = dict(part.split("=") for part in selector.split(",") if part)
        if kind == "EndpointSlice":
            return self._slices(labels["kubernetes.io/service-name"])
        found = [each for (of, _), each in self.objects.items() if of == kind]
        return [
            copy.deepcopy(each)
            for each in (self._pods() if kind == "Pod" else found)
            if each["metadata"].get("namespace", space) == space
            and labels.items() <= each["metadata"].get("labels", {}).items()
        ]

    def _slices(self, service: str) -> list[Object]:
        selector = self.objects["Service", service]["spec"]["selector"]
        pods = [
            pod
            for pod in self._pods()
            if selector.items() <= pod["metadata"]["labels"].items()
            and pod["status"]["phase"] == "Running"
        ]
        number = len(pods) + (self.late > 0)
        self.late = max(0, self.late - 1)
        return [{"metadata": {}, "endpoints": [{"addresses": ["10.0.0.1"]}] * number}]

    def _pods(self) -> list[Object]:
        pods = [each for (kind, _), each in self.objects.items() if kind == "Pod"]
        for (kind, name), owner in self.objects.items():
            if kind not in _WORKLOADS:
                continue
            wanted = owner["spec"].get("replicas", 1)
            if not wanted and (self.stuck or self.lingering):
                self.lingering = max(0, self.lingering - 1)
                wanted = 1
            labels = owner["spec"]["template"]["metadata"]["labels"]
            for number in range(wanted):
                named = f"{name}-{number}"
                metadata = {"name": named, "namespace": "ml", "uid": named, "labels": labels}
                spec = owner["spec"]["template"]["spec"]
                pods.append({"metadata": metadata, "spec": spec, "status": {"phase": "Running"}})
        return pods

    def _put(self, kind: str, body: Object) -> None:
        self.objects[kind, body["metadata"]["name"]] = {**body, "kind": kind}
        self._changed(self.objects[kind, body["metadata"]["name"]])

    def _patch(self, there: Object, body: Object, manager: str) -> None:
        before = copy.deepcopy(there["spec"])
        managers = body.get("metadata", {}).get("managedFields")
        _merge(there, {**body, "metadata": {**body.get("metadata", {}), "resourceVersion": "0"}})
        if there["spec"] != before:
            there["metadata"]["generation"] += 1
        if managers is None:
            known = there["metadata"].setdefault("managedFields", [])
            if manager not in [each["manager"] for each in known]:
                known.append({"manager": manager, "operation": "Update"})
        self._changed(there)

    def _changed(self, body: Object) -> None:
        self._version += 1
        metadata = body["metadata"]
        metadata["resourceVersion"] = str(self._version)
        if body["kind"] in _WORKLOADS:
            number = body["spec"].get("replicas", 1)
            back = self.comes_back or "status" not in body
            ready = number if back else 0
            body["status"] = {
                "observedGeneration": metadata["generation"],
                "readyReplicas": ready,
            }


def _parsed(path: str) -> tuple[str, str, str]:
    for pattern, kind in _COLLECTIONS.items():
        if found := re.fullmatch(f"{pattern}(?:/([^/]+))?", path):
            return kind, found[1], found[2] or ""
    raise AssertionError(f"{path} is not played")


def _version_in(body: Object) -> str:
    holder = body.get("preconditions") or body.get("metadata") or {}
    return str(holder.get("resourceVersion", ""))


def _merge(into: Object, patch: Object) -> None:
    """A JSON merge patch (RFC 7396)."""
    for name, value in patch.items():
        if value is None:
            into.pop(name, None)
        elif isinstance(value, dict):
            _merge(into.setdefault(name, {}), value)
        else:
            into[name] = value
