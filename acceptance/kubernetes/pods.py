"""A pod as the suite judges it: what it declares, what its process holds, how current it is."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from acceptance.cluster import Pod, PodRequest, PodResponse
from acceptance.errors import Unproven
from acceptance.kubernetes.api import Api
from acceptance.kubernetes.diagnostics import why_not_serving
from acceptance.kubernetes.environment import Data, environment_of
from acceptance.kubernetes.exec import request_inside
from acceptance.kubernetes.objects import Behind, Owner, is_ready
from acceptance.kubernetes.staleness import (
    CHANGED_ENVIRONMENT,
    CHANGED_FILES,
    OLDER_TEMPLATE,
    environment_changed,
    files_changed,
    mounted_paths,
    of_older_template,
)
from acceptance.resources import Environment, Manifest


class Pods:
    """The pods behind one Service, each looked at once."""

    def __init__(self, api: Api, found: Behind, data: Data) -> None:
        self._api = api
        self._found = found
        self._data = data
        self.blind = ""
        """Why a process could not be looked at; empty when each could that runs."""

    def read(self, pod: Manifest, owner: Owner) -> tuple[Pod, Environment]:
        """The pod, and the environment that the newest template would give it."""
        container = self._found.serving(pod)
        template = self._found.serving(self._found.template)
        seen = self._seen(pod, container) if is_ready(pod) else None
        process = seen.fingerprints if seen else None
        environment = environment_of(container, self._data, _fields(pod), process)
        status = _status(pod, container)
        return Pod(
            namespace=pod["metadata"]["namespace"],
            name=pod["metadata"]["name"],
            image=_image(container, status),
            environment=environment,
            outdated=self._outdated(pod, owner, container, environment, seen),
            unsure="; ".join(self._doubts(owner, seen)) if is_ready(pod) else "",
            restarts=int(status.get("restartCount", 0)),
            problem="" if is_ready(pod) else why_not_serving(self._api, pod, container["name"]),
        ), environment_of(template, self._data, _fields(pod), process)

    def _seen(self, pod: Manifest, container: Manifest) -> PodResponse | None:
        """What the process holds; None where it cannot be asked, which is no fault by itself."""
        try:
            seen = request_inside(
                self._api,
                namespace=pod["metadata"]["namespace"],
                pod=pod["metadata"]["name"],
                container=container["name"],
                request=PodRequest(files=mounted_paths(container, pod["spec"])),
            )
        except Unproven as error:
            self.blind = str(error)
            return None
        self.blind = seen.error or self.blind
        return None if seen.error else seen

    def _outdated(
        self,
        pod: Manifest,
        owner: Owner,
        container: Manifest,
        environment: Environment,
        seen: PodResponse | None,
    ) -> str:
        if not owner.is_also_of(self._found.main) and owner.manifest["kind"] != "Pod":
            another = f"{owner.manifest['kind']} {owner.manifest['metadata']['name']}"
            return f"belongs to {another}, another workload behind this Service"
        if of_older_template(self._api, pod, owner.manifest):
            return OLDER_TEMPLATE
        if seen is None:
            return ""
        if environment_changed(environment, seen.fingerprints):
            return CHANGED_ENVIRONMENT
        started = _started(pod, container)
        if started and files_changed(container, pod, self._data, seen, started):
            return CHANGED_FILES
        return ""

    def _doubts(self, owner: Owner, seen: PodResponse | None) -> Iterator[str]:
        """Why nobody can tell whether a pod is current."""
        if owner.unsure:
            yield owner.unsure
        if seen is None:
            yield f"whether what it read was changed since: {self.blind}"
        for kind, name in sorted(self._data.sealed):
            if kind == "ConfigMap":
                yield (
                    f"whether {kind} {name} was changed since: these rights do not allow to get "
                    "configmaps"
                )


def _fields(pod: Manifest) -> Mapping[str, str]:
    metadata, status = pod["metadata"], pod.get("status", {})
    return {
        "metadata.name": metadata["name"],
        "metadata.namespace": metadata["namespace"],
        "metadata.uid": metadata.get("uid", ""),
        "spec.nodeName": pod["spec"].get("nodeName", ""),
        "spec.serviceAccountName": pod["spec"].get("serviceAccountName", ""),
        "status.hostIP": status.get("hostIP", ""),
        "status.podIP": status.get("podIP", ""),
    }


def _status(pod: Manifest, container: Manifest) -> Any:  # noqa: ANN401  # any JSON
    status = pod.get("status", {})
    statuses = (
        *(status.get("containerStatuses") or ()),
        *(status.get("initContainerStatuses") or ()),
    )
    return next((each for each in statuses if each["name"] == container["name"]), {})


def _started(pod: Manifest, container: Manifest) -> datetime | None:
    """When the container started; None where it has just ended."""
    running = _status(pod, container).get("state", {}).get("running")
    return datetime.fromisoformat(running["startedAt"]) if running else None


def _image(container: Manifest, status: Mapping[str, Any]) -> str:
    """The image as it is declared, and the digest of what really runs."""
    _, _, digest = str(status.get("imageID", "")).rpartition("sha256:")
    image = str(container.get("image", ""))
    return f"{image} (sha256:{digest[:12]})" if digest else image
