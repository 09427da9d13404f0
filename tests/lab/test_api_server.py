"""What the API server of Kubernetes would refuse, and what it takes: by rule, with the line."""

import re
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from acceptance.errors import SetupError
from acceptance.lab.embedded.manifests import DEFAULT, Manifests

Change = Callable[[dict[str, Any]], object]
POD = "spec.template.spec."
C = f"{POD}containers[0]."


def container(**fields: object) -> Change:
    return lambda item: item["spec"]["template"]["spec"]["containers"][0].update(fields)


def pod(**fields: object) -> Change:
    return lambda item: item["spec"]["template"]["spec"].update(fields)


def spec(**fields: object) -> Change:
    return lambda item: item["spec"].update(fields)


def metadata(**fields: object) -> Change:
    return lambda item: item["metadata"].update(fields)


def top(**fields: object) -> Change:
    return lambda item: item.update(fields)


def env(**entry: object) -> Change:
    return container(env=[entry])


def mount(**fields: object) -> Change:
    return container(volumeMounts=[{"name": "data", "mountPath": "/a", **fields}])


def template_labels(item: dict[str, Any]) -> None:
    item["spec"]["template"]["metadata"]["labels"] = {"app": "other"}


def twice(item: dict[str, Any]) -> None:
    containers = item["spec"]["template"]["spec"]["containers"]
    containers.append({**containers[0]})


PORTS = [{"name": "a", "port": 80}, {"name": "b", "port": 81}]
WORKLOADS: dict[str, tuple[Change, str]] = {
    "an old version": (
        top(apiVersion="extensions/v1beta1"),
        'no matches for kind "StatefulSet" in version "extensions/v1beta1"',
    ),
    "an unknown field": (top(specs={}), 'unknown field "specs"'),
    "an unknown field of a container": (container(Image="x"), f'unknown field "{C}Image"'),
    "an unknown field of a pod": (pod(container=[]), f'unknown field "{POD}container"'),
    "a name in capitals": (metadata(name="Web"), "metadata.name: Invalid value"),
    "a long name": (metadata(name="w" * 254), "metadata.name: Invalid value"),
    "a long namespace": (metadata(namespace="w" * 64), "metadata.namespace: Invalid value"),
    "a label with a space": (metadata(labels={"a": "b c"}), "metadata.labels.a: Invalid value"),
    "a label's key": (metadata(labels={"a b": "c"}), "metadata.labels.a b: Invalid value"),
    "no selector": (spec(selector=None), "spec.selector: Required value"),
    "an empty selector": (spec(selector={}), "spec.selector: Required value"),
    "a selector that does not match": (template_labels, "does not match template `labels`"),
    "an expression that does not": (
        spec(selector={"matchExpressions": [{"key": "x", "operator": "Exists"}]}),
        "does not match template `labels`",
    ),
    "no container": (pod(containers=[]), f"{POD}containers: Required value"),
    "a container twice": (twice, f"{POD}containers[1].name: Duplicate value"),
    "a long container name": (container(name="w" * 300), f"{C}name: Invalid value"),
    "a name of a domain": (container(name="a.b"), f"{C}name: Invalid value"),
    "never restarted": (pod(restartPolicy="Never"), f"{POD}restartPolicy: Unsupported value"),
    "a pull policy": (container(imagePullPolicy="Maybe"), "imagePullPolicy: Unsupported value"),
    "a volume twice": (
        pod(volumes=[{"name": "v", "emptyDir": {}}] * 2),
        f"{POD}volumes[1].name: Duplicate value",
    ),
    "a volume of nothing": (pod(volumes=[{"name": "v"}]), f"{POD}volumes[0]: Required value"),
    "a volume of two kinds": (
        pod(volumes=[{"name": "v", "emptyDir": {}, "hostPath": {"path": "/"}}]),
        f"{POD}volumes[0]: Forbidden: more than 1 volume type",
    ),
    "a mount without volume": (
        mount(name="none"),
        f'{C}volumeMounts[0].name: Not found: "none"',
    ),
    "a mount of a colon": (mount(mountPath="/a:b"), "mountPath: Invalid value"),
    "one place for two mounts": (
        container(volumeMounts=[{"name": "data", "mountPath": "/a"}] * 2),
        f"{C}volumeMounts[1].mountPath: Invalid value: must be unique",
    ),
    "two parts of a volume": (mount(subPath="a", subPathExpr="b"), "exclude each other"),
    "a variable with =": (env(name="A=B", value="c"), f"{C}env[0].name: Invalid value"),
    "a variable without name": (env(name="", value="c"), f"{C}env[0].name: Invalid value"),
    "a variable in two ways": (
        env(name="A", value="b", valueFrom={"fieldRef": {"fieldPath": "metadata.name"}}),
        f"{C}env[0].valueFrom: Invalid value: may not be specified when `value`",
    ),
    "a variable from nowhere": (env(name="A", valueFrom={}), "must specify one of"),
    "a variable from two places": (
        env(
            name="A",
            valueFrom={
                "fieldRef": {"fieldPath": "metadata.name"},
                "secretKeyRef": {"name": "a", "key": "b"},
            },
        ),
        "must specify one of",
    ),
    "a field that is none": (
        env(name="A", valueFrom={"fieldRef": {"fieldPath": "status.phase"}}),
        f"{C}env[0].valueFrom.fieldRef.fieldPath: Unsupported value",
    ),
    "variables from nowhere": (container(envFrom=[{"prefix": "A"}]), "must specify one of"),
    "a prefix that is none": (
        container(envFrom=[{"prefix": "A=", "secretRef": {"name": "a"}}]),
        "envFrom[0].prefix: Invalid value",
    ),
    "a port beyond all": (container(ports=[{"containerPort": 65536}]), "not a port number"),
    "a port named twice": (
        container(ports=[{"name": "a", "containerPort": 1}, {"name": "a", "containerPort": 2}]),
        f"{C}ports[1].name: Duplicate value",
    ),
    "a long port name": (
        container(ports=[{"name": "a-port-of-sixteen", "containerPort": 1}]),
        f"{C}ports[0].name: Invalid value",
    ),
    "a protocol": (
        container(ports=[{"containerPort": 1, "protocol": "HTTP"}]),
        f"{C}ports[0].protocol: Unsupported value",
    ),
    "a probe of nothing": (container(readinessProbe={}), f"{C}readinessProbe: Required value"),
    "a probe of two kinds": (
        container(livenessProbe={"httpGet": {"port": 1}, "tcpSocket": {"port": 1}}),
        f"{C}livenessProbe: Required value",
    ),
    "a quantity": (
        container(resources={"limits": {"memory": "2 GB"}}),
        f"{C}resources.limits.memory: Invalid value: quantities must match",
    ),
    "more than the limit": (
        container(resources={"requests": {"cpu": 1}, "limits": {"cpu": "500m"}}),
        f"{C}resources.requests.cpu: Invalid value: must be less than or equal to cpu limit",
    ),
}
OTHERS: dict[str, tuple[str, Change, str]] = {
    "a Service whose name begins with a digit's dot": (
        "Service",
        metadata(name="a.b"),
        "metadata.name: Invalid value",
    ),
    "a type": ("Service", spec(type="Public"), "spec.type: Unsupported value"),
    "two ports without names": (
        "Service",
        spec(ports=[{"port": 80}, {"port": 81}]),
        "spec.ports[0].name: Required value",
    ),
    "one port twice": (
        "Service",
        spec(ports=[*PORTS, {"name": "c", "port": 80}]),
        "spec.ports[2]: Duplicate value",
    ),
    "a target in quotes": (
        "Service",
        spec(ports=[{"port": 80, "targetPort": "8080"}]),
        "spec.ports[0].targetPort: Invalid value: the name of a port",
    ),
    "a node's port": (
        "Service",
        spec(ports=[{"port": 80, "nodePort": 30080}]),
        "spec.ports[0].nodePort: Forbidden",
    ),
    "a node's port out of range": (
        "Service",
        spec(type="NodePort", ports=[{"port": 80, "nodePort": 80}]),
        "spec.ports[0].nodePort: Invalid value",
    ),
    "an outside name": ("Service", spec(type="ExternalName"), "spec.externalName: Required value"),
    "a pair that is none": (
        "Secret",
        top(type="kubernetes.io/tls"),
        "data.tls.crt: Required value",
    ),
    "more than a Secret holds": (
        "Secret",
        top(stringData={"A": "b" * 1_048_577}),
        "Too long: may not be more than 1048576 bytes",
    ),
}
HEALTHY: dict[str, Change] = {
    "expressions": spec(
        selector={
            "matchExpressions": [
                {"key": "app.kubernetes.io/component", "operator": "In", "values": ["open-webui"]},
                {"key": "none", "operator": "DoesNotExist"},
                {"key": "none", "operator": "NotIn", "values": ["x"]},
            ]
        }
    ),
    "fields of the pod": env(
        name="A", valueFrom={"fieldRef": {"fieldPath": "metadata.labels['app']"}}
    ),
    "quantities": container(
        resources={"requests": {"cpu": 0.5, "memory": "1Gi"}, "limits": {"memory": "1.5G"}}
    ),
    "a variable with a dot": env(name="a.b-c", value="d"),
    "a part that a variable names": mount(subPathExpr="$(POD)"),
    "a probe": container(startupProbe={"exec": {"command": ["true"]}, "periodSeconds": 1}),
}


def damaged(folder: Path, kind: str, change: Change) -> tuple[Path, dict[str, Any]]:
    documents = [
        deepcopy(each) for each in yaml.safe_load_all((DEFAULT / "open-webui.yaml").read_text())
    ]
    changed = next(each for each in documents if each["kind"] == kind)
    change(changed)
    (folder / "web.yaml").write_text(yaml.safe_dump_all(documents))
    return folder, changed


@pytest.mark.parametrize(("change", "found"), WORKLOADS.values(), ids=WORKLOADS.keys())
def test_a_workload_is_refused(tmp_path: Path, change: Change, found: str) -> None:
    _check_refused(tmp_path, "StatefulSet", change, found)


@pytest.mark.parametrize(("kind", "change", "found"), OTHERS.values(), ids=OTHERS.keys())
def test_another_object_is_refused(tmp_path: Path, kind: str, change: Change, found: str) -> None:
    _check_refused(tmp_path, kind, change, found)


def _check_refused(folder: Path, kind: str, change: Change, found: str) -> None:
    place, changed = damaged(folder, kind, change)
    with pytest.raises(SetupError, match=re.escape(found)) as caught:
        Manifests.load(place)
    assert f"{kind} {changed['metadata']['name']}: " in str(caught.value)
    assert re.search(r"where     .*/web\.yaml, line \d+", str(caught.value))


@pytest.mark.parametrize("change", HEALTHY.values(), ids=HEALTHY.keys())
def test_what_is_right_is_taken(tmp_path: Path, change: Change) -> None:
    assert Manifests.load(damaged(tmp_path, "StatefulSet", change)[0]).notes == ()


def test_the_line_is_the_fields(tmp_path: Path) -> None:
    text = "apiVersion: v1\nkind: Service\nmetadata:\n  name: x\nspec:\n  ports:\n  - port: 80\n"
    (tmp_path / "x.yaml").write_text(f"---\n{text}    nodePort: 1\n")
    with pytest.raises(SetupError, match=r"x\.yaml, line 9"):
        Manifests.load(tmp_path)


def test_a_key_that_stands_twice_is_refused(tmp_path: Path) -> None:
    text = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: x\n  name: y\n"
    (tmp_path / "x.yaml").write_text(text)
    with pytest.raises(SetupError, match=r'(?s)key "name" already set in map.*line 5'):
        Manifests.load(tmp_path)


def test_a_character_that_no_program_can_be_given(tmp_path: Path) -> None:
    text = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata:\n  A: "\\0"\n'
    (tmp_path / "x.yaml").write_text(text)
    with pytest.raises(SetupError, match=r"(?s)a text with NUL.*x\.yaml, line 5"):
        Manifests.load(tmp_path)


def test_the_fields_are_those_of_the_api() -> None:
    """Compared with the official client, which is generated from the API's own description."""
    from kubernetes import client  # noqa: PLC0415  # takes two seconds

    from acceptance.lab.embedded import shape  # noqa: PLC0415  # its shapes are nobody else's

    for name, ours in {
        "V1Container": shape._CONTAINER,  # noqa: SLF001
        "V1PodSpec": shape._POD,  # noqa: SLF001
        "V1Volume": shape._VOLUME,  # noqa: SLF001
        "V1ObjectMeta": shape._METADATA,  # noqa: SLF001
        "V1Probe": shape._PROBE,  # noqa: SLF001
        "V1EnvVar": shape._ENTRY,  # noqa: SLF001
        "V1DeploymentSpec": shape.KINDS["Deployment"]["spec!"],
        "V1StatefulSetSpec": shape.KINDS["StatefulSet"]["spec!"],
        "V1ServiceSpec": shape.KINDS["Service"]["spec!"],
    }.items():
        assert isinstance(ours, dict)
        theirs = set(getattr(client, name).attribute_map.values())
        assert {field.removesuffix("!") for field in ours} == theirs, name
