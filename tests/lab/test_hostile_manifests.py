"""Objects that Kubernetes would refuse: refused with file, object and field, no value quoted."""

import re
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from acceptance.errors import SetupError
from acceptance.lab.embedded.manifests import DEFAULT, Manifests
from acceptance.lab.embedded.plan import plan_pods

KEY = "sk-planted-0123456789"
WEB = "StatefulSet open-webui: spec.template.spec."
C = f"{WEB}containers[0]"
Change = Callable[[dict[str, Any]], object]
"""Something done to the container, the pod spec, the object."""


def _container(**fields: object) -> Change:
    return lambda item: item["spec"]["template"]["spec"]["containers"][0].update(fields)


def _pod(**fields: object) -> Change:
    return lambda item: item["spec"]["template"]["spec"].update(fields)


def _spec(**fields: object) -> Change:
    return lambda item: item["spec"].update(fields)


def _object(**fields: object) -> Change:
    return lambda item: item.update(fields)


ENTRY = "containers[0].env[0]"
WORKLOADS: dict[str, tuple[Change, str]] = {
    "no spec": (_object(spec=None), "spec is missing"),
    "a spec that is a list": (_object(spec=[]), "spec is list, not an object"),
    "replicas in words": (_spec(replicas="two"), "spec.replicas is str, not a whole"),
    "replicas in quotes": (_spec(replicas="2"), "spec.replicas is str"),
    "replicas below zero": (_spec(replicas=-1), "spec.replicas is int, not a whole"),
    "half a replica": (_spec(replicas=1.5), "spec.replicas is float"),
    "replicas: yes": (_spec(replicas=True), "spec.replicas is bool"),
    "no template": (_spec(template=None), "spec.template is missing"),
    "a template in words": (_spec(template="x"), "spec.template is str"),
    "no template metadata": (
        lambda item: item["spec"]["template"].pop("metadata"),
        "template.metadata is",
    ),
    "labels of numbers": (
        lambda item: item["spec"]["template"]["metadata"].update(labels={"a": 1}),
        "spec.template.metadata.labels is dict, not texts by name",
    ),
    "no containers": (_pod(containers=None), f"{WEB}containers is missing"),
    "containers as an object": (_pod(containers={}), f"{WEB}containers is dict"),
    "containers of texts": (_pod(containers=["x"]), f"{C} is str"),
    "no image": (_container(image=None), f"{C}.image is missing"),
    "an image that is a number": (_container(image=1.2), "image is float"),
    "no container name": (_container(name=None), "containers[0].name is missing"),
    "env as an object": (_container(env={"A": "b"}), f"{C}.env is dict"),
    "env of texts": (_container(env=["A=b"]), f"{WEB}{ENTRY} is str"),
    "an entry without name": (_container(env=[{"value": KEY}]), f"{ENTRY}.name is miss"),
    "a value that is a number": (
        _container(env=[{"name": "A", "value": 8080}]),
        f"{ENTRY}.value is int, not a te",
    ),
    "a value that is a boolean": (
        _container(env=[{"name": "A", "value": False}]),
        f"{ENTRY}.value is bool",
    ),
    "a value that is a list": (
        _container(env=[{"name": "A", "value": [KEY]}]),
        f"{ENTRY}.value is list",
    ),
    "valueFrom in words": (
        _container(env=[{"name": "A", "valueFrom": "x"}]),
        f"{ENTRY}.valueFrom is str",
    ),
    "a reference without key": (
        _container(env=[{"name": "A", "valueFrom": {"secretKeyRef": {"name": "x"}}}]),
        f"{ENTRY}.valueFrom.secretKeyRef.key is missing",
    ),
    "a reference without name": (
        _container(env=[{"name": "A", "valueFrom": {"configMapKeyRef": {"key": "x"}}}]),
        f"{ENTRY}.valueFrom.configMapKeyRef.name is missing",
    ),
    "a field without path": (
        _container(env=[{"name": "A", "valueFrom": {"fieldRef": {}}}]),
        f"{ENTRY}.valueFrom.fieldRef.fieldPath is missing",
    ),
    "envFrom as an object": (_container(envFrom={}), "envFrom is dict, not a list"),
    "envFrom without name": (
        _container(envFrom=[{"secretRef": {}}]),
        "envFrom[0].secretRef.name is missing",
    ),
    "a prefix that is a number": (_container(envFrom=[{"prefix": 1}]), "prefix is int"),
    "args in one text": (_container(args="--port 1"), "args is str, not a list"),
    "args of numbers": (_container(args=["--port", 4000]), "args[1] is int"),
    "a command of lists": (_container(command=[["x"]]), "command[0] is list"),
    "ports in words": (_container(ports=["http"]), "ports[0] is str, not an object"),
    "a port that is a name": (
        _container(ports=[{"containerPort": "http"}]),
        "containerPort is str, not a port",
    ),
    "a mount without path": (_container(volumeMounts=[{"name": "data"}]), "mountPath is missing"),
    "a mount that leaves its volume": (
        _container(volumeMounts=[{"name": "data", "mountPath": "/x", "subPath": "../../etc"}]),
        "volumeMounts[0].subPath is str, not a relative path",
    ),
    "a volume whose name is a path": (
        _pod(volumes=[{"name": "../x"}]),
        f"{WEB}volumes[0].name is str, not a name",
    ),
    "a volume without name": (_pod(volumes=[{"emptyDir": {}}]), "volumes[0].name is mis"),
    "a volume of a nameless ConfigMap": (
        _pod(volumes=[{"name": "c", "configMap": {}}]),
        "configMap.name is missing",
    ),
    "an item that leaves the volume": (
        _pod(
            volumes=[
                {
                    "name": "c",
                    "secret": {
                        "secretName": "s",
                        "items": [{"key": "a", "path": "/etc/passwd"}],
                    },
                }
            ]
        ),
        "items[0].path is str, not a relative path",
    ),
    "a claim without name": (
        _spec(volumeClaimTemplates=[{}]),
        "volumeClaimTemplates[0].metadata is missing",
    ),
}
OTHERS: dict[str, tuple[str, Change, str]] = {
    "a Service without spec": (
        "Service",
        _object(spec=None),
        "Service open-webui: spec is missing",
    ),
    "a Service without ports": ("Service", _spec(ports=None), "spec.ports is missing"),
    "a Service with a port in words": ("Service", _spec(ports=[{"port": "http"}]), "port is str"),
    "a Service with port 0": ("Service", _spec(ports=[{"port": 0}]), "spec.ports[0].port is int"),
    "a target that is a list": (
        "Service",
        _spec(ports=[{"port": 80, "targetPort": []}]),
        "spec.ports[0].targetPort is list",
    ),
    "a selector in words": ("Service", _spec(selector="app"), "spec.selector is str"),
    "a Secret of numbers": (
        "Secret",
        _object(stringData={"A": 5}),
        "stringData is dict, not texts",
    ),
    "a Secret as a list": ("Secret", _object(data=[KEY]), "data is list, not texts by key"),
    "keys that are numbers": ("Secret", _object(stringData={1: KEY}), "stringData is dict"),
    "a key that is a path": ("Secret", _object(stringData={"../x": KEY}), "stringData is dict"),
    "a key that is the folder above": (
        "Secret",
        _object(stringData={"..": KEY}),
        "stringData is dict",
    ),
}
FILE = DEFAULT / "open-webui.yaml"


@pytest.mark.parametrize(("change", "found"), WORKLOADS.values(), ids=WORKLOADS.keys())
def test_a_workload_that_kubernetes_refuses(tmp_path: Path, change: Change, found: str) -> None:
    _check_refused(tmp_path, "StatefulSet", change, found)


@pytest.mark.parametrize(("kind", "change", "found"), OTHERS.values(), ids=OTHERS.keys())
def test_an_object_that_kubernetes_refuses(
    tmp_path: Path, kind: str, change: Change, found: str
) -> None:
    _check_refused(tmp_path, kind, change, found)


def _check_refused(tmp_path: Path, kind: str, change: Change, found: str) -> None:
    documents = [deepcopy(each) for each in yaml.safe_load_all(FILE.read_text())]
    changed = next(each for each in documents if each["kind"] == kind)
    change(changed)
    (tmp_path / "web.yaml").write_text(yaml.safe_dump_all(documents))
    with pytest.raises(SetupError, match=re.escape(found)) as caught:
        Manifests.load(tmp_path)
    assert f"{kind} {changed['metadata']['name']}: " in str(caught.value)
    assert "web.yaml" in str(caught.value)
    assert KEY not in str(caught.value)


PLANS: dict[str, Change] = {
    "replicas in words": _spec(replicas="two"),
    "no containers": _pod(containers=None),
    "containers as a number": _pod(containers=5),
    "no template": _spec(template={}),
    "a reference of another kind": _container(
        env=[{"name": "A", "valueFrom": {"fileKeyRef": {"path": "x"}}}]
    ),
}


@pytest.mark.parametrize("change", PLANS.values(), ids=PLANS.keys())
def test_a_fault_that_no_cluster_would_take(change: Change) -> None:
    manifests = Manifests.load(DEFAULT)
    item: Any = deepcopy(manifests.get("StatefulSet", "apps", "open-webui"))
    change(item)
    with pytest.raises(SetupError, match="StatefulSet apps/open-webui"):
        plan_pods(manifests.with_changes([item]))
