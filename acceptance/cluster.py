"""The cluster as a port with few questions; each target brings its own answer."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from acceptance.errors import SetupError, Unproven
from acceptance.message import explain
from acceptance.resources import Environment, ServiceName
from acceptance.secret import Secret

HANGS = "takes connections, and does not answer within"
"""What is said of a program that is up and says nothing: nobody needs to ask it again."""
POD_PROBE = Path(__file__).parent / "pod_probe.py"
"""The script by which a pod makes an `PodRequest`, for adapters to hand to its Python."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pod:
    """A pod that is to serve, and how current it is."""

    namespace: str
    name: str
    image: str
    environment: Environment
    outdated: str = ""
    """What of it is older than the newest configuration; empty when nothing is."""
    unsure: str = ""
    """What keeps from telling whether more of it is outdated; empty where nothing does."""
    restarts: int = 0
    problem: str = ""
    """Why it does not serve, with the last lines of its log; empty when it does."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Workload:
    """What stands behind a Service: its owner, its newest template and the pods that serve."""

    kind: str
    namespace: str
    name: str
    container: str
    environment: Environment
    """As the newest template declares it, resolved."""
    pods: tuple[Pod, ...]
    missing: tuple[str, ...] = ()
    """What the newest template refers to and is not there: no pod of it can start."""
    stuck: str = ""
    """Why its rollout does not come to an end, in its controller's words; empty where it may."""
    notes: tuple[str, ...] = ()
    """Things worth a reader's attention, none of them a fault by itself."""
    composed: bool = False
    """Whether it is a service of Docker Compose, and no object of Kubernetes."""

    def __str__(self) -> str:
        if self.composed:
            return f"service {self.name} of Docker Compose"
        return f"{self.kind} {self.namespace}/{self.name}, container {self.container}"

    @property
    def serving(self) -> tuple[Pod, ...]:
        """The pods that serve."""
        return tuple(pod for pod in self.pods if not pod.problem)

    @property
    def problem(self) -> str:
        """Why it does not serve at all; empty when one of its pods does."""
        return "" if self.serving else next((pod.problem for pod in self.pods), "")

    def secrets(self) -> Iterator[Secret]:
        """What is secret in the environments that it declares and that its pods have."""
        for environment in (self.environment, *(pod.environment for pod in self.pods)):
            for each in environment.values():
                yield from each.secrets()

    def shown(self) -> str:
        """The workload for a report: pods, then variables with their sources, secrets masked."""
        pods = [
            f"pod {pod.name}: {pod.outdated or pod.unsure or 'newest configuration'}, "
            f"{pod.image}, {pod.restarts} restarts{'' if not pod.problem else ', DOES NOT SERVE'}"
            for pod in self.pods
        ]
        variables = [
            f"{each.name} = {each.shown()}  ({each.source}"
            + (f"; hides {each.hides} earlier)" if each.hides else ")")
            for each in self.environment.values()
            if each.source != "image"
        ]
        return "\n".join([str(self), *pods, *variables])


@dataclass(frozen=True, kw_only=True, slots=True)
class PodRequest:
    """A GET made by a pod itself, with its own names, routes, proxies and certificates."""

    url: str = ""
    """Empty: nothing is asked, the process is only looked at."""
    bearer_variable: str | None = None
    """Variable of the pod that holds the key to send, so that the key never leaves the pod."""
    timeout: float = 10.0
    """Seconds."""
    files: tuple[str, ...] = ()
    """Paths to look at, of files and of folders that ConfigMaps or Secrets are mounted on."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PodResponse:
    """What the pod received; `error` when no HTTP answer came."""

    status: int | None
    unproven: Unproven | None = None
    """Why the pod could not be asked: nothing is known of it then."""
    body: str = ""
    error: str = ""
    addresses: tuple[str, ...] = ()
    """What the host of the URL is to the pod; empty where it does not resolve, or a proxy does."""
    fingerprints: Mapping[str, str] = field(default_factory=dict)
    """Fingerprints of the variables of the running process, by name."""
    files: Mapping[str, str] = field(default_factory=dict)
    """Fingerprints of the files that were asked for; of those that exist."""
    written: Mapping[str, float] = field(default_factory=dict)
    """When the content of the folders that were asked for was last replaced, Unix seconds."""


class OutsideError(SetupError):
    """A Service leads out of the cluster: none of its pods can be looked at."""

    def __init__(self, message: str, urls: tuple[str, ...]) -> None:
        super().__init__(message)
        self.urls = urls
        """Where it leads."""


def outside(service: ServiceName, found: str, urls: tuple[str, ...]) -> OutsideError:
    """The error for a Service that leads out of the cluster."""
    return OutsideError(
        explain(
            f"{service} leads out of the cluster.",
            expected="a Service that selects pods, so that they can be looked at",
            found=found,
            where=f"Service {service.namespace}/{service.name}",
            fix="nothing is wrong by itself: give --gateway-url, and it is judged by its address",
        ),
        urls,
    )


def mute(pod: str, service: ServiceName, found: str) -> AssertionError:
    """The failure of one pod to which a Service sends people, and which does not answer."""
    return AssertionError(
        explain(
            "A pod is ready, and does not answer.",
            expected=f"an answer from each pod to which {service} leads",
            found=found,
            where=f"Pod {service.namespace}/{pod}",
            fix=f"kubectl logs {pod} -n {service.namespace}; its readiness probe should notice",
        )
    )


def nothing_behind(
    service: ServiceName,
    found: str,
    fix: str = "correct the Service's selector or the name in the settings",
) -> SetupError:
    """The error for a Service that leads nowhere."""
    return SetupError(
        explain(
            f"Nothing serves behind {service}.",
            expected="a Service that leads to a running pod",
            found=found,
            where=f"Service {service.namespace}/{service.name}",
            fix=fix,
        )
    )


class Cluster(Protocol):
    """Questions about a cluster, and the few things that may be done to it."""

    def workload(self, service: ServiceName) -> Workload:
        """The workload behind a Service, with all pods that the Service selects.

        Raises:
            OutsideError: the Service leads out of the cluster.
            SetupError: it does not exist, or selects nothing.
        """

    def replicas(self, service: ServiceName) -> int | None:
        """How many pods the workload behind a Service is to have; None where nobody can tell."""

    def exists(self, service: ServiceName) -> bool:
        """Whether the Service exists and has this port."""

    def leads_to(self, url: str, service: ServiceName, *, seen_from: str) -> bool:
        """Whether a URL of another host leads to a Service's pods, seen from a namespace."""

    def addresses(self, service: ServiceName) -> tuple[str, ...]:
        """What the Service's name is to a pod; empty where that cannot be told."""

    def strangers(self, service: ServiceName) -> tuple[str, ...]:
        """Addresses to which a Service leads, and which are no pods that it selects."""

    def target_port(self, service: ServiceName) -> int | None:
        """The pods' port behind this port of a Service; None where nobody can tell."""

    def services(self) -> tuple[ServiceName, ...]:
        """Every Service that may be seen, one entry a port."""

    def request(self, pod: Pod, request: PodRequest) -> PodResponse:
        """Make a request from inside the pod, in the container that serves.

        Raises:
            NotProven: these rights do not allow it, or it fails on its way to the pod.
        """

    def address(self, service: ServiceName) -> str:
        """A base URL of the Service for the runner, open until the run ends.

        Raises:
            SetupError: nothing serves there.
        """

    def address_of(self, pod: Pod, service: ServiceName) -> str:
        """A base URL of one pod behind the Service, likewise.

        Raises:
            AssertionError: the pod does not answer, though it is to serve.
        """

    def logs(self, pod: Pod, *, lines: int) -> str:
        """The last lines of the serving container's log."""
