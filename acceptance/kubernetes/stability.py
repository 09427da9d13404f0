"""Whether the cluster is at rest: what is judged still is what the scenario began with."""

import time
from collections.abc import Collection, Mapping
from contextlib import suppress

from acceptance.errors import Inconclusive, SetupError
from acceptance.kubernetes.api import Api
from acceptance.kubernetes.errors import Forbidden
from acceptance.kubernetes.objects import is_ready, selected
from acceptance.resources import Manifest, ServiceName

_BACK = 180.0
"""Seconds for the successor of a pod to be ready; one that is not by then excuses nothing more."""


class Stability:
    """The pods behind some Services as they were, to compare with as they are."""

    def __init__(self, api: Api, *services: ServiceName) -> None:
        """Look at them now."""
        self._api = api
        self._before = {service: self._pods(service) for service in services}
        self._gone = set[str]()
        self._since: dict[ServiceName, float] = {}
        """When it was noticed that a pod has gone whose successor does not serve yet."""

    def begin(self) -> None:
        """Look at them as a scenario begins: what went away before did nothing to it.

        Unless its successor is not ready yet: then the scenario meets what it left.
        """
        for service, before in self._before.items():
            try:
                now = self._pods(service)
            except Forbidden:
                continue
            if self._missing(service, now):
                since = self._since.setdefault(service, time.monotonic())
                waits = len(now) < len(before) or not all(map(is_ready, now.values()))
                if waits and time.monotonic() - since < _BACK:
                    continue
            self._since.pop(service, None)
            self._before[service] = now or before

    def gone(self) -> Collection[str]:
        """Names of pods that went away during the run, and of which there is none again."""
        now = {
            pod["metadata"]["name"]
            for service in self._before
            for pod in self._pods(service).values()
        }
        return self._gone - now

    def _missing(self, service: ServiceName, now: Mapping[str, Manifest]) -> list[str]:
        before = self._before[service]
        missing = [str(before[uid]["metadata"]["name"]) for uid in before if uid not in now]
        self._gone.update(missing)
        return missing

    def check(self) -> None:
        """Return if nothing happened that excuses what a scenario saw.

        A container that was started anew excuses nothing: that is what its users meet, too.

        Raises:
            SetupError: the API server cannot be asked any more.
            Inconclusive: it was away for a moment, or a pod went away, or its node did.
        """
        self._check_answers()
        for service in self._before:
            now = self._pods(service)
            gone = [f"Pod {service.namespace}/{name}" for name in self._missing(service, now)]
            if gone:
                raise Inconclusive(
                    f"{', '.join(gone)} went away while it was judged (evicted, deleted or rolled "
                    "out): judge again when the cluster is at rest"
                )
            for pod in filter(_is_lost, now.values()):
                raise Inconclusive(
                    f"Pod {service.namespace}/{pod['metadata']['name']} is not ready, and all of "
                    f"its containers are: look at its node, kubectl describe node "
                    f"{pod['spec'].get('nodeName', '')}"
                )

    def _check_answers(self) -> None:
        with suppress(Forbidden):
            try:
                self._api.impatient().ask("GET", "/version")
            except SetupError:
                self._api.ask("GET", "/version")
                raise Inconclusive(
                    "the API server, through which everything is asked, was away for a moment: "
                    "judge again when the cluster is at rest"
                ) from None

    def _pods(self, service: ServiceName) -> Mapping[str, Manifest]:
        try:
            _, pods = selected(self._api, service)
        except SetupError:  # nothing stands there
            return {}
        return {pod["metadata"]["uid"]: pod for pod in pods}


def _is_lost(pod: Manifest) -> bool:
    """Whether the cluster, and not the pod's own probes, took it out of service.

    So it marks the pods of a node that does not report (Kubernetes 1.34).
    """
    statuses = pod.get("status", {}).get("containerStatuses") or ()
    return not is_ready(pod) and bool(statuses) and all(each["ready"] for each in statuses)
