"""Names and addresses by which containers of Compose find others, beside the names of services.

Each is a Service of its own beside the one that it stands for: a link and a line of `extra_hosts`
are known to their container alone, an address to all.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from ipaddress import IPv4Address, ip_address
from typing import Any

from acceptance.json_values import mapping
from acceptance.lab.embedded.compose_files import several
from acceptance.lab.embedded.programs import Program, program_for
from acceptance.resources import Manifest

HOST = "host.docker.internal"
"""The machine on which the containers run, as they see it; a Service of that name stands for it."""
NETWORK = "compose.network/"
"""Begins the labels that name the networks of a container, or of a name."""
SHARES = "compose.shares/"
"""Begins the label that names whose network a container has: its own, or another's."""
ADDRESSES = re.compile(r".*(BASE_URLS?|API_BASE)")
"""Variables by which the programs are told whom to ask; others name what people open."""
_ADDRESS = re.compile(r"https?://(?P<address>\d+\.\d+\.\d+\.\d+)(?::(?P<port>\d+))?(?![\d.])")
_BRIDGE = "172.17.0.1"
"""The machine, on the network that Docker makes by itself."""
_MACHINE = ("host-gateway", _BRIDGE, "127.0.0.1")
"""Addresses of `extra_hosts` that are the machine."""


def more_names(
    objects: list[Manifest],
    services: Mapping[str, Mapping[str, Any]],
    text: Callable[[object], str],
    published: Iterable[int],
) -> Iterator[str]:
    """Add the Services of further names to the objects of a project; what is to be said of them.

    Args:
        objects: of the project, added to.
        services: those that are started, by name.
        text: puts the values of variables into a text.
        published: ports of the machine.
    """
    made = {item["metadata"]["name"]: item for item in objects if item["kind"] == "Service"}
    pods = {item["metadata"]["name"]: item for item in objects if item["kind"] == "Deployment"}
    for name, service in services.items():
        pod = pods[name]["spec"]["template"]
        yield from _own_names(objects, service, text, made, pod)
        for address in map(text, _addresses_of(service)):
            if mine := made.get(name):
                labels = mine["metadata"].get("labels") or {}
                objects.append(_known_as(address, mine, labels, address))
    taken = {item["metadata"]["name"] for item in objects if item["kind"] == "Service"}
    asked = _machine_at(_asking(objects), published) if HOST in made else ()
    for address in (each for each in asked if each not in taken):
        objects.append(_known_as(address, made[HOST], {}, address))
        if address != _BRIDGE:
            yield (
                f"{address} is taken for this machine, which publishes that port: whether it is, "
                "only what runs shows"
            )


def _own_names(
    objects: list[Manifest],
    service: Mapping[str, Any],
    text: Callable[[object], str],
    made: Mapping[str, Manifest],
    pod: Manifest,
) -> Iterator[str]:
    """Add the names that one container alone knows."""
    known = {text(alias): text(to) for alias, to in _links_of(service)}
    for host, address in _hosts_of(service).items():
        if text(host) != HOST:
            known[text(host)] = HOST if text(address) in _MACHINE else ""
    container = pod["spec"]["containers"][0]
    link = f"{NETWORK}only-{container['name']}"
    for alias, target in known.items():
        if target in made:
            objects.append(_known_as(alias, made[target], {link: ""}))
            pod["metadata"]["labels"][link] = ""
        elif isinstance(program_for(container["image"]), Program):
            yield (
                f"service {container['name']}: where {alias} leads is not honoured in the "
                "embedded lab"
            )


def _asking(objects: Iterable[Manifest]) -> Iterator[str]:
    """The texts in which the two programs are told whom to ask."""
    for item in objects:
        if item["kind"] == "ConfigMap":
            yield from item["data"].values()
        elif item["kind"] == "Deployment":
            for entry in item["spec"]["template"]["spec"]["containers"][0].get("env") or ():
                if ADDRESSES.fullmatch(entry["name"]):
                    yield entry.get("value") or ""


def _links_of(service: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Other names of services, for one container alone: each with the service."""
    for each in (*several(service.get("links")), *several(service.get("external_links"))):
        target, _, name = str(each).partition(":")
        if name:
            yield name, target


def _hosts_of(service: Mapping[str, Any]) -> Mapping[str, str]:
    """The `extra_hosts` of a service: each name with its address."""
    given = service.get("extra_hosts")
    if isinstance(given, dict):
        return {str(name): str(several(value)[0]) for name, value in given.items() if value}
    parts = (re.split("[=:]", str(each), maxsplit=1) for each in several(given))
    return {part[0]: part[1].strip("[] ") for part in parts if len(part) > 1}


def _addresses_of(service: Mapping[str, Any]) -> Iterator[str]:
    """The addresses that a service has by itself in its networks."""
    networks = service.get("networks")
    for each in networks.values() if isinstance(networks, dict) else ():
        if (address := mapping(each).get("ipv4_address")) is not None:
            yield str(address)


def _machine_at(texts: Iterable[str], published: Iterable[int]) -> Iterator[str]:
    """The private addresses at which the texts ask for ports that the machine publishes."""
    ports = set(published)
    found = (match for text in texts for match in _ADDRESS.finditer(text))
    asked = {match["address"]: int(match["port"] or 80) for match in found}
    for address, port in asked.items():
        if port in ports and _is_private(address):
            yield address


def _is_private(address: str) -> bool:
    try:
        return isinstance(ip := ip_address(address), IPv4Address) and (
            ip.is_private and not ip.is_loopback and not ip.is_unspecified
        )
    except ValueError:
        return False


def _known_as(
    name: str, service: Manifest, labels: Mapping[str, str], address: str = ""
) -> Manifest:
    """A Service by another name, or at an address of its own.

    Args:
        name: the other one.
        service: the one that it stands for.
        labels: of the networks in which it is known; none: in all.
        address: its own, where it has one.
    """
    metadata = {**service["metadata"], "name": name, "labels": labels}
    spec = {**service["spec"], **({"clusterIP": address} if address else {})}
    return {**service, "metadata": metadata, "spec": spec}
