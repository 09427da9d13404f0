"""Taking a backend of a live cluster away, and giving it back whatever happens."""

import time
from collections.abc import Collection, Iterable, Mapping

from acceptance.errors import AcceptanceError, NotProven, SetupError
from acceptance.kubernetes.api import Api
from acceptance.kubernetes.errors import Conflict, RefusedError
from acceptance.kubernetes.journal import Journal
from acceptance.kubernetes.lease import MAY as MAY_LOCK
from acceptance.kubernetes.lease import DrillLease
from acceptance.kubernetes.objects import replicas
from acceptance.kubernetes.refusals import workload_behind
from acceptance.kubernetes.scale import certificate, scale_back, scale_to_zero, wait_until_back
from acceptance.kubernetes.workload_snapshot import WorkloadSnapshot, pods, snapshot_of
from acceptance.message import excerpt, explain
from acceptance.resources import Manifest, ServiceName
from acceptance.shipped import restored_by
from acceptance.signals import defer_signals
from acceptance.target import Outage
from acceptance.waiting import Progress, eventually

MAY = (*MAY_LOCK, r"PATCH /apis/apps/v1/namespaces/[^/]+/(deployments|statefulsets)/[^/]+")
_TO_GO = 60.0
"""Seconds beyond a pod's own grace, after which it is not waited for any longer."""
_LONGEST_GRACE = 540
"""Seconds; a pod that may take longer to end is given back before."""
_PROXIES = 2.0
"""Seconds: a node's proxy changes its rules once in a second, and a connection that it still leads
to the address of a pod that is gone stands still for half a minute (Kubernetes 1.34)."""
_OVER = ("Succeeded", "Failed")
"""Phases of a pod that has ended, and is kept as a record or by a finalizer."""


class ScalingOutages:
    """`acceptance.target.Outages`, by scaling the workload behind a Service to nothing."""

    slow_to_return = True

    def __init__(
        self,
        api: Api,
        backends: Mapping[str, ServiceName],
        *,
        journal: Journal,
        restore_by: str = "",
        say: Progress,
    ) -> None:
        """Change nothing yet.

        Args:
            api: the cluster; `MAY` is added to what may be asked.
            backends: the Service of each provider that may be taken away.
            journal: where it is written down what is away.
            restore_by: the command that gives back what could not be given back here.
            say: shows what is done.
        """
        self._api = api.with_rights(*MAY)
        self._backends = backends
        self._journal = journal
        self._restore_by = restore_by or restored_by(api.context)
        self._say = say
        self._leases: dict[str, DrillLease] = {}
        self._taken: dict[str, WorkloadSnapshot] = {}

    def check(self, provider: str, outage: Outage) -> None:
        """Return if nothing speaks against it now: kind of outage, workload, owners, rights."""
        if provider not in self._backends:
            raise NotProven(f"{provider} is not of this cluster: it stays", required=False)
        if outage is not Outage.REFUSED:
            raise NotProven(
                f"that {provider} {outage} cannot be brought about on a live cluster: the target "
                "`embedded` shows it",
                required=False,
            )
        if provider not in self._taken:
            workload_behind(self._api, self._backends[provider])

    def take_away(self, provider: str, outage: Outage) -> None:
        """Let a provider be gone: its endpoints and its pods, not only a number in a spec."""
        self.check(provider, outage)
        if provider in self._taken:
            self._say(f"drill: {self._taken[provider]} is still away")
            return
        service = self._backends[provider]
        try:
            self._lock(service.namespace)
            # once more: whoever held the lock may have changed it
            owner = workload_behind(self._api, service)
            self._take(provider, owner)
        except RefusedError as error:
            raise NotProven(f"no drill with {provider}: {error}") from error
        grace = _grace(owner) * (replicas(owner) if owner["kind"] == "StatefulSet" else 1)
        try:
            eventually(
                _Gone(self._api, service).check,
                what=f"the pods behind {service.namespace}/{service.name} to be gone",
                timeout=min(grace, _LONGEST_GRACE) + _TO_GO,
                say=self._say,
            )
        except AssertionError as error:
            words = f"{self._taken[provider]} was scaled to 0, and does not go: {error}"
            raise NotProven(words) from error

    def _lock(self, namespace: str) -> None:
        lease = self._leases.get(namespace) or DrillLease(self._api, namespace, say=self._say)
        lease.take()
        self._leases[namespace] = lease

    def _take(self, provider: str, owner: Manifest) -> None:
        taken = snapshot_of(owner)
        # written down first, so that an end between the two gives back what was not taken
        self._journal.add(taken)
        self._taken[provider] = taken
        try:
            # nobody knows what becomes of a question whose answer is not awaited
            with defer_signals():
                scale_to_zero(self._api, taken, owner)
        except Conflict as error:
            raise NotProven(f"{taken} was changed by somebody else just now") from error
        self._say(f"drill: {taken} is scaled from {taken.replicas} to 0")

    def restore(self, keep: Collection[str] = ()) -> tuple[str, ...]:
        """Give back what was taken, but for these; returns what was compared, for the report.

        However often it is interrupted, everything is scaled back first.

        Raises:
            SetupError: something could not be given back, or does not become ready.
        """
        back = {name: taken for name, taken in self._taken.items() if name not in keep}
        for line in self.scale_back(reversed(back)):
            self._say(line)
        for taken in back.values():
            wait_until_back(self._api, taken, self._say)
        certificates = tuple(certificate(self._api, taken) for taken in back.values())
        if not self._taken:
            self.release()
        return certificates

    def scale_back(self, providers: Iterable[str]) -> tuple[str, ...]:
        """Scale back, and wait for nothing; returns what was done, for people.

        Raises:
            SetupError: something could not be given back; everything else was.
        """
        done, failed = [], []
        with defer_signals():
            for provider in tuple(providers):
                taken = self._taken[provider]
                try:
                    done.append(f"drill: {taken} {scale_back(self._api, taken)}")
                except (AcceptanceError, AssertionError, Conflict) as error:
                    had = pods(taken.replicas)
                    failed.append(f"{taken}, which had {had}: {excerpt(str(error))}")
                    continue
                self._journal.remove(taken)
                del self._taken[provider]
        if failed:
            raise SetupError(
                explain(
                    "What a drill took away could not be given back.",
                    expected="all backends in place",
                    found="; ".join(failed),
                    where=f"context {self._api.context}",
                    fix=self._restore_by,
                )
            )
        return tuple(done)

    def end_at_once(self) -> tuple[str, ...]:
        """Scale everything back and unlock; returns what was done, for people."""
        done = self.scale_back(self._taken)
        self.release()
        return done

    def release(self) -> None:
        """Let others drill."""
        for lease in self._leases.values():
            lease.release()
        self._leases.clear()


def _grace(owner: Manifest) -> int:
    return int(owner["spec"]["template"]["spec"].get("terminationGracePeriodSeconds", 30))


class _Gone:
    """Whether nothing is left behind a Service, and was not for a while."""

    def __init__(self, api: Api, service: ServiceName) -> None:
        self._api = api
        self._service = service
        self._since = 0.0

    def check(self) -> None:
        """Return if so; raises AssertionError with what is left."""
        self._check_pods()
        self._check_endpoints()
        self._since = self._since or time.monotonic()
        assert time.monotonic() - self._since >= _PROXIES, "the nodes' proxies are told"

    def _check_pods(self) -> None:
        space = self._service.namespace
        found = self._api.get("Service", space, self._service.name) or {"spec": {}}
        selector = found["spec"].get("selector")
        found_pods = self._api.list("Pod", space, selector) if selector else ()
        left = [each for each in found_pods if each["status"].get("phase") not in _OVER]
        names = ", ".join(each["metadata"]["name"] for each in left)
        assert not left, f"{names}: still there"

    def _check_endpoints(self) -> None:
        label = {"kubernetes.io/service-name": self._service.name}
        slices = self._api.list("EndpointSlice", self._service.namespace, label)
        left = [end["addresses"][0] for each in slices for end in each.get("endpoints") or ()]
        assert not left, f"the Service still leads to {', '.join(left)}"
