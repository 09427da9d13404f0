"""From manifests to what must run: one plan for each pod that Kubernetes would start."""

import copy
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from acceptance.errors import SetupError
from acceptance.lab.embedded.command import CommandLine, RefusedCommandError, command_line
from acceptance.lab.embedded.manifests import Manifests, namespace_of
from acceptance.lab.embedded.programs import (
    PROGRAMS,
    Emulated,
    Program,
    program_for,
    program_named,
    version_named,
)
from acceptance.lab.embedded.withheld import Given, given
from acceptance.lab.environments import requirement
from acceptance.message import explain
from acceptance.resources import (
    Environment,
    Lookup,
    Manifest,
    Variable,
    expand,
    missing_references,
    missing_volumes,
    resolve_environment,
    sources_of,
    text_of,
)
from acceptance.secret import Secret

_PORT_OPTION = re.compile(r"(?<!\S)--port[= ](\d{1,5})(?!\S)")
_PORT_AT_END = re.compile(r":(\d{1,5})/?$")
WORKLOADS = ("Deployment", "StatefulSet", "Pod")
_MOST_REPLICAS = 20
"""Of a workload: each is a process of this machine, of some 400 MB."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PodPlan:
    """A pod to be: its program, its environment and what it mounts."""

    namespace: str
    name: str
    kind: str
    owner: str
    labels: Mapping[str, str]
    container: Manifest
    spec: Manifest
    program: Program | Emulated
    environment: Environment
    volume_claims: frozenset[str] = frozenset()
    """Names of the volumes that outlive the pod, from the owner's volumeClaimTemplates."""
    mounted: Mapping[str, str] = field(default_factory=dict)
    """Text of each file that its container mounts from ConfigMaps and Secrets, by its path."""
    missing: tuple[str, ...] = ()
    """What it refers to and does not exist: it cannot start."""
    line: CommandLine | None = None
    """How a program is started."""
    given: Given | None = None
    """What a program is given of environment and files."""
    allow_code: bool = False
    """Whether code that the manifests bring may run."""

    @property
    def key(self) -> str:
        """Namespace and name, unique in a lab."""
        return f"{self.namespace}/{self.name}"

    @property
    def configuration(self) -> str:
        """The path of LiteLLM's configuration; empty where none is named.

        CONFIG_FILE_PATH wins over the command line (`proxy_startup_event`, LiteLLM 1.106.2).
        """
        assert self.line is not None
        named = text_of(self.environment, "CONFIG_FILE_PATH")
        named = named or self.line.option("--config") or self.line.option("-c")
        return self.line.path(named) if named else ""

    @property
    def requirement(self) -> str:
        """What its environment is made for: the version that its image's tag names, if it does."""
        assert isinstance(self.program, Program)
        return requirement(self.program.name, version_named(self.container["image"]))

    @property
    def where(self) -> str:
        """Where in the manifests it is written."""
        return f"{self.kind} {self.namespace}/{self.owner}, container {self.container['name']}"

    @property
    def notes(self) -> tuple[str, ...]:
        """What of its command, environment and files is left out."""
        said = (*self.line.left_out, *self.given.left_out) if self.line and self.given else ()
        return tuple(f"{self.where}: {each}" for each in said)

    @property
    def listens(self) -> int:
        """The port of a program that is emulated, as its arguments or its variables tell it."""
        words = (*(self.container.get("command") or ()), *(self.container.get("args") or ()))
        option = _PORT_OPTION.search(" ".join(map(str, words)))
        host = self.environment.get("OLLAMA_HOST")
        told = option or (_PORT_AT_END.search(host.value.reveal()) if host else None)
        return int(told[1]) if told else self.program.port

    @property
    def serves_at(self) -> int:
        """The port of a program that is run, as its command or its variables tell it."""
        told = (self.line.option("--port") if self.line else "") or text_of(
            self.environment, "PORT"
        )
        return int(told) if re.fullmatch("[0-9]{1,5}", told) else self.program.port

    def port(self, target: int | str) -> int | None:
        """The number of a Service's target port; None when no port has that name.

        What leads to a container beside the program, which is not run, leads to the program.
        """
        others = [each for each in self.spec["containers"] if each is not self.container]
        if _declared(self.container, target) is None and any(
            _declared(each, target) is not None for each in others
        ):
            own: list[int] = [each["containerPort"] for each in self.container.get("ports") or ()]
            return own[0] if own else self.program.port
        return self.own_port(target)

    def own_port(self, target: int | str) -> int | None:
        """The number of a port of this very container, as its probes name it."""
        if isinstance(target, int) or str(target).isdecimal():
            return int(target)
        return _declared(self.container, target)


def _declared(container: Manifest, target: int | str) -> int | None:
    """The number of a port that a container declares, by name or number."""
    numbers: dict[Any, int] = {}
    for port in container.get("ports") or ():
        numbers |= {port.get("name"): port["containerPort"]}
        numbers |= {str(port["containerPort"]): port["containerPort"]}
    return numbers.get(str(target))


def plan_pods(manifests: Manifests) -> tuple[PodPlan, ...]:
    """A plan for each pod that runs a program which the lab knows.

    Raises:
        SetupError: a workload is not written as Kubernetes would accept it, or all that would be
            one of the two programs start something else.
    """
    plans = _told_apart(
        plan for owner in manifests.of_kind(*WORKLOADS) for plan in _pods_of(owner, manifests)
    )
    running = [plan.program for plan in plans]
    for owner in manifests.of_kind(*WORKLOADS):
        for container in template_of(owner)["spec"]["containers"]:
            refused, program = refused_command(container), program_for(container["image"])
            if refused and isinstance(program, Program) and program not in running:
                raise SetupError(
                    explain(
                        f"The lab cannot run the command of {container['name']}.",
                        expected=f"a command of {program.title}: {' '.join(program.command)} …",
                        found=refused,
                        where=f"{_name(owner)}, container {container['name']}",
                        fix="leave `command` out of the manifest, as the image's entry point does",
                    )
                )
    return plans


def _told_apart(plans: Iterable[PodPlan]) -> tuple[PodPlan, ...]:
    """The plans; of several workloads that run one program, each is a provider of its own."""
    first: dict[str, tuple[str, str]] = {}
    apart: list[PodPlan] = []
    for plan in plans:
        owner, program = (plan.namespace, plan.owner), plan.program
        if isinstance(program, Emulated) and first.setdefault(program.provider, owner) != owner:
            own = replace(program, provider=f"{plan.owner}.{plan.namespace}")
            apart.append(replace(plan, program=own))
        else:
            apart.append(plan)
    return tuple(apart)


def template_of(owner: Manifest) -> Manifest:
    """The pod template of a workload; a Pod is its own."""
    template: Manifest = owner if owner["kind"] == "Pod" else owner["spec"]["template"]
    return template


def of_versions(manifests: Manifests, versions: Mapping[str, str]) -> Manifests:
    """The manifests, as somebody writes other versions into them: the images' tags.

    Args:
        manifests: with whatever tags.
        versions: by program name, `open-webui`.
    """
    changed = []
    for owner in manifests.of_kind(*WORKLOADS):
        mine = copy.deepcopy(dict(owner))
        for container in template_of(mine)["spec"]["containers"]:
            program = program_for(container["image"])
            if isinstance(program, Program) and program.name in versions:
                container["image"] = _tagged(container["image"], versions[program.name])
        changed.append(mine)
    return manifests.with_changes(changed)


def _tagged(image: str, version: str) -> str:
    folder, slash, name = image.partition("@")[0].rpartition("/")
    return f"{folder}{slash}{name.partition(':')[0]}:v{version}"


def chosen(spec: Manifest) -> tuple[Manifest, Program | Emulated] | None:
    """The container of a pod that the lab runs, and as what; the others are beside it."""
    found: list[tuple[int, Manifest, Program | Emulated]] = []
    for container in spec["containers"]:
        program = program_for(container["image"])
        if isinstance(program, Emulated):
            found.append((2, container, program))
        elif program and not refused_command(container):
            found.append((0, container, program))
        elif not program and (own := _by_command(container)):
            found.append((1, container, own))
        elif not program and (own := by_name(container)):
            found.append((3, container, own))
    _, container, program = min(found, key=lambda each: each[0], default=(0, {}, None))
    return (container, program) if program else None


def refused_command(container: Manifest) -> str:
    """What a container of one of the two programs starts instead of it; empty where nothing."""
    program = program_for(container["image"])
    if isinstance(program, Program):
        try:
            command_line(program, container, {}, {})
        except RefusedCommandError as error:
            return str(error)
    return ""


def _by_command(container: Manifest) -> Program | None:
    """The program that a container of another image starts."""
    for program in PROGRAMS:
        if container.get("command"):
            try:
                command_line(program, container, {}, {})
            except RefusedCommandError:
                continue
            return program
    return None


def by_name(container: Manifest) -> Program | None:
    """The program after which a container is called whose image and command tell of none."""
    named = program_named(container["name"])
    if named is None or program_for(container["image"]) or container.get("command"):
        return None
    return named


def _name(owner: Manifest) -> str:
    return f"{owner['kind']} {namespace_of(owner)}/{owner['metadata']['name']}"


def _pods_of(owner: Manifest, manifests: Manifests) -> Iterator[PodPlan]:
    try:
        template = template_of(owner)
        run = chosen(template["spec"])
        if run is None:
            return
        container, program = run
        _check_replicas(owner)
        for number in range(_replicas(owner)):
            yield _plan(owner, number, template, container, program, manifests)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise SetupError(
            explain(
                "A workload is not complete.",
                expected="spec.template.spec.containers, each with name and image",
                found=f"{type(error).__name__}: {error}",
                where=_name(owner),
                fix="check it with `kubectl apply --dry-run=server -f FILE`",
            )
        ) from error


def _plan(
    owner: Manifest,
    number: int,
    template: Manifest,
    container: Manifest,
    program: Program | Emulated,
    manifests: Manifests,
) -> PodPlan:
    owner_name, namespace = owner["metadata"]["name"], namespace_of(owner)
    name = owner_name if owner["kind"] == "Pod" else f"{owner_name}-{number}"

    def lookup(kind: str, reference: str) -> Mapping[str, str] | None:
        return manifests.data(kind, namespace, reference)

    metadata = template["metadata"]
    fields = {
        "metadata.name": name,
        "metadata.namespace": namespace,
        **{
            f"metadata.{kind}['{key}']": text or ""
            for kind in ("labels", "annotations")
            for key, text in (metadata.get(kind) or {}).items()
        },
    }
    declared = resolve_environment(container, lookup, fields)
    environment = {**_given_by_image(program, declared), **declared}
    missing = missing_references(container, lookup, with_keys=True) + missing_volumes(
        template["spec"], lookup
    )
    mounted = _mounted(container, template["spec"], environment, lookup)
    line = (
        command_line(program, container, environment, mounted)
        if isinstance(program, Program)
        else None
    )
    if line:
        environment |= {
            variable: Variable(name=variable, value=Secret(value), source="command")
            for variable, value in line.variables.items()
        }
    return PodPlan(
        namespace=namespace,
        name=name,
        kind=owner["kind"],
        owner=owner_name,
        labels=template["metadata"].get("labels") or {},
        container=container,
        spec=template["spec"],
        program=program,
        environment=environment,
        volume_claims=frozenset(
            claim["metadata"]["name"] for claim in _spec(owner).get("volumeClaimTemplates") or ()
        ),
        mounted=mounted,
        missing=tuple(dict.fromkeys(missing)),
        line=line,
        given=given(program, environment, mounted, allow_code=manifests.allow_code)
        if isinstance(program, Program)
        else None,
        allow_code=manifests.allow_code,
    )


def _mounted(
    container: Manifest, spec: Manifest, environment: Environment, lookup: Lookup
) -> Mapping[str, str]:
    """The files that a container mounts from ConfigMaps and Secrets, by their paths in the pod."""
    volumes = {volume["name"]: volume for volume in spec.get("volumes") or ()}
    files: dict[str, str] = {}
    for mount in container.get("volumeMounts") or ():
        place = posixpath.normpath(posixpath.join("/", mount["mountPath"]))
        part = mount.get("subPath") or expand(mount.get("subPathExpr") or "", environment)
        for source in sources_of(volumes.get(mount["name"], {})):
            data = lookup(source.kind, source.name) or {}
            for path, text in source.files(data).items():
                if not part:
                    files[posixpath.join(place, path)] = text
                elif path == part:
                    files[place] = text
                elif path.startswith(f"{part}/"):
                    files[place + path[len(part) :]] = text
    return files


def replicas_behind(service: Manifest, manifests: Manifests) -> int | None:
    """How many pods the workloads behind a Service are to have; None where there is none."""
    selector = service["spec"].get("selector") or {}
    owners = [
        owner
        for owner in manifests.of_kind("Deployment", "StatefulSet")
        if namespace_of(owner) == namespace_of(service)
        and selector.items() <= (owner["spec"]["template"]["metadata"].get("labels") or {}).items()
    ]
    return sum(_replicas(owner) for owner in owners) if owners and selector else None


def _given_by_image(program: Program | Emulated, declared: Environment) -> Environment:
    given = program.environment if isinstance(program, Program) else {}
    # Open WebUI 0.12.4 cannot go without sign-in once it has an account.
    nobody = declared["WEBUI_AUTH"].value.reveal().lower() if "WEBUI_AUTH" in declared else ""
    return {
        name: Variable(name=name, value=Secret(value), source="image")
        for name, value in given.items()
        if not (nobody == "false" and name.startswith("WEBUI_ADMIN_"))
    }


def _replicas(owner: Manifest) -> int:
    replicas: Any = _spec(owner).get("replicas")
    return 1 if replicas is None or owner["kind"] == "Pod" else int(replicas)


def _check_replicas(owner: Manifest) -> None:
    if (replicas := _replicas(owner)) > _MOST_REPLICAS:
        raise SetupError(
            explain(
                f"{_name(owner)} wants more pods than the lab starts.",
                expected=f"at most {_MOST_REPLICAS} replicas",
                found=str(replicas),
                where=f"{_name(owner)}: spec.replicas",
                fix="judge it with fewer replicas: each is a process of this machine",
            )
        )


def _spec(owner: Manifest) -> Mapping[str, Any]:
    spec: Mapping[str, Any] = owner["spec"]
    return spec
