"""The embedded lab: everything in the manifests that it knows, up and answering."""

import shutil
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from types import MappingProxyType
from typing import Self

import certifi

from acceptance.lab.embedded.administrator import SIGNED_UP
from acceptance.lab.embedded.companions import (
    TlsForHosts,
    emulated_providers,
    never_answering,
    start_janitor,
)
from acceptance.lab.embedded.launch import ColdStarter, Starter
from acceptance.lab.embedded.manifests import Manifests
from acceptance.lab.embedded.network import Disturbance, Network, no_tls
from acceptance.lab.embedded.plan import PodPlan, plan_pods
from acceptance.lab.embedded.process import PodProcess, cannot_start
from acceptance.lab.embedded.programs import Emulated, Program, other_than_named
from acceptance.lab.embedded.unsupported import unsupported
from acceptance.lab.embedded.upstreams import offers_of
from acceptance.lab.environments import Environment, ensure_all, requirement
from acceptance.lab.providers.catalogue import LOCAL
from acceptance.waiting import Progress, quiet, waiting_for

Programs = Callable[[str], Environment]
"""The built environment, by what it is made for: `litellm`, or `litellm==1.83.14`."""


def programs_for(
    manifests: Manifests,
    *,
    versions: Mapping[str, str] = MappingProxyType({}),
    cache: Path,
    say: Progress,
) -> Programs:
    """The environments of the versions that the manifests' images name; built where they are not.

    Args:
        manifests: what will run.
        versions: by program name, versions to run instead.
        cache: the folder for what is built once.
        say: shows progress.

    Raises:
        SetupError: one of them cannot be had.
    """
    run: dict[str, str] = {}
    named_by: dict[str, str] = {}
    for plan in plan_pods(manifests):
        if isinstance(plan.program, Program):
            name, asked = plan.program.name, plan.requirement
            run[asked] = requirement(name, versions[name]) if name in versions else asked
            if name not in versions:
                named_by[asked] = f"{plan.where}: image {plan.container['image']}"
    built = ensure_all(run.values(), cache=cache, say=say, named_by=named_by)
    return lambda each: built[run[each]]


class EmbeddedLab:
    """Runs manifests as local processes; a context that leaves nothing behind."""

    def __init__(
        self,
        manifests: Manifests,
        programs: Programs,
        *,
        say: Progress = quiet,
        starter: Starter | None = None,
    ) -> None:
        """Start nothing yet.

        Args:
            manifests: what to run.
            programs: finds the built environment of a program.
            say: shows progress.
            starter: how programs are started, closed with the lab; a cold start where none is
                given.
        """
        self.manifests = manifests
        self._programs = programs
        self._say = say
        self._starter = starter or ColdStarter()
        self._closing = ExitStack()
        self._pods: dict[str, PodProcess] = {}
        self.folder = Path()
        """Everything that the lab writes."""
        self._disturbances: tuple[Disturbance, ...] = ()
        self._tls: TlsForHosts | None = None
        """Only where a public host leads back into the cluster."""

    def __enter__(self) -> Self:
        try:
            self._open()
        except BaseException:
            self._closing.close()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        self._closing.close()

    def _open(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="acceptance-lab-"))
        self._closing.callback(shutil.rmtree, self.folder, ignore_errors=True)
        self._closing.callback(start_janitor(self.folder))
        self._silent = self._closing.enter_context(never_answering())
        self.providers = self._closing.enter_context(
            emulated_providers(self.folder / "providers", self._say)
        )
        self._certificates = self.folder / "certificates.pem"
        authority = (self.folder / "providers" / "ca.pem").read_text()
        self._certificates.write_text(Path(certifi.where()).read_text() + authority)
        self._closing.callback(self._starter.close)
        self._closing.callback(self._end_all)
        self.apply(self.manifests)

    def apply(self, manifests: Manifests, *, restart_all: bool = False) -> None:
        """Make the lab as these manifests say, and wait until it serves.

        Pods whose plan changed, with all that it mounts and refers to, are started anew; the
        others run on, unless `restart_all`. Volume claims keep what they hold, as on a cluster.

        A pod that cannot start is part of what is judged: it says so in its `problem`.
        """
        plans = plan_pods(manifests)
        wanted = {plan.key: plan for plan in plans if isinstance(plan.program, Program)}
        self._end(
            key
            for key, pod in self._pods.items()
            if restart_all or wanted.get(key) != pod.plan or pod.problem or pod.ended_by_itself
        )
        self.manifests = manifests
        self.providers.offer(offers_of(manifests, plans))
        self._network = Network(manifests, self._outside_hosts())
        if self._network.leads_back and self._tls is None:
            self._tls = TlsForHosts()
            self._closing.callback(self._tls.close)
            with self._certificates.open("a") as trusted:
                trusted.write(self._tls.certificate)
        self._plans = plans
        self.update_network()
        self._start([plan for key, plan in wanted.items() if key not in self._pods])
        self.update_network()

    def reset(self) -> None:
        """End every pod and forget what the volumes hold: `apply` begins from nothing."""
        self._end_all()
        shutil.rmtree(self.folder / "pods", ignore_errors=True)

    def run_versions(
        self, manifests: Manifests, programs: Programs, *, volumes: Path | None = None
    ) -> None:
        """End every pod, and start these manifests by other programs, on the same volumes.

        Args:
            manifests: what to run.
            programs: finds the built environment of a program.
            volumes: what `keep_volumes` kept, to begin from instead.
        """
        self._end_all()
        if volumes:
            shutil.rmtree(self.folder / "pods")
            shutil.copytree(volumes, self.folder / "pods", symlinks=True)
            for log in self.folder.glob("pods/*/log"):
                log.unlink()  # of other programs
        self._programs = programs
        self.apply(manifests)

    def keep_volumes(self, folder: Path) -> None:
        """End every pod, and copy what they have written so far."""
        self._end_all()
        shutil.copytree(self.folder / "pods", folder, symlinks=True)

    def stop(self, key: str) -> None:
        """End one pod (`namespace/name`) and leave it so until the next `apply`."""
        pod = self._pods[key]
        pod.end()
        pod.problem = f"Pod {key} was stopped."

    def edit(self, manifests: Manifests) -> None:
        """Change the objects and restart nothing, as an edited ConfigMap or Secret does."""
        self.manifests = manifests

    def disturb(self, *disturbances: Disturbance) -> None:
        """Let the network be wrong in these ways from now on; none: well again."""
        self._disturbances = disturbances
        self.update_network()

    def _start(self, plans: Collection[PodPlan]) -> None:
        able = []
        for plan in plans:
            pod = self._pods[plan.key] = self._process(plan)
            if plan.missing:
                pod.problem = cannot_start(plan, self.manifests)
            else:
                able.append(pod)
        with ThreadPoolExecutor(max_workers=max(1, len(able))) as pool:
            try:
                list(pool.map(lambda pod: pod.boot(self._say), able))
            except BaseException:  # a Ctrl-C as well: nobody waits for the others to be ready
                self._end_all()
                raise

    def _process(self, plan: PodPlan) -> PodProcess:
        assert isinstance(plan.program, Program)
        return PodProcess(
            plan,
            PodProcess.folder_in(self.folder, plan),
            self._programs(plan.requirement),
            table=self.folder / "network.json",
            certificates=self._certificates,
            starter=self._starter,
        )

    def _outside_hosts(self) -> Mapping[str, int]:
        return {
            f"{endpoint.host}:{endpoint.host_port}": endpoint.port
            for endpoint in self.providers.endpoints.values()
            if endpoint.host != LOCAL
        }

    def update_network(self) -> None:
        """Tell the pods what listens where by now."""
        ports: dict[str, Mapping[int, int]] = {}
        for plan in self._plans:
            if isinstance(plan.program, Emulated):
                local = self.providers.endpoints[plan.program.provider].port
                ports[plan.key] = {plan.listens: local}
            elif plan.key in self._pods:
                ports[plan.key] = self._pods[plan.key].ports()
        self._network.write(
            self.folder / "network.json",
            self._plans,
            ports,
            silent=self._silent,
            disturbances=self._disturbances,
            encrypted=self._tls.lead if self._tls else no_tls,
        )

    @property
    def notes(self) -> tuple[str, ...]:
        """What of the manifests the lab cannot honour, and what is to be known of what ran."""
        return (*unsupported(self.manifests), *self.ran)

    @property
    def ran(self) -> tuple[str, ...]:
        """Where another version ran than an image's tag names, or somebody had to sign up first."""
        told = (
            other_than_named(plan.container["image"], environment.version)
            for plan, environment in self._environments()
        )
        signed_up = (SIGNED_UP for pod in self._pods.values() if pod.signed_up)
        return tuple(dict.fromkeys(filter(None, (*told, *signed_up))))

    @property
    def versions(self) -> Mapping[str, str]:
        """Versions of the programs that run, by their titles."""
        run: dict[str, dict[str, None]] = {}
        for _, each in self._environments():
            run.setdefault(each.program.title, {})[each.version] = None
        return {title: " and ".join(run[title]) for title in sorted(run)}

    @property
    def locks(self) -> Mapping[str, str]:
        """SHA-256 of the lock files that the programs were installed from, by their titles."""
        locks: dict[str, dict[str, None]] = {}
        for _, each in self._environments():
            locks.setdefault(each.program.title, {})[each.lock] = None
        return {title: " and ".join(locks[title]) for title in sorted(locks)}

    def _environments(self) -> Iterator[tuple[PodPlan, Environment]]:
        for plan in self._plans:
            if isinstance(plan.program, Program):
                yield plan, self._programs(plan.requirement)

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

    def _end_all(self) -> None:
        self._end(self._pods)

    def _end(self, keys: Iterable[str]) -> None:
        ending = [self._pods.pop(key) for key in tuple(keys)]
        with waiting_for("the programs to end", self._say):
            for pod in ending:
                pod.ask_to_end()
            for pod in ending:
                pod.end()
