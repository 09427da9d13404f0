"""The shape of the manifest objects that the lab reads: what Kubernetes would refuse is refused.

Fields are those that the official client of Kubernetes knows (37.0, which is 1.34 and what came
since): `kubectl apply` validates strictly, so that one which nobody knows is refused, too.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from acceptance.lab.embedded.rules import Wrong, broken, shown
from acceptance.resources import Manifest


@dataclass(frozen=True, kw_only=True, slots=True)
class Is:
    """A value that passes a test."""

    words: str
    """What is wanted, for people."""
    test: Callable[[object], bool]


Shape = Is | list["Shape"] | Mapping[str, "Shape"]
"""A value; a list of equals; or an object by its fields, with `!` behind those that must be."""

_ANY = Is(words="anything", test=lambda _: True)


def _with(shape: Mapping[str, Shape], others: str) -> Mapping[str, Shape]:
    """The shape, with further fields that exist and are not looked into."""
    return {**dict.fromkeys(others.split(), _ANY), **shape}


def _like(pattern: str, value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(pattern, value) is not None


def _number(lowest: int, value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= lowest


def _texts(keys: str, value: object) -> bool:
    return isinstance(value, dict) and all(
        _like(keys, key) and isinstance(text, str | None) for key, text in value.items()
    )


_WITHIN = r"(?!/)(?!(.*/)?\.\.(/|$)).+"
"""A path that stays below the folder that it starts from."""
TEXT = Is(words="a text (numbers and booleans need quotes)", test=partial(_like, r"(?s).*"))
NAME = Is(words="a name in lower case", test=partial(_like, r"[a-z0-9]([-.a-z0-9]*[a-z0-9])?"))
PATH = Is(words="a relative path without ..", test=partial(_like, _WITHIN))
COUNT = Is(words="a whole number, not below 0", test=partial(_number, 0))
PORT = Is(words="a port number", test=lambda value: _number(1, value) and not _number(65536, value))
TARGET = Is(words="a port number or name", test=lambda value: TEXT.test(value) or PORT.test(value))
LABELS = Is(words="texts by name", test=partial(_texts, r".+"))
DATA = Is(words="texts by key", test=partial(_texts, r"(?!\.\.?$)[-._a-zA-Z0-9]+"))

_ITEMS: Shape = [_with({"key!": TEXT, "path!": PATH}, "mode user")]
_KEY: Shape = _with({"name!": TEXT, "key!": TEXT}, "optional")
_ALL: Shape = _with({"name!": TEXT}, "optional")
_ENTRY: Shape = {
    "name!": TEXT,
    "value": TEXT,
    "valueFrom": _with(
        {
            "secretKeyRef": _KEY,
            "configMapKeyRef": _KEY,
            "fieldRef": _with({"fieldPath!": TEXT}, "apiVersion"),
            "resourceFieldRef": _with({}, "containerName divisor resource"),
        },
        "fileKeyRef",
    ),
}
_PROBE: Shape = _with(
    {},
    "exec failureThreshold grpc httpGet initialDelaySeconds periodSeconds successThreshold "
    "tcpSocket terminationGracePeriodSeconds timeoutSeconds",
)
_CONTAINER: Shape = _with(
    {
        "name!": NAME,
        "image!": TEXT,
        "command": [TEXT],
        "args": [TEXT],
        "workingDir": TEXT,
        "env": [_ENTRY],
        "envFrom": [{"prefix": TEXT, "configMapRef": _ALL, "secretRef": _ALL}],
        "ports": [_with({"name": TEXT, "containerPort!": PORT}, "hostIP hostPort protocol")],
        "volumeMounts": [
            _with(
                {"name!": NAME, "mountPath!": TEXT, "subPath": PATH, "subPathExpr": TEXT},
                "bindMountOptions mountPropagation readOnly recursiveReadOnly",
            )
        ],
        "resources": _with({}, "claims limits requests"),
        "livenessProbe": _PROBE,
        "readinessProbe": _PROBE,
        "startupProbe": _PROBE,
    },
    "imagePullPolicy lifecycle resizePolicy restartPolicy restartPolicyRules securityContext stdin "
    "stdinOnce terminationMessagePath terminationMessagePolicy tty volumeDevices",
)
_CONFIG_MAP: Shape = _with({"name!": TEXT, "items": _ITEMS}, "defaultMode defaultUser optional")
_VOLUME: Shape = _with(
    {
        "name!": NAME,
        "configMap": _CONFIG_MAP,
        "secret": _with({"secretName!": TEXT, "items": _ITEMS}, "defaultMode defaultUser optional"),
        "projected": _with(
            {
                "sources": [
                    _with(
                        {
                            "configMap": _with({"name!": TEXT, "items": _ITEMS}, "optional"),
                            "secret": _with({"name!": TEXT, "items": _ITEMS}, "optional"),
                        },
                        "clusterTrustBundle downwardAPI podCertificate serviceAccountToken",
                    )
                ]
            },
            "defaultMode defaultUser",
        ),
    },
    "awsElasticBlockStore azureDisk azureFile cephfs cinder csi downwardAPI emptyDir ephemeral fc "
    "flexVolume flocker gcePersistentDisk gitRepo glusterfs hostPath image iscsi nfs "
    "persistentVolumeClaim photonPersistentDisk portworxVolume quobyte rbd scaleIO storageos "
    "vsphereVolume",
)
_POD: Shape = _with(
    {"containers!": [_CONTAINER], "initContainers": [_CONTAINER], "volumes": [_VOLUME]},
    "activeDeadlineSeconds affinity automountServiceAccountToken dnsConfig dnsPolicy "
    "enableServiceLinks ephemeralContainers evictionResponders hostAliases "
    "hostIPC hostNetwork hostPID hostUsers "
    "hostname hostnameOverride imagePullSecrets nodeName nodeSelector os overhead preemptionPolicy "
    "priority priorityClassName readinessGates resourceClaims resources restartPolicy "
    "runtimeClassName schedulerName schedulingGates schedulingGroup securityContext serviceAccount "
    "serviceAccountName setHostnameAsFQDN shareProcessNamespace subdomain "
    "terminationGracePeriodSeconds tolerations topologySpreadConstraints",
)
_METADATA: Mapping[str, Shape] = _with(
    {"name": TEXT, "namespace": NAME, "labels": LABELS, "annotations": LABELS},
    "creationTimestamp deletionGracePeriodSeconds deletionTimestamp finalizers generateName "
    "generation managedFields ownerReferences resourceVersion selfLink uid",
)
_WORKLOAD: Mapping[str, Shape] = {
    "replicas": COUNT,
    "selector": {"matchLabels": LABELS, "matchExpressions": [_with({}, "key operator values")]},
    "template!": {"metadata!": _METADATA, "spec!": _POD},
}
_EITHER = "minReadySeconds revisionHistoryLimit"
_OBJECT: Shape = {
    "kind!": TEXT,
    "metadata!": {**_METADATA, "name!": TEXT},
}
KINDS: Mapping[str, Mapping[str, Shape]] = {
    "Deployment": {
        "spec!": _with(_WORKLOAD, f"{_EITHER} paused progressDeadlineSeconds strategy"),
    },
    "StatefulSet": {
        "spec!": _with(
            {
                **_WORKLOAD,
                "volumeClaimTemplates": [
                    _with({"metadata!": {**_METADATA, "name!": NAME}}, "spec")
                ],
            },
            f"{_EITHER} ordinals persistentVolumeClaimRetentionPolicy podManagementPolicy "
            "serviceName updateStrategy",
        ),
    },
    "Pod": {"spec!": _POD},
    "Service": {
        "spec!": _with(
            {
                "type": TEXT,
                "selector": LABELS,
                "ports": [
                    _with(
                        {"name": TEXT, "port!": PORT, "targetPort": TARGET, "nodePort": PORT},
                        "appProtocol protocol",
                    )
                ],
            },
            "allocateLoadBalancerNodePorts clusterIP clusterIPs externalIPs externalName "
            "externalTrafficPolicy healthCheckNodePort internalTrafficPolicy ipFamilies "
            "ipFamilyPolicy loadBalancerClass loadBalancerIP loadBalancerSourceRanges "
            "publishNotReadyAddresses sessionAffinity sessionAffinityConfig trafficDistribution",
        )
    },
    "ConfigMap": {"data": DATA, "binaryData": DATA, "immutable": _ANY},
    "Secret": {"data": DATA, "stringData": DATA, "immutable": _ANY, "type": TEXT, "sops": _ANY},
}


def misshapen(item: object) -> Wrong | None:
    """What is wrong with an object first of all; None when it can be used. Quotes no value."""
    return next(_wrong_with(item), None)


def _wrong_with(item: object) -> Iterator[Wrong]:
    if not isinstance(item, dict):
        yield Wrong((), f"the document is {type(item).__name__}, not an object")
        return
    yield from _wrong({name: item.get(name) for name in ("kind", "metadata")}, _OBJECT, ())
    shape = KINDS.get(item["kind"])
    if shape is not None:
        yield from _wrong(item, _with(shape, "apiVersion kind metadata status"), ())
        yield from broken(item)


def _wrong(value: object, shape: Shape, path: tuple[str | int, ...]) -> Iterator[Wrong]:
    if isinstance(shape, Is):
        if not shape.test(value):
            yield Wrong(path, f"{shown(path)} is {type(value).__name__}, not {shape.words}")
    elif isinstance(shape, list):
        if not isinstance(value, list):
            yield Wrong(path, f"{shown(path)} is {type(value).__name__}, not a list")
            return
        for number, each in enumerate(value):
            yield from _wrong(each, shape[0], (*path, number))
    elif not isinstance(value, dict):
        yield Wrong(path, f"{shown(path)} is {type(value).__name__}, not an object")
    else:
        yield from _wrong_fields(value, shape, path)


def _wrong_fields(
    value: Manifest, shape: Mapping[str, Shape], path: tuple[str | int, ...]
) -> Iterator[Wrong]:
    known = {field.removesuffix("!") for field in shape}
    for name in value:
        if name not in known:
            yield Wrong((*path, name), f'unknown field "{shown((*path, name))}"')
    for field, inner in shape.items():
        name = field.removesuffix("!")
        below = (*path, name)
        if value.get(name) is not None:
            yield from _wrong(value[name], inner, below)
        elif name != field:
            yield Wrong(path, f"{shown(below)} is missing")
