"""The embedded lab as a target."""

from collections.abc import Iterator, Mapping
from functools import partial
from types import MappingProxyType

from acceptance.cluster import Workload
from acceptance.contract.values import Provider
from acceptance.errors import Inconclusive, SetupError
from acceptance.lab.embedded.administrator import administrator_in
from acceptance.lab.embedded.backends import EmulatedOutages, ProvidersLedger
from acceptance.lab.embedded.cluster import EmbeddedCluster
from acceptance.lab.embedded.compose_names import HOST
from acceptance.lab.embedded.manifests import Manifests
from acceptance.lab.embedded.network import full_name, selects
from acceptance.lab.embedded.plan import plan_pods
from acceptance.lab.embedded.programs import LITELLM, OPEN_WEBUI, Emulated
from acceptance.lab.embedded.running import RunningLab
from acceptance.lab.embedded.upstreams import not_emulated, shadows_in
from acceptance.lab.embedded.withheld import master_key
from acceptance.resources import ServiceName
from acceptance.secret import Secret
from acceptance.target import Target


def embedded_target(
    lab: RunningLab,
    *,
    open_webui: ServiceName,
    gateway: ServiceName,
    names: Mapping[str, Provider] = MappingProxyType({}),
    gateway_key: Secret | None = None,
) -> Target:
    """The lab's programs as a target; credentials are those that the manifests give them.

    Args:
        lab: what runs.
        open_webui: Service of Open WebUI.
        gateway: Service of the gateway.
        names: the providers' names as the contract has them.
        gateway_key: LiteLLM's master key, where somebody names it.

    Raises:
        SetupError: there is no Open WebUI to judge, or it ended by itself.
    """
    cluster = EmbeddedCluster(lab)
    wanted = (open_webui, gateway)
    open_webui, gateway = cluster.find(open_webui, OPEN_WEBUI), cluster.find(gateway, LITELLM)
    frontend = cluster.workload(open_webui)
    frontend_problem = frontend.problem
    backend, gateway_address, gateway_problem = _gateway(cluster, gateway)
    if frontend_problem and any(
        process.ended_by_itself
        for process in lab.pods.values()
        if process.plan.program is OPEN_WEBUI
    ):
        raise SetupError(frontend_problem)
    at_rest, behind = partial(_check_all_live, lab), _emulated(lab)
    nobody = not_emulated(lab.manifests, lab.plans)
    return Target(
        name="embedded",
        open_webui="" if frontend_problem else cluster.address(open_webui),
        open_webui_problem=frontend_problem,
        gateway=gateway_address,
        gateway_problem=gateway_problem,
        administrator=administrator_in(frontend.environment),
        gateway_key=gateway_key or (master_key_behind(gateway, lab.manifests) if backend else None),
        cluster=cluster,
        open_webui_service=open_webui,
        gateway_service=gateway,
        outages=EmulatedOutages(lab.providers, names, at_rest=at_rest, behind=behind),
        witness=ProvidersLedger(
            lab.providers, names, behind=behind, shadows=shadows_in(lab.manifests)
        ),
        may_make_user=True,
        not_emulated=nobody,
        docs=lab.manifests.readme,
        notes=(
            *lab.notes,
            *(f"LiteLLM's {each} has a provider that is not emulated" for each in nobody),
            *_found_otherwise(wanted, (open_webui, gateway)),
        ),
        versions=lab.versions,
        locks=lab.locks,
        at_rest=at_rest,
    )


def _emulated(lab: RunningLab) -> Mapping[str, str]:
    """The lab's name for what the emulated pods of a Service are, by the Service's host."""
    return {
        full_name(service): plan.program.provider
        for service in lab.manifests.of_kind("Service")
        for plan in lab.plans
        if isinstance(plan.program, Emulated) and selects(service, plan)
        if service["metadata"]["name"] != HOST  # Compose's selects every container
    }


def _found_otherwise(
    wanted: tuple[ServiceName, ...], found: tuple[ServiceName, ...]
) -> Iterator[str]:
    """Which Services were asked for and are not there, so that others were found by their image."""
    for asked, there in zip(wanted, found, strict=True):
        if asked.name and (asked.namespace, asked.name) != (there.namespace, there.name):
            yield (
                f"there is no Service {asked.namespace}/{asked.name}, which the contract or a "
                f"setting names; {there.namespace}/{there.name} was judged, found by its image"
            )


def _check_all_live(lab: RunningLab) -> None:
    """Return if no program was killed: that is an accident of this machine.

    A program that ends by itself, with a status, excuses nothing. One that crashes is killed
    without anybody's doing: `pod/sitecustomize.py` knows of a defect that does it.

    Raises:
        Inconclusive: one was killed.
    """
    for key, pod in lab.pods.items():
        if pod.killed_by:
            raise Inconclusive(
                f"The program of pod {key} was killed while it was judged ({pod.killed_by}), and "
                "not by the lab: judge again; when it happens again, look for what kills it"
            )


def _gateway(
    cluster: EmbeddedCluster, service: ServiceName
) -> tuple[Workload | None, str | None, str]:
    """The gateway's workload, its address, and why it does not serve: that is what is judged."""
    try:
        workload = cluster.workload(service)
    except SetupError as error:
        return None, None, str(error)
    try:
        problem = workload.problem
        return workload, None if problem else cluster.address(service), problem
    except SetupError as error:
        return workload, None, str(error)


def master_key_behind(service: ServiceName, manifests: Manifests) -> Secret | None:
    """The master key of the LiteLLM behind a Service; None where it has none."""
    manifest = manifests.get("Service", service.namespace, service.name)
    behind = (plan for plan in plan_pods(manifests) if manifest and selects(manifest, plan))
    plan = next((plan for plan in behind if plan.line), None)
    if plan is None:
        return None
    return master_key(plan.mounted, plan.configuration, plan.environment)
