"""The cluster port, answered by a Kubernetes API server."""

from collections.abc import Iterator, Mapping

import httpx

from acceptance.checks.storage import fleeting
from acceptance.cluster import (
    HANGS,
    Pod,
    PodRequest,
    PodResponse,
    Workload,
    mute,
    nothing_behind,
)
from acceptance.errors import SetupError
from acceptance.kubernetes import reach
from acceptance.kubernetes.api import Api
from acceptance.kubernetes.diagnostics import last_lines, why_stuck
from acceptance.kubernetes.environment import Data
from acceptance.kubernetes.errors import Forbidden
from acceptance.kubernetes.exec import request_inside
from acceptance.kubernetes.forward import Forward
from acceptance.kubernetes.helm import release_notes
from acceptance.kubernetes.objects import (
    Behind,
    behind,
    is_ready,
    owners_by_selector,
    replicas,
    selected,
)
from acceptance.kubernetes.pods import Pods
from acceptance.kubernetes.ports import Program, serving_container, target_ports
from acceptance.message import found_in
from acceptance.resources import (
    Manifest,
    ServiceName,
    given_names,
    missing_references,
    missing_volumes,
)
from acceptance.waiting import within

_FIRST_WORD = 10.0
"""Seconds within which a forwarded port must have said anything at all."""
_MUTE = "correct the Service's targetPort, or see why the program does not answer: kubectl logs"


class KubernetesCluster:
    """Answers questions about a cluster; `acceptance.cluster.Cluster`. Close it."""

    def __init__(
        self,
        api: Api,
        *services: ServiceName,
        programs: Mapping[ServiceName, Program] | None = None,
    ) -> None:
        """Ask nothing yet.

        Args:
            api: the API server.
            services: in whose namespaces Services are listed.
            programs: what is looked for behind a Service; of others, whatever answers.
        """
        self._api = api
        self._programs = programs or {}
        self._namespaces = sorted({service.namespace for service in services})
        self._forwards: list[Forward] = []
        self._containers: dict[tuple[str, str], str] = {}

    def close(self) -> None:
        """Close every address that was given out."""
        for forward in self._forwards:
            forward.close()

    def workload(self, service: ServiceName) -> Workload:
        """The workload behind a Service; see `acceptance.cluster.Cluster`."""
        found = behind(self._api, service, self._programs.get(service))
        data = Data(self._api, service.namespace)
        reader = Pods(self._api, found, data)
        read = [reader.read(*each) for each in zip(found.pods, found.owners, strict=True)]
        container = found.serving(found.template)
        for pod, manifest in zip((pod for pod, _ in read), found.pods, strict=True):
            self._containers[pod.namespace, pod.name] = found.serving(manifest)["name"]
        return Workload(
            kind=found.owner["kind"],
            namespace=service.namespace,
            name=found.owner["metadata"]["name"],
            container=container["name"],
            environment=read[0][1],
            pods=tuple(pod for pod, _ in read),
            missing=tuple(_missing(container, found.template["spec"], data)),
            stuck=why_stuck(self._api, found.owner),
            notes=(
                *release_notes(self._api, found.owner),
                *_stands_before(found, container),
                *fleeting(container, found.template["spec"]),
                *given_names(found.template["spec"]),
                *(f"{kind} {name} may not be read" for kind, name in sorted(data.sealed)),
                *([f"its processes were not looked at: {reader.blind}"] if reader.blind else ()),
            ),
        )

    def replicas(self, service: ServiceName) -> int | None:
        """How many pods are to stand behind a Service, by whatever its selector matches."""
        try:
            owners = owners_by_selector(self._api, service)
        except Forbidden:
            return None
        return sum(map(replicas, owners)) if owners else None

    def exists(self, service: ServiceName) -> bool:
        """Whether the Service has this port; where these rights do not tell, it is taken so."""
        return reach.exists(self._api, service)

    def leads_to(self, url: str, service: ServiceName, *, seen_from: str) -> bool:
        """Whether a URL of another host leads to a Service's pods, and to no other."""
        return reach.leads_to(self._api, url, service, seen_from=seen_from)

    def addresses(self, service: ServiceName) -> tuple[str, ...]:
        """What the Service's name is to a pod; empty where that cannot be told."""
        return reach.addresses(self._api, service)

    def strangers(self, service: ServiceName) -> tuple[str, ...]:
        """Addresses to which a Service leads, and which are no pods that it selects."""
        return reach.strangers(self._api, service)

    def target_port(self, service: ServiceName) -> int | None:
        """The pods' port behind a Service's port; None where nobody can tell."""
        try:
            manifest, pods = selected(self._api, service)
        except (Forbidden, SetupError):
            return None
        return next(iter(target_ports(pods[0], manifest, service.port)), None)

    def services(self) -> tuple[ServiceName, ...]:
        """Every Service of the namespaces that are judged, one entry a port."""
        return tuple(
            ServiceName(namespace=namespace, name=each["metadata"]["name"], port=port["port"])
            for namespace in self._namespaces
            for each in self._api.list("Service", namespace, {})
            for port in each["spec"].get("ports") or ()
        )

    def request(self, pod: Pod, request: PodRequest) -> PodResponse:
        """Make a request from inside the container that serves; see `Cluster`."""
        if pod.problem:
            return PodResponse(status=None, error=pod.problem.splitlines()[0])
        return request_inside(
            self._api,
            namespace=pod.namespace,
            pod=pod.name,
            container=self._containers[pod.namespace, pod.name],
            request=request,
        )

    def address(self, service: ServiceName) -> str:
        """A local address, forwarded to a pod that is ready and answers, whichever it is then."""
        return self._forwarded(service, pod="")

    def address_of(self, pod: Pod, service: ServiceName) -> str:
        """A local address, forwarded to this pod."""
        try:
            return self._forwarded(service, pod=pod.name)
        except SetupError as error:
            raise mute(pod.name, service, found_in(str(error))) from error

    def _forwarded(self, service: ServiceName, *, pod: str) -> str:
        route = _Route(self._api, service, self._programs.get(service), pod)
        route.ways()
        forward = Forward(self._api, route)
        self._forwards.append(forward)
        route.find(forward)
        return forward.address

    def logs(self, pod: Pod, *, lines: int) -> str:
        """The last lines of the serving container's log; see `acceptance.cluster.Cluster`."""
        container = self._containers[pod.namespace, pod.name]
        return last_lines(self._api, pod.namespace, pod.name, container, lines)


def _missing(container: Manifest, spec: Manifest, data: Data) -> Iterator[str]:
    missing = missing_references(container, data, with_keys=True) + missing_volumes(spec, data)
    sealed = {f"{kind} {name}" for kind, name in data.sealed}
    return filter(lambda each: each not in sealed, missing)


def _stands_before(found: Behind, container: Manifest) -> Iterator[str]:
    serving = serving_container(found.template, found.service, found.port)
    if found.program and serving["name"] != container["name"]:
        yield f"the Service leads to container {serving['name']}; the program is judged, not that"


class _Route:
    """Where the next connection to a Service goes: to a pod that is ready, and a port of it."""

    def __init__(self, api: Api, service: ServiceName, program: Program | None, pod: str) -> None:
        """Ask nothing yet.

        Args:
            api: the API server.
            service: the Service.
            program: what is looked for; None: whatever answers.
            pod: the only one that counts; empty: any.
        """
        self._api = api
        self._service = service
        self._program = program
        self._pod = pod
        self._tried: tuple[str, int] | None = None
        self._mute: set[str] = set()
        self._port = 0

    def ways(self) -> tuple[tuple[str, int], ...]:
        """Pods with a port each, the likeliest first.

        Raises:
            SetupError: there is none.
        """
        manifest, pods = selected(self._api, self._service)
        found = tuple(
            (str(pod["metadata"]["name"]), port)
            for pod in pods
            if is_ready(pod) and self._pod in ("", pod["metadata"]["name"])
            for port in target_ports(pod, manifest, self._service.port, self._program)
        )
        if not found:
            raise nothing_behind(self._service, "no pod that is ready has its target port")
        return found

    def __call__(self) -> tuple[str, str, int]:
        """See `acceptance.kubernetes.forward.Choose`."""
        name, port = self._tried or min(self.ways(), key=self._rank)
        return self._service.namespace, name, port

    def _rank(self, way: tuple[str, int]) -> tuple[bool, bool]:
        name, port = way
        return name in self._mute, port != self._port

    def find(self, forward: Forward) -> None:
        """Go from now on where the program shows its sign, or else where anything answers.

        Raises:
            SetupError: nothing does.
        """
        answering: list[tuple[str, int]] = []
        mute: dict[str, str] = {}
        for way in self.ways():
            self._tried = way
            try:
                told = self._first_word(forward)
            except httpx.TransportError as error:
                mute.setdefault(way[0], _why_mute(forward, error))
                continue
            if self._program is None or self._program.tells in told:
                answering.insert(0, way)
                break
            answering.append(way)
        self._tried = None
        if not answering:
            raise nothing_behind(self._service, next(iter(mute.values())), _MUTE)
        self._port = answering[0][1]
        self._mute = set(mute) - {name for name, _ in answering}

    def _first_word(self, forward: Forward) -> str:
        path = self._program.sign if self._program else "/"
        url = f"{forward.address}{path}"
        try:
            return within(
                _FIRST_WORD, lambda: httpx.get(url, timeout=_FIRST_WORD, trust_env=False).text
            )
        except TimeoutError as error:
            raise httpx.ReadTimeout(str(error)) from error


def _why_mute(forward: Forward, error: httpx.TransportError) -> str:
    if isinstance(error, httpx.TimeoutException):
        return f"its target port {HANGS} {_FIRST_WORD:.0f} s"
    why = forward.last_error or f"{type(error).__name__}: {error}"
    return f"nothing listens on its target port: {why}"
