"""From manifests to what must run: one plan for each pod that Kubernetes would start."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from domain.errors import SetupError
from domain.kubernetes import (
    Environment,
    Manifest,
    Variable,
    expand,
    missing_references,
    resolve_environment,
)
from domain.message import explain
from domain.secret import Secret
from lab.embedded.manifests import Manifests, namespace_of
from lab.embedded.programs import Emulated, Program, program_for

_MOUNTABLE = (("ConfigMap", "configMap", "name"), ("Secret", "secret", "secretName"))
WORKLOADS = ("Deployment", "StatefulSet", "Pod")


@dataclass(frozen=True, kw_only=True, slots=True)
class PodPlan:
    """A pod to be: its program, its environment and what it mounts."""

    namespace: str
    name: str
    kind: str
    owner: str
    labels: Mapping[str, str]
    container: Manifest
    spec: Manifest
    program: Program | Emulated
    environment: Environment
    volume_claims: frozenset[str] = frozenset()
    """Names of the volumes that outlive the pod, from the owner's volumeClaimTemplates."""
    mounted: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Data of the ConfigMaps and Secrets that are mounted, by volume."""
    missing: tuple[str, ...] = ()
    """What its container refers to and does not exist: it cannot start."""

    @property
    def key(self) -> str:
        """Namespace and name, unique in a lab."""
        return f"{self.namespace}/{self.name}"

    @property
    def arguments(self) -> tuple[str, ...]:
        """The command line, without the program's own folder."""
        assert isinstance(self.program, Program)
        command = self.container.get("command") or self.program.command
        default = () if self.container.get("command") else self.program.arguments
        line = (*command, *(self.container.get("args") or default))
        return tuple(expand(str(word), self.environment) for word in line)

    def port(self, target: int | str) -> int | None:
        """The number of a Service's target port; None when no port has that name."""
        if isinstance(target, int) or str(target).isdigit():
            return int(target)
        named = {
            port.get("name"): port["containerPort"] for port in self.container.get("ports") or ()
        }
        return named.get(target)


def plan_pods(manifests: Manifests) -> tuple[PodPlan, ...]:
    """A plan for each pod whose image the lab knows.

    Raises:
        SetupError: a workload is not written as Kubernetes would accept it.
    """
    return tuple(
        plan for owner in manifests.of_kind(*WORKLOADS) for plan in _pods_of(owner, manifests)
    )


def _pods_of(owner: Manifest, manifests: Manifests) -> Iterator[PodPlan]:
    try:
        template = owner if owner["kind"] == "Pod" else owner["spec"]["template"]
        spec = template["spec"]
        for number in range(_replicas(owner)):
            known = ((each, program_for(each["image"])) for each in spec["containers"])
            container, program = next((pair for pair in known if pair[1]), ({}, None))
            if program:  # of several, the others are reported by `unsupported`
                yield _plan(owner, number, template, container, program, manifests)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise SetupError(
            explain(
                "A workload is not complete.",
                expected="spec.template.spec.containers, each with name and image",
                found=f"{type(error).__name__}: {error}",
                where=f"{owner['kind']} {namespace_of(owner)}/{owner['metadata']['name']}",
                fix="check it with `kubectl apply --dry-run=server -f FILE`",
            )
        ) from error


def _plan(
    owner: Manifest,
    number: int,
    template: Manifest,
    container: Manifest,
    program: Program | Emulated,
    manifests: Manifests,
) -> PodPlan:
    owner_name, namespace = owner["metadata"]["name"], namespace_of(owner)
    name = owner_name if owner["kind"] == "Pod" else f"{owner_name}-{number}"

    def lookup(kind: str, reference: str) -> Mapping[str, str] | None:
        return manifests.data(kind, namespace, reference)

    fields = {"metadata.name": name, "metadata.namespace": namespace}
    declared = resolve_environment(container, lookup, fields)
    return PodPlan(
        namespace=namespace,
        name=name,
        kind=owner["kind"],
        owner=owner_name,
        labels=template["metadata"].get("labels") or {},
        container=container,
        spec=template["spec"],
        program=program,
        environment={**_given_by_image(program, declared), **declared},
        volume_claims=frozenset(
            claim["metadata"]["name"] for claim in _spec(owner).get("volumeClaimTemplates") or ()
        ),
        mounted={
            volume["name"]: lookup(kind, volume[key][reference]) or {}
            for volume in template["spec"].get("volumes") or ()
            for kind, key, reference in _MOUNTABLE
            if key in volume
        },
        missing=missing_references(container, lookup, with_keys=True),
    )


def replicas_behind(service: Manifest, manifests: Manifests) -> int | None:
    """How many pods the workloads behind a Service are to have; None where there is none."""
    selector = service["spec"].get("selector") or {}
    owners = [
        owner
        for owner in manifests.of_kind("Deployment", "StatefulSet")
        if namespace_of(owner) == namespace_of(service)
        and selector.items() <= (owner["spec"]["template"]["metadata"].get("labels") or {}).items()
    ]
    return sum(_replicas(owner) for owner in owners) if owners and selector else None


def _given_by_image(program: Program | Emulated, declared: Environment) -> Environment:
    given = program.environment if isinstance(program, Program) else {}
    # Open WebUI 0.12.4 cannot go without sign-in once it has an account.
    nobody = declared["WEBUI_AUTH"].value.reveal().lower() if "WEBUI_AUTH" in declared else ""
    return {
        name: Variable(name=name, value=Secret(value), source="image")
        for name, value in given.items()
        if not (nobody == "false" and name.startswith("WEBUI_ADMIN_"))
    }


def _replicas(owner: Manifest) -> int:
    replicas: Any = _spec(owner).get("replicas")
    return 1 if replicas is None or owner["kind"] == "Pod" else int(replicas)


def _spec(owner: Manifest) -> Mapping[str, Any]:
    spec: Mapping[str, Any] = owner["spec"]
    return spec
