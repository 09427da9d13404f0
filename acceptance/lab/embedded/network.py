"""The lab's name table and routes: Services and providers' hosts as addresses."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from acceptance import files
from acceptance.lab.embedded.compose import NAMESPACE
from acceptance.lab.embedded.compose_names import HOST, NETWORK, SHARES
from acceptance.lab.embedded.manifests import Manifests, namespace_of
from acceptance.lab.embedded.plan import PodPlan
from acceptance.lab.embedded.programs import LITELLM, OPEN_WEBUI
from acceptance.lab.embedded.public_hosts import node_ports, own_addresses, public_hosts
from acceptance.resources import CLUSTER_DOMAIN, Manifest, ServiceName, service_in

THIS_POD = ("localhost", "127.0.0.1", "::1", "0.0.0.0")  # noqa: S104  # as people write it
_SERVICES = "10.96.{}.{}"
_PUBLIC = "198.18.{}.{}"
"""For benchmarks (RFC 2544): hosts that lead back into the cluster."""
_POD = re.compile(r"[^.]+\.(?P<service>[^.]+)(\.(?P<namespace>[^.]+)(\.svc(\..*)?)?)?")
"""The name of a pod behind a headless Service."""
_OUTSIDE = "203.0.113.{}"
"""Documentation addresses (RFC 5737): they stand for the internet and belong to nobody."""

_HEADLESS = "None"
"""The `clusterIP` of a Service without an address of its own."""
_ALIASES = 5
"""Names of a name that are followed."""

Encrypted = Callable[[Mapping[str, int]], Mapping[str, int]]
"""Says at which local port TLS is taken for each public host, told to which one it leads."""


def no_tls(_leads: Mapping[str, int]) -> Mapping[str, int]:
    """Nobody takes TLS for public hosts."""
    return {}


@dataclass(frozen=True, kw_only=True, slots=True)
class Disturbance:
    """What is wrong with the network of some pods."""

    names: Mapping[str, str | None] = field(default_factory=dict)
    """Other answers to names: an address or another name; None: it does not resolve."""
    silent: frozenset[str] = frozenset()
    """Hosts (with port) whose packets are dropped, as by a NetworkPolicy."""
    search: tuple[str, ...] = ()
    """More search domains, as a node's resolv.conf brings them."""
    pods: str = ""
    """Prefix of `namespace/pod`; empty for every pod."""


class Network:
    """Addresses for names, and for addresses the local ports behind them."""

    def __init__(self, manifests: Manifests, outside: Mapping[str, int]) -> None:
        """Give every Service and every outside host an address.

        Args:
            manifests: have the Services.
            outside: local port by host, or by `host:port` where that is not HTTPS' own.
        """
        meant = [(each, followed(each, manifests)) for each in manifests.of_kind("Service")]
        self._services = {
            full_name(service): (service, _address_of(service, number))
            for number, (service, target) in enumerate(meant)
            if target is service
        }
        self._aliases = {
            full_name(service): full_name(target)
            for service, target in meant
            if target is not service
        }
        self._public = public_hosts(manifests)
        self._own = own_addresses(manifests)
        self._nodes = node_ports(manifests)
        self._outside: dict[str, str] = {}
        """Addresses by host; a Service's own, and an address itself, stay what they are."""
        self._beside: dict[str, int] = {}
        """Local ports by address and port, of what no pod serves."""
        for number, (host, local) in enumerate(sorted(outside.items())):
            name, _, port = host.rpartition(":") if ":" in host else (host, "", "443")
            full = name if name != HOST else f"{HOST}.{NAMESPACE}.svc.{CLUSTER_DOMAIN}"
            own = self._services.get(full, (None, ""))[1] or (name if _is_address(name) else "")
            address = own or self._outside.setdefault(name, _OUTSIDE.format(number + 1))
            self._beside[f"{address}:{port}"] = local
        for number, host in enumerate(self._public):
            self._outside.setdefault(host, _PUBLIC.format(number // 250, number % 250 + 1))

    def service_at(self, address: str) -> ServiceName | None:
        """The Service whose own address this is."""
        for service, own in self._services.values():
            if own == address:
                name = service["metadata"]["name"]
                return ServiceName(namespace=namespace_of(service), name=name, port=0)
        return None

    @property
    def leads_back(self) -> bool:
        """Whether a public host leads into the cluster."""
        return bool(self._public)

    def services(self) -> tuple[ServiceName, ...]:
        """Every Service, one entry a port."""
        return tuple(
            ServiceName(
                namespace=namespace_of(service), name=service["metadata"]["name"], port=port["port"]
            )
            for service, _ in self._services.values()
            for port in service["spec"].get("ports") or ()
        )

    def write(
        self,
        table: Path,
        pods: Iterable[PodPlan],
        ports: Mapping[str, Mapping[int, int]],
        *,
        silent: int,
        disturbances: Iterable[Disturbance] = (),
        encrypted: Encrypted = no_tls,
    ) -> None:
        """Write the table that the pods read, in one step.

        Args:
            table: the file.
            pods: the pods that may look.
            ports: of each ready pod, the local port of each of its ports.
            silent: a local port that never answers, for dropped packets.
            disturbances: what is wrong with the network.
            encrypted: says where TLS is taken for public hosts, told where each of them leads.
        """
        pods, disturbances = tuple(pods), tuple(disturbances)
        names = {name: address for name, (_, address) in self._services.items()}
        names |= {alias: names[target] for alias, target in self._aliases.items()}
        names |= {
            name: names[full_name(service)]
            for name, service in self._own.items()
            if not _is_address(name)
        }
        for pod in pods:
            for service, address in self._services.values():
                if pod.kind == "StatefulSet" and _is_headless(service) and selects(service, pod):
                    names[f"{pod.name}.{full_name(service)}"] = address
        names |= self._outside
        content = {
            "names": names,
            "routes": self._routes(pods, ports, encrypted),
            "silent": silent,
            "pods": {
                pod.key: {**self._view(pod, names, disturbances), **_beside(pod, pods, ports)}
                for pod in pods
            },
        }
        files.write(table, json.dumps(content, indent=1))

    def _routes(
        self,
        pods: tuple[PodPlan, ...],
        ports: Mapping[str, Mapping[int, int]],
        encrypted: Encrypted,
    ) -> dict[str, list[int]]:
        routes: dict[str, list[int]] = {}
        for service, address in self._services.values():
            routes |= {
                f"{address}:{port}": local
                for port, local in _ports_of(service, pods, ports).items()
            }
        for host, number, service, port in self._doors():
            address = self._services[full_name(service)][1]
            routes[f"{host}:{number}"] = routes.get(f"{address}:{port}", [])
        plain = {
            host: routes.get(self._address(service), []) for host, service in self._public.items()
        }
        taken = encrypted({host: local[0] for host, local in plain.items() if local})
        for host, ends in plain.items():
            routes[f"{self._outside[host]}:80"] = ends
            routes[f"{self._outside[host]}:443"] = [taken[host]] if host in taken else []
        return {**routes, **{address: [local] for address, local in self._beside.items()}}

    def _doors(self) -> Iterator[tuple[str, int, Manifest, int]]:
        """The addresses and ports, other than its own in the cluster, at which a Service is."""
        for host, service in self._own.items():
            for port in service["spec"].get("ports") or ():
                yield host, port["port"], service, port["port"]
        for (host, number), (service, port) in self._nodes.items():
            yield host, number, service, port["port"]

    def _address(self, service: ServiceName) -> str:
        _, address = self._services[self._aliases.get(service.host, service.host)]
        return f"{address}:{service.port}"

    def _view(
        self, pod: PodPlan, names: Mapping[str, str], disturbances: tuple[Disturbance, ...]
    ) -> dict[str, Any]:
        mine = [item for item in disturbances if pod.key.startswith(item.pods)]
        search = [
            f"{pod.namespace}.svc.{CLUSTER_DOMAIN}",
            f"svc.{CLUSTER_DOMAIN}",
            CLUSTER_DOMAIN,
            *(domain for item in mine for domain in item.search),
        ]
        other: dict[str, str | None] = dict.fromkeys(self._apart_from(pod))
        other |= {
            name: names.get(answer or "", answer)
            for item in mine
            for name, answer in item.names.items()
        }
        cut = [
            f"{names.get(host, host)}:{port}"
            for item in mine
            for host, _, port in (entry.rpartition(":") for entry in item.silent)
        ]
        return {"search": search, "names": other, "cut": cut}

    def _apart_from(self, pod: PodPlan) -> Iterator[str]:
        """Names that a container does not know: of Compose's networks it shares none with them."""
        for name, (service, _) in self._services.items():
            its = _networks(service["metadata"].get("labels") or {})
            near = pod.namespace == namespace_of(service)
            if its and near and its.isdisjoint(_networks(pod.labels)):
                yield name


def _ports_of(
    service: Manifest, pods: Iterable[PodPlan], ports: Mapping[str, Mapping[int, int]]
) -> Mapping[int, list[int]]:
    """The local ports of the pods behind each port at which a Service is found."""
    found: dict[int, list[int]] = {}
    behind = [pod for pod in pods if selects(service, pod)]
    if _is_headless(service):  # its name leads to the pods themselves, whose ports count
        for pod in behind:
            for target, local in ports.get(pod.key, {}).items():
                found.setdefault(target, []).append(local)
        return found
    for port in service["spec"].get("ports") or ():
        targets = ((pod, pod.port(port.get("targetPort", port["port"]))) for pod in behind)
        found[port["port"]] = [
            ports[pod.key][target]
            for pod, target in targets
            if target is not None and target in ports.get(pod.key, {})
        ]
    return found


def _address_of(service: Manifest, number: int) -> str:
    """The address that a Service asks for, as one may; one of its own where it asks for none."""
    asked = str(service["spec"].get("clusterIP") or "")
    return (
        asked if asked not in ("", _HEADLESS) else _SERVICES.format(number // 250, number % 250 + 1)
    )


def named_by(url: str, manifests: Manifests, *, seen_from: str) -> Manifest | None:
    """The Service that a URL names, seen from a pod; of Compose's host, where the port is taken."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        return None
    public = public_hosts(manifests).get((parts.hostname or "").lower())
    service = public or service_in(url, namespace=seen_from)
    found = manifests.get("Service", service.namespace, service.name) if service else None
    if found is not None:
        return found if public else followed(found, manifests)
    return None if public else _at(parts.hostname or "", port or 0, manifests, seen_from)


def _at(host: str, port: int, manifests: Manifests, seen_from: str) -> Manifest | None:
    """The Service at an address, or behind a name that is not its own."""
    for each in manifests.of_kind("Service"):
        if each["spec"].get("clusterIP") == host != each["metadata"]["name"]:
            return each
    # all that the manifests say is searched for addresses of nodes: no name is one
    if _is_address(host) and (node := node_ports(manifests).get((host, port))):
        return node[0]
    if own := own_addresses(manifests).get(host):
        return own
    pod = _POD.fullmatch(host)
    behind_it = pod and manifests.get("Service", pod["namespace"] or seen_from, pod["service"])
    if behind_it and _is_headless(behind_it):
        return behind_it
    beside = manifests.get("Service", seen_from, host)
    taken = [each["port"] for each in beside["spec"].get("ports") or ()] if beside else []
    return beside if port in taken else None


def _is_headless(service: Manifest) -> bool:
    return bool(service["spec"].get("clusterIP") == _HEADLESS)


def followed(service: Manifest, manifests: Manifests) -> Manifest:
    """The Service of these manifests that one is another name of (ExternalName), else itself."""
    last = service
    for _ in range(_ALIASES):
        alias = str(last["spec"].get("externalName") or "")
        named = service_in(f"http://{alias}", namespace=namespace_of(last)) if alias else None
        target = manifests.get("Service", named.namespace, named.name) if named else None
        if target is None:
            break
        last = target
    return last if not last["spec"].get("externalName") else service


def behind(service: Manifest, port: int, pods: Iterable[PodPlan]) -> Iterator[PodPlan]:
    """The pods to which a port of a Service leads: of Compose's host, only who publishes it."""
    targets = [
        each.get("targetPort", port)
        for each in service["spec"].get("ports") or ()
        if each["port"] == port
    ]
    named = [each for each in targets if isinstance(each, str)]
    for pod in pods:
        if selects(service, pod) and (not named or pod.port(named[0]) is not None):
            yield pod


def selects(service: Manifest, pod: PodPlan) -> bool:
    """Whether the Service's selector matches the pod; no selector selects nothing."""
    selector = service["spec"].get("selector") or {}
    return (
        bool(selector)
        and namespace_of(service) == pod.namespace
        and all(pod.labels.get(key) == value for key, value in selector.items())
    )


def _beside(
    pod: PodPlan, pods: Iterable[PodPlan], ports: Mapping[str, Mapping[int, int]]
) -> Mapping[str, Any]:
    """Where a pod finds, at its own address, what others of its network serve."""
    found = {
        port: local
        for other in sharing(pod, pods)
        for port, local in ports.get(other.key, {}).items()
    }
    return {"beside": found} if found else {}


def sharing(pod: PodPlan, pods: Iterable[PodPlan]) -> Iterator[PodPlan]:
    """The other pods that have one network with this one: each is the others' localhost."""
    shared = {label for label in pod.labels if label.startswith(SHARES)}
    for other in pods:
        near = other.namespace == pod.namespace and other.key != pod.key
        if near and not shared.isdisjoint(other.labels):
            yield other


def at_localhost(url: str, pods: Iterable[PodPlan], *, seen_from: str) -> Iterator[PodPlan]:
    """The pods of LiteLLM that an Open WebUI of a namespace has at an address of its own pod."""
    pods = tuple(pods)
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        return
    if parts.hostname not in THIS_POD:
        return
    for chat in pods:
        if chat.program is OPEN_WEBUI and chat.namespace == seen_from:
            for other in sharing(chat, pods):
                if other.program is LITELLM and other.serves_at == port:
                    yield other


def _networks(labels: Mapping[str, str]) -> set[str]:
    return {label for label in labels if label.startswith(NETWORK)}


def _is_address(host: str) -> bool:
    try:
        return bool(ip_address(host))
    except ValueError:
        return False


def full_name(service: Manifest) -> str:
    """The name by which a Service is found from everywhere in its cluster."""
    return f"{service['metadata']['name']}.{namespace_of(service)}.svc.{CLUSTER_DOMAIN}"
