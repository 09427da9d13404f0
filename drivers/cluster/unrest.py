"""Whether the cluster is at rest: what is judged still is what the run began with."""

from collections.abc import Mapping
from contextlib import suppress

from domain.errors import Inconclusive, SetupError
from domain.kubernetes import Manifest, ServiceName
from drivers.cluster.api import Api
from drivers.cluster.complaints import Forbidden
from drivers.cluster.objects import is_ready, selected


class Unrest:
    """The pods behind some Services as they were, to compare with as they are."""

    def __init__(self, api: Api, *services: ServiceName) -> None:
        """Look at them now."""
        self._api = api
        self._before = {service: self._pods(service) for service in services}

    def check(self) -> None:
        """Return if nothing happened that excuses what a scenario saw.

        A container that was started anew excuses nothing: that is what its users meet, too.

        Raises:
            SetupError: the API server cannot be asked any more.
            Inconclusive: it was away for a moment, or a pod went away, or its node did.
        """
        self._check_answers()
        for service, before in self._before.items():
            now = self._pods(service)
            gone = [
                f"Pod {service.namespace}/{before[uid]['metadata']['name']}"
                for uid in before
                if uid not in now
            ]
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
