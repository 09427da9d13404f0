"""Which container of a pod is the program, and which port of it answers (Kubernetes 1.34)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from acceptance.checks.rollout import LITELLM_IS_ALIVE
from acceptance.errors import SetupError
from acceptance.message import explain
from acceptance.resources import Manifest

_DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container"
_BESIDE = re.compile(
    r"nginx|proxy|envoy|istio|linkerd|traefik|caddy|tailscale|cloudflared|authelia|authentik"
    r"|pomerium|gatekeeper|exporter|fluent|filebeat|vault|git-sync|bouncer|redis|postgres"
)
"""Images that stand before or beside a program, and are never the program itself."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Program:
    """What is looked for behind a Service, and how it is recognised among its neighbours."""

    name: str
    command: re.Pattern[str]
    """Words of its own command."""
    port: int
    """Where it listens unless it is told otherwise."""
    sign: str
    """A path that needs no key,"""
    tells: str
    """and what this program, and nothing else, answers there."""
    container: str = ""
    """The container's name, where settings give it."""


OPEN_WEBUI = Program(
    name="open-webui",
    command=re.compile(r"open[-_]webui|\bstart\.sh\b"),
    port=8080,
    sign="/api/config",
    tells='"features"',
)
"""Open WebUI 0.12.4."""
LITELLM = Program(
    name="litellm",
    command=re.compile(r"litellm|prod_entrypoint\.sh"),
    port=4000,
    sign="/health/liveliness",
    tells=LITELLM_IS_ALIVE,
)
"""LiteLLM 1.106.2."""


def serving_container(
    pod: Manifest, service: Manifest, port: int, program: Program | None = None
) -> Manifest:
    """The container of a pod (or a template) that is the program.

    Settings may name it. Otherwise it is recognised by image, command and port, since a proxy may
    stand before it in its own pod; of several it is the one that declares the target port, or the
    one that is the default for kubectl, or the first.

    Args:
        pod: one that the Service selects.
        service: the Service.
        port: one of its ports; 0: any of them, or the first where no program is looked for.
        program: what is looked for; None: whatever answers the Service.

    Raises:
        SetupError: there is no container of the name that settings give.
    """
    containers = tuple(_beside_one_another(pod))
    if program and program.container:
        return _named(containers, program.container)
    default = (pod["metadata"].get("annotations") or {}).get(_DEFAULT_CONTAINER)
    targets = tuple(_targets(service, port))[: None if program else 1]

    def rank(container: Manifest) -> tuple[bool, bool, int, bool]:
        likeness = _likeness(container, program) if program else 0
        declares = not set(targets).isdisjoint(_declared(container))
        return likeness > 0, declares, likeness, container["name"] == default

    return max(containers, key=rank)  # the first of equals


def _likeness(container: Manifest, program: Program) -> int:
    """How much speaks for a container's being the program; nothing above 0 where nothing does."""
    image = str(container.get("image", "")).partition("@")[0]
    image = image.rpartition("/")[2].partition(":")[0].lower()
    command = container.get("command") or ()
    words = map(str, (*command, *(container.get("args") or ())))
    own = bool(program.command.search(" ".join(words)))
    if _BESIDE.search(image):
        return -1
    plain = re.sub(r"[-_.]", "", image)
    alike = 2 * (program.name.replace("-", "") in plain) + (image == program.name)
    return alike + 2 * own + (program.port in _declared(container)) - (bool(command) and not own)


def _named(containers: tuple[Manifest, ...], name: str) -> Manifest:
    for each in containers:
        if each["name"] == name:
            return each
    raise SetupError(
        explain(
            "There is no such container.",
            expected=f"one of {', '.join(each['name'] for each in containers)}",
            found=name,
            where="the settings open_webui_container and gateway_container",
            fix="correct it, or leave it out: the program is recognised by itself",
        )
    )


def _beside_one_another(pod: Manifest) -> Iterator[Manifest]:
    """The containers that run at the same time: some sidecars are among the init containers."""
    yield from pod["spec"]["containers"]
    for each in pod["spec"].get("initContainers") or ():
        if each.get("restartPolicy") == "Always":
            yield each


def _targets(service: Manifest, port: int) -> Iterator[str | int]:
    for each in service["spec"].get("ports") or ():
        if port in (0, each["port"]) and each.get("protocol", "TCP") == "TCP":
            yield each.get("targetPort", each["port"])


def _declared(container: Manifest) -> Iterator[str | int]:
    for port in container.get("ports") or ():
        yield port["containerPort"]
        if port.get("name"):
            yield port["name"]


def target_ports(
    pod: Manifest, service: Manifest, port: int, program: Program | None = None
) -> tuple[int, ...]:
    """The pod's ports at which the program may answer, the likeliest first.

    Those that the Service leads to; and the program's own, where another container declares them:
    a proxy that stands before it, and wants somebody to sign in. The arguments are those of
    `serving_container`.
    """
    targets = [(target, _number(pod, target)) for target in _targets(service, port)]
    found = [number for _, number in targets if number is not None]
    container = serving_container(pod, service, port, program)
    neighbours = [each for each in _beside_one_another(pod) if each is not container]
    if program and any(target in _declared(each) for each in neighbours for target, _ in targets):
        found += [each for each in _declared(container) if isinstance(each, int)]
        found.append(program.port)
    return tuple(dict.fromkeys(found))


def _number(pod: Manifest, target: str | int) -> int | None:
    """The pod's port of a target; None where no port has that name."""
    if isinstance(target, int):
        return target
    for container in _beside_one_another(pod):
        for declared in container.get("ports") or ():
            if declared.get("name") == target:
                return int(declared["containerPort"])
    return None
