"""A live cluster as a target: judged as it stands."""

import re
from contextlib import ExitStack
from dataclasses import replace

import httpx

from acceptance.cluster import OutsideError, Workload
from acceptance.errors import SetupError
from acceptance.kubernetes.api import Api
from acceptance.kubernetes.cluster import KubernetesCluster
from acceptance.kubernetes.errors import Forbidden
from acceptance.kubernetes.ports import LITELLM, OPEN_WEBUI
from acceptance.kubernetes.rights import require_reading, who
from acceptance.kubernetes.rollout import settle
from acceptance.kubernetes.stability import Stability
from acceptance.message import explain
from acceptance.resources import ServiceName
from acceptance.secret import Secret
from acceptance.target import Account, Outages, Target, Witness
from acceptance.waiting import Progress

_DOES = (
    "{kind}: lists objects in {namespaces}, execs a probe into the pods, sends each model a few "
    "short prompts, deletes its test chats"
)

_ADDRESS = 5.0
"""Seconds within which a gateway outside of the cluster must answer from here."""


def live_target(  # noqa: PLR0913  # what a person says of their own cluster
    api: Api,
    *,
    name: str,
    open_webui: ServiceName,
    gateway: ServiceName,
    administrator: Account,
    user: Account | None,
    gateway_key: Secret | None,
    open_webui_container: str = "",
    gateway_container: str = "",
    open_webui_url: str = "",
    gateway_url: str = "",
    outages: Outages | None = None,
    witness: Witness | None = None,
    say: Progress,
    closing: ExitStack,
) -> Target:
    """The cluster as a target; says what it is, and what will be asked of it, before asking.

    Raises:
        SetupError: it cannot be judged: no rights, no Open WebUI, no account to judge with.
    """
    if not administrator.named:
        raise SetupError(_no_account())
    version, notes = _announced(api, open_webui, gateway, outages, say)
    programs = {
        open_webui: replace(OPEN_WEBUI, container=open_webui_container),
        gateway: replace(LITELLM, container=gateway_container),
    }
    cluster = KubernetesCluster(api, open_webui, gateway, programs=programs)
    closing.callback(cluster.close)
    address, problem = _open_webui(api, cluster, open_webui, open_webui_url, say)
    gateway_address, gateway_problem = _gateway(api, cluster, gateway, gateway_url, say)
    unrest = Stability(api, open_webui, gateway)
    return Target(
        name=name,
        open_webui=address,
        open_webui_problem=problem,
        gateway=gateway_address,
        gateway_address=gateway_url,
        gateway_problem=gateway_problem,
        administrator=administrator,
        user=user,
        gateway_key=gateway_key,
        cluster=cluster,
        open_webui_service=open_webui,
        gateway_service=gateway,
        outages=outages,
        witness=witness,
        notes=notes,
        versions={"Kubernetes": version},
        begins=unrest.begin,
        at_rest=unrest.check,
        went_away=unrest.gone,
    )


def _announced(
    api: Api, open_webui: ServiceName, gateway: ServiceName, outages: Outages | None, say: Progress
) -> tuple[str, tuple[str, ...]]:
    """Its version, and what the rights leave out: told before anything else is asked of it."""
    version, minor = _version(api)
    say(f"cluster: context {api.context}, {api.server}, Kubernetes {version}, as {who(api)}")
    notes = require_reading(
        api, minor=minor, open_webui=open_webui.namespace, gateway=gateway.namespace
    )
    for note in notes:
        say(note)
    kind = "read-only" if outages is None else "scales backends down for a drill, and back"
    namespaces = dict.fromkeys((open_webui.namespace, gateway.namespace))
    say(_DOES.format(kind=kind, namespaces=" and ".join(namespaces)))
    return version, notes


def _version(api: Api) -> tuple[str, int]:
    """The server's version for people, and its minor one; 0 where it is not told."""
    try:
        told = api.ask_server("GET", "/version")
    except Forbidden:  # some clusters keep it from everybody
        return "unknown", 0
    minor = re.sub(r"\D", "", str(told.get("minor", "")))  # as in "34+"
    return str(told.get("gitVersion", "unknown")), int(minor or 0)


def _open_webui(
    api: Api, cluster: KubernetesCluster, service: ServiceName, url: str, say: Progress
) -> tuple[str, str]:
    """Open WebUI's address, and why it does not serve, where no address is given.

    Raises:
        SetupError: there is none.
    """
    settle(api, service, say)
    workload = cluster.workload(service)
    _tell(workload, say)
    if url:
        return url, ""
    problem = workload.problem
    return ("", problem) if problem else (cluster.address(service), "")


def _gateway(
    api: Api, cluster: KubernetesCluster, service: ServiceName, url: str, say: Progress
) -> tuple[str | None, str]:
    """The gateway's address, and why it does not serve: that is what is judged."""
    try:
        settle(api, service, say)
        workload = cluster.workload(service)
        _tell(workload, say)
        problem = workload.problem
        return (None, problem) if problem else (cluster.address(service), "")
    except OutsideError as error:
        say(str(error).partition("\n")[0])
        return next(filter(_is_litellm, (_base(url),) if url else error.urls), None), ""
    except SetupError as error:
        return None, str(error)


def _base(url: str) -> str:
    """The address of a gateway, without the path of its API."""
    return url.rstrip("/").removesuffix("/v1")


def _is_litellm(url: str) -> bool:
    """Whether LiteLLM answers at an address, asked from here; then it is judged by that."""
    try:
        return LITELLM.tells in httpx.get(f"{url}{LITELLM.sign}", timeout=_ADDRESS).text
    except (httpx.HTTPError, httpx.InvalidURL):
        return False


def _tell(workload: Workload, say: Progress) -> None:
    for pod in workload.pods:
        restarts = f", {pod.restarts} restarts" if pod.restarts else ""
        say(f"{workload}: pod {pod.name}, {pod.image}{restarts}")


def _no_account() -> str:
    return explain(
        "There is no account to judge with.",
        expected="an administrator of Open WebUI: its settings are read, and nothing else",
        found="no account_email, and no ACCEPTANCE_ACCOUNT_TOKEN",
        where="--account-email, ACCEPTANCE_ACCOUNT_EMAIL or pyproject.toml",
        fix="set it, and ACCEPTANCE_ACCOUNT_PASSWORD, ACCEPTANCE_GATEWAY_KEY in the environment; "
        "where people sign in elsewhere, ACCEPTANCE_ACCOUNT_TOKEN alone",
    )
