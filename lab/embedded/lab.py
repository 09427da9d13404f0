"""The embedded lab: everything in the manifests that it knows, up and answering."""

import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import certifi

from domain.errors import SetupError
from domain.message import explain
from domain.waiting import Say, eventually, quiet
from lab.embedded.manifests import Manifests, namespace_of
from lab.embedded.network import Disturbance, Network
from lab.embedded.plan import PodPlan, plan_pods
from lab.embedded.process import PodProcess
from lab.embedded.programs import Emulated, Program
from lab.embedded.unsupported import unsupported
from lab.environments import Environment
from lab.providers.client import Providers

_PROJECT = Path(__file__).parents[2]
_JANITOR = Path(__file__).parent / "janitor.py"
_PROVIDERS_TIMEOUT = 30.0
"""Seconds until the emulated providers listen."""
_QUEUE_FILLERS = 4

Programs = Callable[[str], Environment]
"""The built environment of a program, by name."""


class EmbeddedLab:
    """Runs manifests as local processes; a context that leaves nothing behind."""

    def __init__(self, manifests: Manifests, programs: Programs, *, say: Say = quiet) -> None:
        self.manifests = manifests
        self._programs = programs
        self._say = say
        self._closing = ExitStack()
        self._pods: dict[str, PodProcess] = {}
        self._folder = Path()
        self._disturbances: tuple[Disturbance, ...] = ()

    def __enter__(self) -> Self:
        try:
            self._open()
        except BaseException:
            self._closing.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closing.close()

    def _open(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="acceptance-lab-"))
        self._closing.callback(shutil.rmtree, self._folder, ignore_errors=True)
        self._closing.callback(_start_janitor(self._folder))
        self._silent = self._closing.enter_context(_never_answering())
        self.providers = self._start_providers()
        self._closing.callback(self.providers.close)
        self._certificates = self._folder / "certificates.pem"
        authority = (self._folder / "providers" / "ca.pem").read_text()
        self._certificates.write_text(Path(certifi.where()).read_text() + authority)
        self._closing.callback(self._end_pods)
        self.apply(self.manifests)

    def _start_providers(self) -> Providers:
        folder = self._folder / "providers"
        folder.mkdir()
        process = subprocess.Popen(
            [sys.executable, "-m", "lab.providers", "--directory", str(folder)],
            cwd=_PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._closing.callback(_end, process)

        def listening() -> Providers:
            assert process.poll() is None, f"they ended with status {process.returncode}"
            assert (folder / "providers.json").exists(), "they do not listen yet"
            return Providers.load(folder)

        try:
            return eventually(
                listening,
                what="the emulated providers",
                timeout=_PROVIDERS_TIMEOUT,
                interval=0.05,
                say=self._say,
            )
        except AssertionError as error:
            raise SetupError(f"The emulated providers do not start: {error}") from error

    def apply(self, manifests: Manifests) -> None:
        """Make the lab as these manifests say, all pods started anew, and wait until it serves.

        Volume claims keep what they hold, as on a cluster.

        A pod that cannot start is part of what is judged: it says so in its `problem`.
        """
        self._end_pods()
        self.manifests = manifests
        self._network = Network(manifests, self._outside_hosts())
        self._plans = plan_pods(manifests)
        self.update_network()
        self._start(plan for plan in self._plans if isinstance(plan.program, Program))
        self.update_network()

    def edit(self, manifests: Manifests) -> None:
        """Change the objects and restart nothing, as an edited ConfigMap or Secret does."""
        self.manifests = manifests

    def disturb(self, *disturbances: Disturbance) -> None:
        """Let the network be wrong in these ways from now on; none: well again."""
        self._disturbances = disturbances
        self.update_network()

    def _start(self, plans: Iterable[PodPlan]) -> None:
        processes = []
        for plan in plans:
            process = self._process(plan)
            self._pods[plan.key] = process
            if plan.missing:
                process.problem = self._cannot_start(plan)
            else:
                process.start(self.manifests)
                processes.append(process)
        with ThreadPoolExecutor(max_workers=max(1, len(processes))) as pool:
            list(pool.map(lambda process: process.wait_until_ready(self._say), processes))

    def _cannot_start(self, plan: PodPlan) -> str:
        elsewhere = [
            f"{item['kind']} {item['metadata']['name']} exists in {namespace_of(item)}"
            for item in self.manifests.of_kind("ConfigMap", "Secret")
            if f"{item['kind']} {item['metadata']['name']}" in plan.missing
        ]
        return explain(
            f"Pod {plan.key} cannot start.",
            expected="every ConfigMap, Secret and key that the container refers to",
            found=f"not found in {plan.namespace}: {', '.join([*plan.missing, *elsewhere])}",
            where=f"{plan.kind} {plan.namespace}/{plan.owner}",
            fix="create it in the pod's own namespace",
        )

    def _process(self, plan: PodPlan) -> PodProcess:
        assert isinstance(plan.program, Program)
        return PodProcess(
            plan,
            self._folder / "pods" / plan.key.replace("/", "_"),
            self._folder / "network.json",
            self._certificates,
            self._programs(plan.program.name),
        )

    def _outside_hosts(self) -> Mapping[str, int]:
        return {
            endpoint.host: endpoint.port
            for endpoint in self.providers.endpoints.values()
            if endpoint.scheme == "https"
        }

    def update_network(self) -> None:
        """Tell the pods what listens where by now."""
        ports: dict[str, Mapping[int, int]] = {}
        for plan in self._plans:
            if isinstance(plan.program, Emulated):
                local = self.providers.endpoints[plan.program.provider].port
                ports[plan.key] = {plan.program.port: local}
            elif plan.key in self._pods:
                ports[plan.key] = self._pods[plan.key].ports()
        self._network.write(
            self._folder / "network.json",
            self._plans,
            ports,
            silent=self._silent,
            disturbances=self._disturbances,
        )

    @property
    def notes(self) -> tuple[str, ...]:
        """What of the manifests the lab cannot honour."""
        return unsupported(self.manifests)

    @property
    def versions(self) -> Mapping[str, str]:
        """Versions of the programs that run, by their titles."""
        used = {plan.program.name for plan in self._plans if isinstance(plan.program, Program)}
        environments = [self._programs(name) for name in sorted(used)]
        return {each.program.title: each.version for each in environments}

    @property
    def network(self) -> Network:
        """The name table of the manifests in force."""
        return self._network

    @property
    def plans(self) -> tuple[PodPlan, ...]:
        """The pods of the manifests in force, emulated ones included."""
        return self._plans

    @property
    def pods(self) -> Mapping[str, PodProcess]:
        """The pods that run as programs, by `namespace/name`."""
        return self._pods

    def _end_pods(self) -> None:
        for pod in self._pods.values():
            pod.ask_to_end()
        for pod in self._pods.values():
            pod.end()
        self._pods.clear()


@contextmanager
def _never_answering() -> Iterator[int]:
    """A port whose queue is full: a connection to it hangs, as one to dropped packets does."""
    with ExitStack() as sockets:
        listener = sockets.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(_QUEUE_FILLERS):
            filler = sockets.enter_context(socket.socket())
            filler.setblocking(False)  # the socket module's own signature
            filler.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


def _end(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    process.stdin.close()
    process.wait()


def _start_janitor(folder: Path) -> Callable[[], None]:
    """Start a process that removes the folder when this one is gone, however it went."""
    process = subprocess.Popen(
        [sys.executable, "-S", str(_JANITOR), str(folder)],
        stdin=subprocess.PIPE,
        start_new_session=True,
    )
    return lambda: _end(process)
