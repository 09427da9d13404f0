"""What of the manifests the lab cannot honour: said, never ignored in silence."""

import re
from collections.abc import Iterable, Iterator

from acceptance.json_values import mapping
from acceptance.lab.embedded import installers
from acceptance.lab.embedded.compose import NAMESPACE as COMPOSE
from acceptance.lab.embedded.manifests import Manifests, namespace_of
from acceptance.lab.embedded.network import followed, selects
from acceptance.lab.embedded.placeholders import HIDES
from acceptance.lab.embedded.plan import (
    WORKLOADS,
    PodPlan,
    by_name,
    chosen,
    plan_pods,
    refused_command,
    template_of,
)
from acceptance.lab.embedded.programs import LITELLM, program_for
from acceptance.lab.embedded.public_hosts import node_ports, public_hosts
from acceptance.resources import Manifest

_HONOURED_KINDS = {*WORKLOADS, "Namespace", "Service", "ConfigMap", "Secret", *HIDES}
_WITHOUT_EFFECT_KINDS = {
    *("PersistentVolumeClaim", "ServiceAccount", "PodDisruptionBudget"),
    *("OCIRepository", "HelmRepository", "GitRepository"),
}
"""Kinds that change nothing of what the story asks, where there is one node and no API server."""
_OPERATORS = re.compile(r"litellm|open-?webui", re.IGNORECASE)
"""In the kind or the group of what an operator makes one of the programs of."""
_BY_AN_OPERATOR = (
    "an operator makes what it stands for, and nothing of that is here; pass what it made, by "
    "`kubectl get deployment,service,configmap --output=yaml`"
)
_ONLY_LIVE = "whether it lets Open WebUI and LiteLLM through, only `live` shows"
_FROM_OUTSIDE = "who comes from outside of the cluster is not judged"
_MEANS = {
    **dict.fromkeys(("Ingress", "IngressRoute", "HTTPRoute", "Gateway", "Route"), _FROM_OUTSIDE),
    **dict.fromkeys(("NetworkPolicy", "CiliumNetworkPolicy", "AuthorizationPolicy"), _ONLY_LIVE),
    **dict.fromkeys(("VirtualService", "PeerAuthentication", "ServiceEntry"), _ONLY_LIVE),
    **dict.fromkeys(("HorizontalPodAutoscaler", "ScaledObject"), "replicas stay as they are"),
    **dict.fromkeys(("Job", "CronJob"), "what it prepares is not there"),
    "initContainers": "what they prepare is not there",
    "hostAliases": "names lead where Services say",
    "dnsConfig": "names lead where Services say",
}
"""What it means for what is judged that a kind, or a field of a pod, has no effect."""
_HONOURED = {"containers", "volumes"}
_WITHOUT_EFFECT = {
    "affinity", "automountServiceAccountToken", "enableServiceLinks", "imagePullSecrets",
    "nodeSelector", "priorityClassName", "restartPolicy", "securityContext",
    "serviceAccountName", "terminationGracePeriodSeconds", "tolerations",
    "topologySpreadConstraints",
}  # fmt: skip
"""Where and as whom a pod runs; what it asks and whom is the same."""
_AS_IF_NOT_THERE: tuple[object, ...] = (None, False, "", [], {}, "ClusterFirst")
"""What charts write where nobody has chosen anything."""
_VOLUMES = {"configMap", "secret", "projected", "emptyDir", "persistentVolumeClaim"}


def _back(manifests: Manifests, plans: Iterable[PodPlan]) -> Iterator[str]:
    """What a public host of LiteLLM's comes to: whoever is told it leads there, as outside."""
    gateways = [plan for plan in plans if plan.program is LITELLM]
    for (address, number), (at, _) in node_ports(manifests).items():
        where = f"Service {namespace_of(at)}/{at['metadata']['name']}"
        yield f"{address} is taken for a node: its port {number} leads to {where}"
    for host, named in public_hosts(manifests).items():
        service = manifests.get("Service", named.namespace, named.name)
        if service and any(selects(service, plan) for plan in gateways):
            where = f"Service {named.namespace}/{named.name}"
            yield (
                f"{host} leads to {where} in the embedded lab: what stands before it "
                "(sign-in, limits, certificates) is not judged"
            )


def unsupported(manifests: Manifests) -> tuple[str, ...]:
    """A line for each object or field that is not what it would be on a cluster."""
    plans = plan_pods(manifests)
    lines = [line for item in manifests for line in _lines(item, manifests)]
    lines += [line for plan in plans for line in plan.notes]
    lines += _back(manifests, plans)
    return tuple(dict.fromkeys([*manifests.notes, *lines]))


def _lines(item: Manifest, manifests: Manifests) -> Iterator[str]:
    where = f"{item['kind']} {namespace_of(item)}/{item['metadata']['name']}"
    if item["kind"] in installers.KINDS:
        if _is_rendered(item, manifests):
            return
        how = installers.command(item, manifests)
        yield f"{where} installs a chart, and nothing of it is here: render it here with `{how}`"
    elif item["kind"] == "IngressRoute" and namespace_of(item) == COMPOSE:
        return  # what labels of a Compose file tell; where it leads is said
    elif item["kind"] not in _HONOURED_KINDS | _WITHOUT_EFFECT_KINDS:
        made = _OPERATORS.search(f"{item['kind']} {item.get('apiVersion')}")
        means = _BY_AN_OPERATOR if made else _MEANS.get(item["kind"])
        yield f"{where} has no effect in the embedded lab{f': {means}' if means else ''}"
    if item["kind"] == "Service" and followed(item, manifests) is item:
        yield from (f"{where}{line}" for line in _lines_of_service(item["spec"]))
    if item["kind"] in WORKLOADS:
        yield from (f"{where}: {line}" for line in _lines_of_pod(template_of(item)["spec"]))


def _is_rendered(item: Manifest, manifests: Manifests) -> bool:
    """Whether a workload of an installer's name is here: what its chart comes down to."""
    spec = mapping(item.get("spec"))
    namespace = str(spec.get("targetNamespace") or namespace_of(item))
    place = (namespace, str(spec.get("releaseName") or item["metadata"]["name"]))
    return any(manifests.get(kind, *place) is not None for kind in WORKLOADS)


def _lines_of_service(spec: Manifest) -> Iterator[str]:
    if spec.get("type") == "ExternalName":
        yield ": ExternalName is not resolved in the embedded lab"
    elif not spec.get("selector"):
        yield " selects nothing: endpoints made by hand are not known in the embedded lab"


def _lines_of_pod(spec: Manifest) -> Iterator[str]:
    for field in sorted(set(spec) - _HONOURED - _WITHOUT_EFFECT):
        if spec[field] in _AS_IF_NOT_THERE:
            continue
        means = f": {_MEANS[field]}" if field in _MEANS else ""
        yield f"{field} is not honoured in the embedded lab{means}"
    for volume in spec.get("volumes") or ():
        for kind in set(volume) - _VOLUMES - {"name"}:
            yield f"volume {volume['name']} ({kind}) is an empty folder in the lab"
    yield from _beside(spec)


def _beside(spec: Manifest) -> Iterator[str]:
    """A line for each container of a pod that the lab does not run."""
    run, program = chosen(spec) or ({}, None)
    if run and program and program is (called := by_name(run)):
        yield (
            f"container {run['name']} is taken for {called.title} by its name: its image, "
            f"{run['image']}, tells nothing"
        )
    for container in spec["containers"]:
        if container is run:
            continue
        reason = ""
        if refused := refused_command(container):
            reason = f": {refused} is no command of its image's program"
        elif program_for(container["image"]):
            reason = ": a pod of the lab runs one program"
        elif run and container.get("ports"):
            reason = f": what leads to its ports leads to {run['name']}"
        yield f"container {container['name']} ({container['image']}) is not run{reason}"
