"""Taking a backend of a live cluster away, and giving it back whatever happens."""

import time
from collections.abc import Mapping

from domain.errors import NotProven
from domain.kubernetes import Manifest, ServiceName
from domain.target import Outage
from domain.waiting import Say, eventually
from drivers.cluster.api import Api, Conflict
from drivers.cluster.lease import MAY as MAY_LOCK
from drivers.cluster.lease import DrillLease
from drivers.cluster.objects import owners_by_selector
from drivers.cluster.taken import Notebook, Taken, annotations, give_back, scale

MAY = (*MAY_LOCK, r"PATCH /apis/apps/v1/namespaces/[^/]+/(deployments|statefulsets)/[^/]+")
_GONE = 180.0
"""Seconds: a pod may go on answering until its termination grace has passed."""
_MANAGED_BY = (
    "argocd.argoproj.io/tracking-id",
    "kustomize.toolkit.fluxcd.io/name",
    "helm.toolkit.fluxcd.io/name",
)
"""Marks of controllers that would undo a change: Argo CD 2.x and 3.x, Flux 2.x."""


class ScalingOutages:
    """`domain.target.Outages`, by scaling the workload behind a Service to nothing."""

    def __init__(
        self, api: Api, backends: Mapping[str, ServiceName], *, notebook: Notebook, say: Say
    ) -> None:
        """Change nothing yet.

        Args:
            api: the cluster; `MAY` is added to what may be asked.
            backends: the Service of each provider that may be taken away.
            notebook: where it is written down what is away.
            say: shows what is done.
        """
        self._api = api.with_rights(*MAY)
        self._backends = backends
        self._notebook = notebook
        self._say = say
        self._leases: dict[str, DrillLease] = {}
        self._taken: list[Taken] = []

    def check(self, provider: str, outage: Outage) -> None:
        """Return if the provider is one of the backends, and its outage a lasting silence."""
        if provider not in self._backends:
            raise NotProven(f"{provider} is not of this cluster: it stays", required=False)
        if outage is not Outage.REFUSED:
            raise NotProven(
                f"that {provider} {outage} cannot be brought about on a live cluster: the target "
                "`embedded` shows it",
                required=False,
            )

    def take_away(self, provider: str, outage: Outage) -> None:
        """Let a provider be gone: its endpoints and its pods, not only a number in a spec."""
        self.check(provider, outage)
        service = self._backends[provider]
        owner = _to_scale(self._api, service)
        self._leases.setdefault(
            service.namespace, DrillLease(self._api, service.namespace, say=self._say)
        ).take()
        taken = Taken(
            kind=owner["kind"],
            namespace=service.namespace,
            name=owner["metadata"]["name"],
            replicas=owner["spec"].get("replicas", 1),
            service=service,
            spec=owner["spec"],
        )
        # before the change, so that an interruption between the two gives back what was not taken
        self._taken.append(taken)
        self._notebook.write(taken)
        version = owner["metadata"]["resourceVersion"]
        try:
            scale(self._api, taken, 0, before=str(taken.replicas), version=version)
        except Conflict as error:
            raise NotProven(f"{taken} was changed by somebody else just now") from error
        self._say(f"drill: {taken} is scaled from {taken.replicas} to 0")
        eventually(
            lambda: _check_gone(self._api, service),
            what=f"the pods behind {service.namespace}/{service.name} to be gone",
            timeout=_GONE,
            say=self._say,
        )

    def restore(self) -> str:
        """Give everything back; returns what was compared, for the report."""
        certificates = [self._give_back(self._taken[-1]) for _ in tuple(self._taken)]
        for lease in self._leases.values():
            lease.release()
        self._leases.clear()
        return "; ".join(certificates)

    def _give_back(self, taken: Taken) -> str:
        started = time.monotonic()
        give_back(self._api, taken, self._say)
        self._taken.remove(taken)
        self._notebook.strike(taken)
        now = self._api.get(taken.kind, taken.namespace, taken.name) or {}
        same = "its spec is what it was" if now.get("spec") == taken.spec else "its spec DIFFERS"
        return f"{taken} back after {time.monotonic() - started:.0f} s, {same}"


def _to_scale(api: Api, service: ServiceName) -> Manifest:
    """The one workload behind a Service, if nothing speaks against taking it away.

    Raises:
        NotProven: something does; says what.
    """
    owners = owners_by_selector(api, service)
    if len(owners) != 1:
        raise NotProven(
            f"{len(owners)} workloads stand behind Service {service.namespace}/{service.name}: "
            "a drill wants exactly one"
        )
    owner = owners[0]
    name = f"{owner['kind']} {service.namespace}/{owner['metadata']['name']}"
    marks = {**(owner["metadata"].get("labels") or {}), **annotations(owner)}
    if managed := [mark for mark in _MANAGED_BY if mark in marks]:
        raise NotProven(f"{name} is managed ({managed[0]}): its controller would undo a drill")
    if not owner["spec"].get("replicas", 1):
        raise NotProven(f"{name} is at 0 already: there is nothing to take away")
    for scaler in api.list("HorizontalPodAutoscaler", service.namespace, {}):
        reference = scaler["spec"]["scaleTargetRef"]
        if (reference["kind"], reference["name"]) == (owner["kind"], owner["metadata"]["name"]):
            raise NotProven(f"{name} has the autoscaler {scaler['metadata']['name']}")
    return owner


def _check_gone(api: Api, service: ServiceName) -> None:
    found = api.get("Service", service.namespace, service.name) or {"spec": {}}
    pods = api.list("Pod", service.namespace, found["spec"].get("selector") or {})
    names = [pod["metadata"]["name"] for pod in pods]
    assert not names, f"{', '.join(names)} still runs"
