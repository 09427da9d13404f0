"""The cluster port, answered by the embedded lab. Not a Kubernetes: it has no API server."""

import json
import subprocess
from dataclasses import asdict

from acceptance.checks.proof import host_of
from acceptance.checks.storage import fleeting
from acceptance.cluster import (
    POD_PROBE,
    Pod,
    PodRequest,
    PodResponse,
    Workload,
    nothing_behind,
)
from acceptance.errors import NotProven
from acceptance.lab.embedded.compose import NAMESPACE
from acceptance.lab.embedded.compose_names import HOST
from acceptance.lab.embedded.network import at_localhost, behind, named_by, selects
from acceptance.lab.embedded.plan import PodPlan, plan_pods, replicas_behind
from acceptance.lab.embedded.programs import Program
from acceptance.lab.embedded.running import RunningLab
from acceptance.lab.providers.catalogue import host_and_port
from acceptance.resources import ServiceName
from acceptance.spans import Kind, span

_START_SECONDS = 20.0
"""Allowed for starting Python beside the program, on a busy machine."""


class EmbeddedCluster:
    """Answers questions about what the lab runs; `acceptance.cluster.Cluster`."""

    def __init__(self, lab: RunningLab) -> None:
        self._lab = lab

    def workload(self, service: ServiceName) -> Workload:
        """The workload behind a Service; see `acceptance.cluster.Cluster`."""
        manifest = self._lab.manifests.get("Service", service.namespace, service.name)
        if manifest is None:
            raise nothing_behind(service, "no such Service")
        newest = {plan.key: plan for plan in plan_pods(self._lab.manifests)}
        behind = [
            plan
            for plan in self._lab.plans
            if selects(manifest, plan) and isinstance(plan.program, Program)
        ]
        behind = self._at(service, behind)
        if not behind:
            raise nothing_behind(service, "its selector matches no pod that runs")
        first = behind[0]
        template = newest.get(first.key, first)
        return Workload(
            kind=first.kind,
            namespace=first.namespace,
            name=first.owner,
            container=str(first.container["name"]),
            environment=template.environment,
            pods=tuple(self._pod(plan, newest.get(plan.key)) for plan in behind),
            missing=template.missing,
            notes=fleeting(template.container, template.spec),
            composed=first.namespace == NAMESPACE,
        )

    def _pod(self, plan: PodPlan, newest: PodPlan | None) -> Pod:
        return Pod(
            namespace=plan.namespace,
            name=plan.name,
            image=str(plan.container["image"]),
            environment=plan.environment,
            outdated=self._outdated(plan, newest),
            restarts=self._lab.pods[plan.key].restarts,
            problem=self._lab.pods[plan.key].problem,
        )

    @staticmethod
    def _outdated(plan: PodPlan, newest: PodPlan | None) -> str:
        if newest is None or newest.spec != plan.spec:
            return "started from an older template"
        if newest.environment != plan.environment:
            return "a ConfigMap or Secret of its environment was changed after it started"
        if newest.mounted != plan.mounted:
            return "a ConfigMap or Secret that it mounts was changed after it started"
        return ""

    def find(self, service: ServiceName, program: Program) -> ServiceName:
        """The Service with the port of the program; another one, if only that leads to it.

        Anybody's manifests may be tried, and their names are their own.
        """
        ports = [each for each in self.services() if each.same_service(service)]
        if not ports:
            leading = {each: self._running(each, program) for each in self.services()}
            ports = [each for each, pods in leading.items() if pods and each.name != HOST]
            if len({leading[each] for each in ports}) != 1:
                return service  # none, or several programs: which one is meant, nobody can say
            ports.sort(key=lambda each: self._selected(each) != leading[each])
        if service.port:
            return service
        serving = (each for each in ports if self._serves(each, program))
        return next(serving, ports[0])

    def _serves(self, service: ServiceName, program: Program) -> bool:
        """Whether a Service's port leads to where a pod of the program serves: not its metrics."""
        pods = self._running(service, program)
        serving = {plan.serves_at for plan in self._lab.plans if plan.key in pods}
        return self.target_port(service) in serving

    def _running(self, service: ServiceName, program: Program) -> frozenset[str]:
        """The pods of a program that a Service selects."""
        manifest = self._lab.manifests.get("Service", service.namespace, service.name)
        return frozenset(
            plan.key
            for plan in self._lab.plans
            if manifest and plan.program is program and selects(manifest, plan)
        )

    def exists(self, service: ServiceName) -> bool:
        """Whether the Service exists and has this port."""
        return service in self.services()

    def leads_to(self, url: str, service: ServiceName, *, seen_from: str) -> bool:
        """Whether a URL of another host leads to a Service's pods, and to no other."""
        address, manifests = self._lab.network.service_at(host_of(url)), self._lab.manifests
        if address:
            other = manifests.get("Service", address.namespace, address.name)
        else:
            other = named_by(url, manifests, seen_from=seen_from)
        port = host_and_port(url)[2]
        plans = self._lab.plans
        found = (
            behind(other, port, plans) if other else at_localhost(url, plans, seen_from=seen_from)
        )
        theirs = {plan.key for plan in found}
        return bool(theirs) and theirs <= self._selected(service)

    def _selected(self, service: ServiceName) -> set[str]:
        manifest = self._lab.manifests.get("Service", service.namespace, service.name)
        return {plan.key for plan in self._lab.plans if manifest and selects(manifest, plan)}

    def addresses(self, service: ServiceName) -> tuple[str, ...]:
        """Nobody can tell: names are the lab's own, and faults of the network change them."""
        del service
        return ()

    def strangers(self, service: ServiceName) -> tuple[str, ...]:
        """None: the lab routes to pods that a Service selects."""
        del service
        return ()

    def target_port(self, service: ServiceName) -> int | None:
        """The pods' port behind a Service's port."""
        manifest = self._lab.manifests.get("Service", service.namespace, service.name)
        ports = manifest["spec"].get("ports") or () if manifest else ()
        targets = [
            each.get("targetPort", service.port) for each in ports if each["port"] == service.port
        ]
        plans = [plan for plan in self._lab.plans if manifest and selects(manifest, plan)]
        numbers = (plan.port(targets[0]) for plan in plans if targets)
        return next((number for number in numbers if number is not None), None)

    def _at(self, service: ServiceName, plans: list[PodPlan]) -> list[PodPlan]:
        """Of the pods behind a Service, where they are of several programs, those of its port."""
        if len({plan.program.port for plan in plans}) == 1:
            return plans
        port = self.target_port(service)
        return [plan for plan in plans if plan.serves_at == port] or plans

    def services(self) -> tuple[ServiceName, ...]:
        """Every Service of the manifests, one entry a port."""
        return self._lab.network.services()

    def request(self, pod: Pod, request: PodRequest) -> PodResponse:
        """Make a request beside the program: same Python, environment and network."""
        process = self._lab.pods[f"{pod.namespace}/{pod.name}"]
        if process.problem:
            return PodResponse(status=None, error=process.problem.splitlines()[0])
        try:
            with span(Kind.INSIDE, f"inside of {pod.name}"):
                output = process.run_python(
                    POD_PROBE.read_text(),
                    json.dumps(asdict(request)),
                    timeout=request.timeout + _START_SECONDS,
                )
        except subprocess.TimeoutExpired:
            raise NotProven("the request could not be made in time") from None
        except subprocess.CalledProcessError as error:
            last = (str(error.stderr).splitlines() or ["no output"])[-1]
            raise NotProven(f"the request could not be made: {last}") from error
        return PodResponse(**json.loads(output))

    def replicas(self, service: ServiceName) -> int | None:
        """How many pods the workloads behind the Service are to have."""
        manifest = self._lab.manifests.get("Service", service.namespace, service.name)
        if manifest is None:
            return None
        plans = [plan for plan in plan_pods(self._lab.manifests) if selects(manifest, plan)]
        mine = self._at(service, plans)
        return len(mine) if mine != plans else replicas_behind(manifest, self._lab.manifests)

    def address(self, service: ServiceName) -> str:
        """The local address of the first pod behind the Service."""
        return _first_address(service, self._local_ports(service))

    def address_of(self, pod: Pod, service: ServiceName) -> str:
        """The local address of a pod behind the Service."""
        return _first_address(service, self._local_ports(service, f"{pod.namespace}/{pod.name}"))

    def _local_ports(self, service: ServiceName, only: str = "") -> list[int]:
        manifest = self._lab.manifests.get("Service", service.namespace, service.name)
        ports = manifest["spec"].get("ports") or () if manifest else ()
        return [
            self._lab.pods[plan.key].ports()[target]
            for port in ports
            if manifest is not None and port["port"] == service.port
            for plan in self._lab.plans
            if selects(manifest, plan) and plan.key in self._lab.pods
            if only in ("", plan.key)
            for target in [plan.port(port.get("targetPort", port["port"]))]
            if target is not None and target in self._lab.pods[plan.key].ports()
        ]

    def logs(self, pod: Pod, *, lines: int) -> str:
        """The last lines that the program wrote."""
        return self._lab.pods[f"{pod.namespace}/{pod.name}"].log(lines)


def _first_address(service: ServiceName, ports: list[int]) -> str:
    if not ports:
        raise nothing_behind(service, "nothing listens on its target port")
    return f"http://127.0.0.1:{ports[0]}"
