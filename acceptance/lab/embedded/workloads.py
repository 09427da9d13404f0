"""What starts pods otherwise than the lab does, as what it runs: one program a Deployment.

How such a kind replaces its pods, spreads them over nodes or takes them away when nobody asks is
not what the story asks: its template is.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from acceptance.json_values import mapping, sequence
from acceptance.lab.embedded.compose_names import SHARES
from acceptance.lab.embedded.programs import Program, program_for
from acceptance.lab.embedded.shape import KINDS
from acceptance.resources import Manifest

_KNATIVE = ("Service", "serving.knative.dev")
_OTHERS = (
    ("DaemonSet", "apps"),
    ("ReplicaSet", "apps"),
    ("ReplicationController", ""),
    ("Rollout", "argoproj.io"),
    ("DeploymentConfig", "apps.openshift.io"),
    ("CloneSet", "apps.kruise.io"),
    ("DaemonSet", "apps.kruise.io"),
    ("StatefulSet", "apps.kruise.io"),
    _KNATIVE,
)
"""Kinds that have a pod's template, with their groups."""
_REVISION = "serving.knative.dev/service"
_KNATIVE_PORT = 8080
"""Where Knative (1.18) looks for a container that declares no port."""


def told_apart(item: Manifest) -> Manifest:
    """An object that shares a kind's name with one of Kubernetes' own, by its whole name."""
    kind, group = _kind_of(item)
    foreign = kind in KINDS and "." in group  # as that of every definition of one's own
    return {**item, "kind": f"{kind}.{group}"} if foreign else item


def deployed(item: Manifest) -> tuple[Manifest, ...]:
    """What the lab runs in the place of an object; nothing where it is none of these kinds."""
    named = _kind_of(item)
    template = mapping(mapping(item.get("spec")).get("template"))
    if named not in _OTHERS or not template:
        return ()
    if named == _KNATIVE:
        return _of_knative(item, template)
    return (_deployment(item, template),)


def _kind_of(item: Manifest) -> tuple[str, str]:
    return str(item.get("kind")), str(item.get("apiVersion") or "").rpartition("/")[0]


def _deployment(item: Manifest, template: Mapping[str, Any]) -> Manifest:
    spec = mapping(item.get("spec"))
    selector = mapping(spec.get("selector"))
    if not {"matchLabels", "matchExpressions"} & set(selector):  # texts by name, or none
        selector = {"matchLabels": mapping(template.get("metadata")).get("labels") or selector}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": item.get("metadata"),
        "spec": {
            **({"replicas": spec["replicas"]} if "replicas" in spec else {}),
            "selector": selector,
            "template": template,
        },
    }


def _of_knative(item: Manifest, template: Mapping[str, Any]) -> tuple[Manifest, ...]:
    """The Deployment, and the Service by which it is found at port 80."""
    metadata = mapping(item.get("metadata"))
    labels = {_REVISION: metadata.get("name")}
    pod = mapping(template.get("spec"))
    containers = [
        {"name": "user-container", **container} if isinstance(container, dict) else container
        for container in sequence(pod.get("containers"))
    ]
    ports = [
        mapping(each).get("containerPort")
        for container in containers
        for each in sequence(mapping(container).get("ports"))
    ]
    own = {"containerConcurrency", "timeoutSeconds", "responseStartTimeoutSeconds"}
    own |= {"idleTimeoutSeconds"}
    changed = {
        "metadata": {"labels": labels},
        "spec": {
            **{field: value for field, value in pod.items() if field not in own},
            "containers": containers,
        },
    }
    place = {name: metadata[name] for name in ("name", "namespace") if name in metadata}
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": place,
        "spec": {
            "selector": labels,
            "ports": [{"port": 80, "targetPort": (ports or [_KNATIVE_PORT])[0]}],
        },
    }
    return _deployment({**item, "spec": {}}, changed), service


def one_program_each(item: Manifest, services: Iterable[Manifest]) -> tuple[Manifest, ...]:
    """A workload in which both programs are, as two that have one network; others as they are.

    Args:
        item: any object.
        services: those of the folder: one is added for a program to which none of them leads.
    """
    spec = mapping(item.get("spec"))
    template = item if item["kind"] == "Pod" else mapping(spec.get("template"))
    pod = mapping(template.get("spec"))
    beside = [
        each
        for each in sequence(pod.get("initContainers"))
        if each.get("restartPolicy") == "Always"
    ]
    found = [
        (program, container)
        for container in (*sequence(pod.get("containers")), *beside)
        if item["kind"] in ("Deployment", "StatefulSet", "Pod")
        and isinstance(program := program_for(str(container.get("image"))), Program)
    ]
    if len({program.name for program, _ in found}) == 1 or not found:
        return (item,)
    (_, first), *others = found
    shared = {f"{SHARES}{item['metadata']['name']}": ""}
    made = [_with(item, template, shared, [each for _, each in others], first)]
    for program, container in others:
        made += _moved_out(item, template, program, container, shared, services)
    return tuple(made)


def _with(
    item: Manifest,
    template: Mapping[str, Any],
    labels: Mapping[str, str],
    gone: list[Manifest],
    kept: Manifest,
) -> Manifest:
    """The workload without some of its containers."""
    pod = mapping(template.get("spec"))
    containers = [each for each in pod["containers"] if each not in gone]
    if kept not in containers:
        containers = [kept, *containers]
    starts = [each for each in sequence(pod.get("initContainers")) if each not in (*gone, kept)]
    metadata = mapping(template.get("metadata"))
    changed = {
        **template,
        "metadata": {**metadata, "labels": {**mapping(metadata.get("labels")), **labels}},
        "spec": {**pod, "containers": containers, "initContainers": starts},
    }
    return (
        changed
        if item["kind"] == "Pod"
        else {**item, "spec": {**item["spec"], "template": changed}}
    )


def _moved_out(
    item: Manifest,
    template: Mapping[str, Any],
    program: Program,
    container: Manifest,
    shared: Mapping[str, str],
    services: Iterable[Manifest],
) -> list[Manifest]:
    """A Deployment of one container alone, and a Service where no other one leads to it."""
    name = f"{item['metadata']['name']}-{program.name}"
    place = {"namespace": item["metadata"].get("namespace") or "default", "name": name}
    own = {f"{SHARES}only-{program.name}": ""}
    declared = [mapping(each).get("containerPort") for each in sequence(container.get("ports"))]
    port = (declared or [program.port])[0]
    labels = mapping(mapping(template.get("metadata")).get("labels"))
    led_to = any(_leads(service, place["namespace"], labels, port) for service in services)
    if not led_to:  # then they would be replicas of the other program
        labels = {}
    pod = {
        "containers": [{key: value for key, value in container.items() if key != "restartPolicy"}],
        "volumes": sequence(mapping(template.get("spec")).get("volumes")),
    }
    changed = {"metadata": {"labels": {**labels, **shared, **own}}, "spec": pod}
    spec = {**mapping(item.get("spec")), "selector": {"matchLabels": own}}
    made = [_deployment({**item, "metadata": place, "spec": spec}, changed)]
    if not led_to:
        made.append(
            {
                "apiVersion": "v1",
                "kind": "Service",
                "metadata": place,
                "spec": {"selector": own, "ports": [{"port": port}]},
            }
        )
    return made


def _leads(service: Manifest, namespace: str, labels: Mapping[str, Any], port: object) -> bool:
    """Whether a Service leads to this port of pods with these labels."""
    spec = service["spec"]
    selector = mapping(spec.get("selector"))
    near = (service["metadata"].get("namespace") or "default") == namespace
    ports = [each.get("targetPort", each["port"]) for each in spec.get("ports") or ()]
    return near and bool(selector) and selector.items() <= labels.items() and port in ports
