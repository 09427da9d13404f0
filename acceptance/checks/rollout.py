"""Whether the pods that serve are those of the newest configuration, and reach the gateway."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from acceptance.checks.credential import declared_for_gateway, key_refused
from acceptance.checks.endpoint import GatewayAddress, declared_connections
from acceptance.checks.proof import Connection, Served, host_of
from acceptance.cluster import PodResponse, Workload
from acceptance.errors import Blocked, NotProven, Subject
from acceptance.message import excerpt, explain
from acceptance.resources import Environment, named
from acceptance.secret import UNKNOWN, Secret, fingerprint

LITELLM_IS_ALIVE = "I'm alive!"
"""What LiteLLM, and nothing else, says under `/health/liveliness` (1.106.2)."""
KEY_VARIABLES = ("OPENAI_API_KEYS", "OPENAI_API_KEY")
_OK = 200
_PORTAL = "a web page, as a login portal gives"
_NOT_SET = "(not set)"


def check_current(workload: Workload) -> None:
    """Raise AssertionError unless every selected pod serves, from the newest template.

    Raises:
        NotProven: nobody can tell; says why.
    """
    if not workload.pods:
        raise AssertionError(
            explain(
                "Nothing serves.",
                expected="at least one pod behind the Service",
                found="no pod",
                where=str(workload),
                fix=f"kubectl scale {workload.kind.lower()}/{workload.name} --replicas=1 "
                f"-n {workload.namespace}",
            )
        )
    problems = [pod.problem for pod in workload.pods if pod.problem]
    if problems:
        raise AssertionError(problems[0])
    _require_startable(workload)
    old = [f"{pod.name} ({pod.outdated})" for pod in workload.pods if pod.outdated]
    if old:
        stuck = f"; its rollout waits: {workload.stuck}" if workload.stuck else ""
        raise AssertionError(
            explain(
                "An older configuration still serves.",
                expected="every pod behind the Service from the newest template",
                found=f"{len(old)} of {len(workload.pods)} pods are older: {', '.join(old)}{stuck}",
                where=str(workload),
                fix="mend what its rollout waits for; it goes on by itself then"
                if stuck
                else f"kubectl rollout restart {workload.kind.lower()}/{workload.name} "
                f"-n {workload.namespace}, and see why it did not finish",
            )
        )
    unsure = [f"{pod.name}: {pod.unsure}" for pod in workload.pods if pod.unsure]
    if unsure:
        raise NotProven(f"whether it is the newest configuration that serves: {unsure[0]}")


def _require_startable(workload: Workload) -> None:
    """Raise AssertionError where a new pod could not start: whoever restarts it takes it down."""
    if workload.missing:
        raise AssertionError(
            explain(
                "What serves cannot be started again.",
                expected="all that its newest template refers to",
                found=f"missing: {'; '.join(workload.missing)}",
                where=str(workload),
                fix="put back what is missing, or correct the reference; do not restart it before",
            )
        )


def check_one_endpoint(workload: Workload) -> None:
    """Raise AssertionError unless every pod declares what the newest template declares."""
    newest = _urls(workload.environment)
    wrong = [pod for pod in workload.pods if _urls(pod.environment) != newest]
    if wrong:
        urls = {url for pod in wrong for url in _urls(pod.environment)}
        raise AssertionError(
            explain(
                "A pod that serves was started with another endpoint.",
                expected=f"every pod behind the Service declares {', '.join(newest)}",
                found=f"{', '.join(pod.name for pod in wrong)}: {', '.join(sorted(urls))}",
                where=f"{len(wrong)} of {len(workload.pods)} pods of {workload}",
                fix="apply the values, and restart the workload",
            )
        )


def _urls(environment: Environment) -> tuple[str, ...]:
    return tuple(each.url for each in declared_connections(environment))


def check_running_key(
    told: Mapping[str, PodResponse], workload: Workload, place: GatewayAddress
) -> None:
    """Raise AssertionError unless each running process holds the key that is declared now.

    Whole variables are compared: a plural one holds the keys of several connections.

    Raises:
        NotProven: a process could not be asked, or the declared key is not known.
    """
    if not told:
        raise NotProven("no process of Open WebUI could be asked: does any of its pods run?")
    _require_startable(workload)
    declared = declared_for_gateway(workload, place)
    name = declared.key_source.partition(" ")[0]
    variable = named(workload.environment, name)
    wanted = _wanted(variable.value) if variable else _NOT_SET
    if wanted == UNKNOWN:
        raise NotProven(f"{declared.key.sealed} may not be read, nor a process that holds it")
    found = {
        pod: response.fingerprints.get(name, _NOT_SET)
        for pod, response in told.items()
        if not response.unproven
    }
    if all(fingerprint == wanted for fingerprint in found.values()):
        _require_all_asked(told)
        return
    raise AssertionError(
        explain(
            "Open WebUI runs with other settings than the declared ones.",
            expected=f"a key of fingerprint {wanted}, from {declared.key_source}",
            found=", ".join(f"{pod}: {fingerprint}" for pod, fingerprint in found.items()),
            where=f"the running processes of {workload}",
            fix="a changed Secret reaches a pod at its next start: restart the workload",
        )
    )


def _wanted(value: Secret) -> str:
    """The fingerprint that a process is to hold; of a sealed value, that of the first process."""
    if value.sealed:
        return value.fingerprint
    return fingerprint(value.reveal().strip()) if value.reveal().strip() else _NOT_SET


def check_reached(told: Mapping[str, PodResponse], connection: Connection) -> None:
    """Raise AssertionError unless LiteLLM answered each pod.

    Raises:
        NotProven: one of them could not be asked.
    """
    if not told:
        raise NotProven("no request could be made from inside Open WebUI: grant pods/exec")
    wrong = {pod: _what_came(response) for pod, response in told.items()}
    wrong = {pod: what for pod, what in wrong.items() if what and not told[pod].unproven}
    if wrong:
        raise AssertionError(
            explain(
                "Open WebUI does not reach LiteLLM.",
                expected=f'"{LITELLM_IS_ALIVE}" from LiteLLM at {connection.url}',
                found="; ".join(f"{pod}: {what}" for pod, what in wrong.items()),
                where="a request from inside, with the pod's own names, routes and proxies",
                fix=_hint(" ".join(wrong.values())),
            )
        )
    _require_all_asked(told)


@dataclass(frozen=True, kw_only=True, slots=True)
class Arrivals:
    """Where the calls arrived that pods made, as far as the gateway's own pods can tell."""

    seen: frozenset[str]
    """The pods whose call stands in a log of the gateway that is judged."""
    logged: bool
    """Whether its logs tell of such calls at all."""
    addresses: tuple[str, ...] = ()
    """What the name that was called is to be to a pod; empty where nobody can tell."""
    strangers: tuple[str, ...] = ()
    """Addresses to which the gateway's Service leads, and which are none of its pods."""


def check_arrived(
    told: Mapping[str, PodResponse],
    connection: Connection,
    place: GatewayAddress,
    arrivals: Arrivals,
) -> None:
    """Raise AssertionError unless it is the judged gateway, and no other, that answered.

    Raises:
        NotProven: it was called by an address that proves nothing, and its logs tell nothing.
    """
    unseen = {pod: each for pod, each in told.items() if pod not in arrivals.seen}
    found = [
        f"in {pod} the name is {', '.join(each.addresses)}"
        for pod, each in unseen.items()
        if arrivals.addresses and not set(each.addresses) <= set(arrivals.addresses)
    ]
    by_address = bool(place.address) and host_of(place.address) == host_of(connection.url)
    if by_address and arrivals.logged:
        found += [f"the call of {pod} is in no log of the gateway's pods" for pod in unseen]
    if arrivals.strangers:
        found.append(f"its Service leads to {', '.join(arrivals.strangers)} as well, no pod of it")
    if found:
        raise AssertionError(
            explain(
                "Another gateway than the one that is judged answers Open WebUI.",
                expected=f"{connection.url} leads to the pods of {place}, and nowhere else",
                found="; ".join(found),
                where=f"the name as Open WebUI's pods resolve it; {place.service} is "
                f"{', '.join(arrivals.addresses) or 'reached by its address'}",
                fix="remove what leads elsewhere: hostAliases, an entry in DNS, an EndpointSlice "
                "written by hand; or judge the gateway that is meant",
            )
        )
    if by_address and unseen:
        raise NotProven(
            f"whether {connection.url} leads to the gateway that is judged: its logs tell of no "
            "request (pods/log), so nobody can say who answered"
        )


def _require_all_asked(told: Mapping[str, PodResponse]) -> None:
    """Raise why a pod could not be asked; what others told was looked at before."""
    for response in told.values():
        if response.unproven:
            raise response.unproven


def require_reached(
    told: Served, inside: Callable[[], Mapping[str, PodResponse]], connection: Connection
) -> None:
    """Return if a gateway that lists no models was reached at all, or nobody can tell.

    Raises:
        Blocked: it was not, which has a scenario of its own.
    """
    if not told.error or key_refused(told):
        return
    try:
        check_reached(inside(), connection)
    except NotProven:
        return
    except AssertionError as error:
        raise Blocked(Subject.GATEWAY, f"{connection} does not reach LiteLLM") from error


def _what_came(response: PodResponse) -> str:
    if response.error:
        return response.error
    if response.status != _OK or LITELLM_IS_ALIVE not in response.body:
        page = response.body.lstrip().lower().startswith(("<!doctype", "<html"))
        portal = f" ({_PORTAL})" if page and response.status == _OK else ""
        return f"{response.status}, not LiteLLM: {excerpt(response.body, 120)}{portal}"
    return ""


def _hint(found: str) -> str:
    if "resolve" in found or "gaierror" in found:
        return "check the Service's name and namespace, and that DNS (port 53) is allowed"
    if "timed out" in found or "Timeout" in found:
        return (
            "look for a NetworkPolicy on either side, for a Service without endpoints, and whether "
            "LiteLLM hangs: its log goes on then, or not"
        )
    if _PORTAL in found:
        return (
            "something stands before LiteLLM and asks for a sign-in: point the connection at "
            "LiteLLM's Service itself, or let Open WebUI pass"
        )
    if "SSL" in found:
        return "LiteLLM's own port speaks http: correct the scheme or the port of the connection"
    if "refused" in found.lower():
        return (
            "check the Service's targetPort (a headless Service maps no port: the endpoint must "
            "name the pods' own) and that LiteLLM runs (its log says why not)"
        )
    return "check HTTP_PROXY and NO_PROXY (.svc,.cluster.local) of Open WebUI, and LiteLLM's log"
