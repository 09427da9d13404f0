"""Schemas of Kubernetes objects, as the projects publish them in their Go modules: strict ones."""

import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from dev.node.programs import kubernetes_version

_KUBERNETES = f"k8s.io/kubernetes@v{kubernetes_version()}"
_OPERATOR = "github.com/prometheus-operator/prometheus-operator@v0.85.0"
_REF = "#/components/schemas/"


def problems(item: Mapping[str, Any]) -> list[str]:
    """What its schema has against an object; skips the test where there is no Go to fetch it."""
    version, kind = str(item["apiVersion"]), str(item["kind"])
    if version.startswith("monitoring.coreos.com/"):
        return _found(_custom(kind), item)
    if version.startswith("testworkflows.testkube.io/"):
        return _found(_testkube(), item)
    document = _document(version)
    names = [name for name, each in document.items() if _is(each, version, kind)]
    assert names, f"Kubernetes knows no {kind} of {version}"
    return _found({"$ref": f"{_REF}{names[0]}", "components": {"schemas": document}}, item)


def _found(schema: Mapping[str, Any], item: Mapping[str, Any]) -> list[str]:
    validator = jsonschema.Draft202012Validator(schema)
    return [f"{each.json_path}: {each.message}" for each in validator.iter_errors(item)]


@cache
def _module(module: str) -> Path:
    if not (go := shutil.which("go")):
        pytest.skip(f"the schemas are in the Go module {module}, and there is no Go on PATH")
    done = subprocess.run(
        [go, "mod", "download", "-json", module], capture_output=True, text=True, check=False
    )
    told = json.loads(done.stdout or "{}")
    if "Dir" not in told:
        pytest.skip(f"the schemas cannot be fetched: {told.get('Error', done.stderr)}")
    return Path(told["Dir"])


@cache
def _document(version: str) -> Mapping[str, Any]:
    place = f"apis__{version.replace('/', '__')}" if "/" in version else f"api__{version}"
    file = _module(_KUBERNETES) / f"api/openapi-spec/v3/{place}_openapi.json"
    schemas = json.loads(file.read_text(encoding="utf-8"))["components"]["schemas"]
    return {name: _strict(each) for name, each in schemas.items()}


def _is(schema: Mapping[str, Any], version: str, kind: str) -> bool:
    group, _, number = version.rpartition("/")
    known = {"group": group, "kind": kind, "version": number}
    return known in schema.get("x-kubernetes-group-version-kind", ())


@cache
def _custom(kind: str) -> Mapping[str, Any]:
    folder = _module(_OPERATOR) / "example/prometheus-operator-crd"
    (file,) = folder.glob(f"monitoring.coreos.com_{kind.lower()}s.yaml")
    definition = yaml.safe_load(file.read_text(encoding="utf-8"))
    (version,) = definition["spec"]["versions"]
    schema: Mapping[str, Any] = _strict(version["schema"]["openAPIV3Schema"])
    return schema


@cache
def _testkube() -> Mapping[str, Any]:
    """What of it docs.testkube.io/articles/crds/testworkflows.testkube.io-v1 says of 2.6.

    Its own schema is in no module that the proxy has. What is Kubernetes' in it is Kubernetes'.
    """
    core = f"{_REF}io.k8s.api.core.v1."
    kubernetes = _document("v1")

    def list_of(name: str) -> Mapping[str, Any]:
        return {"type": "array", "items": {"$ref": f"{core}{name}"}}

    text = {"type": "string"}
    texts = {"type": "array", "items": text}
    container = {
        "workingDir": text,
        "image": text,
        "imagePullPolicy": text,
        "env": list_of("EnvVar"),
        "envFrom": list_of("EnvFromSource"),
        "command": texts,
        "args": texts,
        "resources": {"$ref": f"{core}ResourceRequirements"},
        "securityContext": {"$ref": f"{core}SecurityContext"},
        "volumeMounts": list_of("VolumeMount"),
    }
    pod = {
        "serviceAccountName": text,
        "volumes": list_of("Volume"),
        "securityContext": {"$ref": f"{core}PodSecurityContext"},
        "affinity": {"$ref": f"{core}Affinity"},
        "imagePullSecrets": list_of("LocalObjectReference"),
    }
    step = {
        "name": text,
        "run": _object(container),
        "artifacts": _object({"workingDir": text, "paths": texts}),
    }
    spec = {
        "job": _object({"namespace": text, "activeDeadlineSeconds": {"type": "integer"}}),
        "pod": _object(pod),
        "container": _object(container),
        "steps": {"type": "array", "items": _object(step)},
    }
    meta = {"$ref": f"{_REF}io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"}
    return {
        **_object({"apiVersion": text, "kind": text, "metadata": meta, "spec": _object(spec)}),
        "components": {"schemas": kubernetes},
    }


def _object(properties: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _strict(schema: Any) -> Any:  # noqa: ANN401  # JSON
    """The schema, with fields that nobody knows refused, as `kubectl apply` refuses them."""
    if isinstance(schema, list):
        return [_strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    strict = dict(_parts(schema))
    if "properties" in schema and not schema.get("x-kubernetes-preserve-unknown-fields"):
        strict.setdefault("additionalProperties", False)
    return strict


def _parts(schema: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in schema.items():
        if name == "properties":  # names of fields, one of which may be called so
            yield name, {field: _strict(each) for field, each in value.items()}
        elif name not in ("default", "example", "enum"):
            yield name, _strict(value)
        elif name == "enum":
            yield name, value
