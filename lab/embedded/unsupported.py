"""What of the manifests the lab cannot honour: said, never ignored in silence."""

from collections.abc import Iterator

from domain.kubernetes import Manifest
from lab.embedded.manifests import Manifests, namespace_of
from lab.embedded.plan import WORKLOADS
from lab.embedded.programs import program_for

_HONOURED_KINDS = {*WORKLOADS, "Namespace", "Service", "ConfigMap", "Secret"}
_WITHOUT_EFFECT_KINDS = {"PersistentVolumeClaim", "ServiceAccount", "PodDisruptionBudget"}
"""Kinds that change nothing of what the story asks, where there is one node and no API server."""
_HONOURED = {"containers", "volumes"}
_WITHOUT_EFFECT = {
    "affinity", "automountServiceAccountToken", "enableServiceLinks", "imagePullSecrets",
    "nodeSelector", "priorityClassName", "restartPolicy", "securityContext",
    "serviceAccountName", "terminationGracePeriodSeconds", "tolerations",
    "topologySpreadConstraints",
}  # fmt: skip
"""Where and as whom a pod runs; what it asks and whom is the same."""
_VOLUMES = {"configMap", "secret", "emptyDir", "persistentVolumeClaim"}


def unsupported(manifests: Manifests) -> tuple[str, ...]:
    """A line for each object or field that is not what it would be on a cluster."""
    return tuple(line for item in manifests for line in _lines(item))


def _lines(item: Manifest) -> Iterator[str]:
    where = f"{item['kind']} {namespace_of(item)}/{item['metadata']['name']}"
    if item["kind"] not in _HONOURED_KINDS | _WITHOUT_EFFECT_KINDS:
        yield f"{where} has no effect in the embedded lab"
    if item["kind"] == "Service" and item["spec"].get("type") == "ExternalName":
        yield f"{where}: ExternalName is not resolved in the embedded lab"
    elif item["kind"] == "Service" and not item["spec"].get("selector"):
        yield f"{where} selects nothing: endpoints made by hand are not known in the embedded lab"
    if item["kind"] in WORKLOADS:
        spec = item["spec"] if item["kind"] == "Pod" else item["spec"]["template"]["spec"]
        yield from (f"{where}: {line}" for line in _lines_of_pod(spec))


def _lines_of_pod(spec: Manifest) -> Iterator[str]:
    for field in sorted(set(spec) - _HONOURED - _WITHOUT_EFFECT):
        yield f"{field} is not honoured in the embedded lab"
    for volume in spec.get("volumes") or ():
        for kind in set(volume) - _VOLUMES - {"name"}:
            yield f"volume {volume['name']} ({kind}) is an empty folder in the lab"
    run = 0
    for container in spec["containers"]:
        known = program_for(container["image"]) is not None
        run += known
        if not known or run > 1:
            reason = ": a pod of the lab runs one program" if known else ""
            yield f"container {container['name']} ({container['image']}) is not run{reason}"
