"""Hosts and addresses by which a Service is reached as from outside: by a route, or by its own.

From inside of a cluster such a host leads out and in again; in the lab it leads to the Service's
pods, and what terminates TLS on the way is the lab's own.
"""

import re
from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from acceptance.json_values import mapping, sequence
from acceptance.lab.embedded.manifests import Manifests, namespace_of
from acceptance.resources import Manifest, ServiceName, service_in

_HOSTS = re.compile(r"Host\(([^()]*)\)")
"""As Traefik's rules name them (3.6)."""
_QUOTED = re.compile(r"[`\"']([^`\"']+)[`\"']")
_TAILNET = re.compile(r"[a-z0-9-]+\.ts\.net")
"""The domain of a network of Tailscale, which no manifest of the operator names."""
_URL = re.compile(r"https?://[^\s\"'<>;,]+")
_OWN_ADDRESSES = (
    "metallb.io/loadBalancerIPs",
    "metallb.universe.tf/loadBalancerIPs",
    "lbipam.cilium.io/ips",
    "io.cilium/lb-ipam-ips",
    "kube-vip.io/loadbalancerIPs",
    "external-dns.alpha.kubernetes.io/hostname",
    "coredns.io/hostname",
)
"""Annotations that give a Service addresses, or names, of its own."""


def public_hosts(manifests: Manifests) -> Mapping[str, ServiceName]:
    """The Service, and its port, behind each host; of several the first, as controllers do."""
    found: dict[str, ServiceName] = {}
    for item in manifests.of_kind(*_READ):
        for host, backend in _READ[item["kind"]](mapping(item.get("spec"))):
            service = _service(backend, item, manifests)
            for each in _whole(host, item, manifests):
                if service and each and "*" not in each:
                    found.setdefault(each.lower(), service)
    return found


def own_addresses(manifests: Manifests) -> Mapping[str, Manifest]:
    """The Services behind addresses and names that they have by themselves, with all their ports.

    Which address a load balancer takes is told by the Service, or by nothing that is here.
    """
    found: dict[str, Manifest] = {}
    for service in manifests.of_kind("Service"):
        spec, annotations = service["spec"], service["metadata"].get("annotations") or {}
        told = [str(spec.get("loadBalancerIP") or ""), *map(str, spec.get("externalIPs") or ())]
        told += [annotations.get(name) or "" for name in _OWN_ADDRESSES]
        for address in ",".join(told).split(","):
            if address.strip():
                found.setdefault(address.strip().lower().rstrip("."), service)
    return found


def node_ports(manifests: Manifests) -> Mapping[tuple[str, int], tuple[Manifest, Manifest]]:
    """The Services, and their ports, at the private addresses of which somebody is told.

    A node has any address: one at which a Service's `nodePort` is asked is taken for one.
    """
    ports = {
        port["nodePort"]: (service, port)
        for service in manifests.of_kind("Service")
        for port in service["spec"].get("ports") or ()
        if port.get("nodePort")
    }
    found: dict[tuple[str, int], tuple[Manifest, Manifest]] = {}
    for url in _urls(manifests) if ports else ():
        try:
            parts = urlsplit(url)
            host, number = parts.hostname or "", parts.port or 0
            private = ip_address(host).is_private
        except ValueError:
            continue
        if private and number in ports:
            found[host, number] = ports[number]
    return found


def _urls(manifests: Manifests) -> Iterator[str]:
    """The addresses that workloads and ConfigMaps name in the clear."""
    for item in manifests.of_kind("Deployment", "StatefulSet", "Pod", "ConfigMap"):
        yield from (match[0] for match in _URL.finditer(str(item.get("data") or item.get("spec"))))


def _whole(host: str, item: Manifest, manifests: Manifests) -> Iterator[str]:
    """The host; of one that the operator of Tailscale puts into its network, its whole name."""
    spec = mapping(item.get("spec"))
    if item["kind"] != "Ingress" or spec.get("ingressClassName") != "tailscale":
        yield host
        return
    for url in _urls(manifests):
        name, _, rest = (urlsplit(url).netloc.partition(":")[0]).partition(".")
        if name == host.partition(".")[0] and _TAILNET.fullmatch(rest):
            yield f"{name}.{rest}"


def _of_ingress(spec: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if not spec.get("rules"):
        for entry in map(mapping, sequence(spec.get("tls"))):
            for host in sequence(entry.get("hosts")):
                yield str(host), _of_backend(mapping(spec.get("defaultBackend")))
    for rule in map(mapping, sequence(spec.get("rules"))):
        paths = [mapping(each) for each in sequence(mapping(rule.get("http")).get("paths"))]
        paths.sort(key=lambda path: len(str(path.get("path") or "")))  # `/` before `/metrics`
        for path in paths or [{"backend": spec.get("defaultBackend")}]:
            yield str(rule.get("host") or ""), _of_backend(mapping(path.get("backend")))


def _of_backend(backend: Mapping[str, Any]) -> Mapping[str, Any]:
    service = mapping(backend.get("service"))
    port = mapping(service.get("port"))
    return {"name": service.get("name"), "port": port.get("number") or port.get("name")}


def _of_route(spec: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for host in sequence(spec.get("hostnames")):
        for rule in map(mapping, sequence(spec.get("rules"))):
            for backend in map(mapping, sequence(rule.get("backendRefs"))):
                yield str(host), backend


def _of_traefik(spec: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for route in map(mapping, sequence(spec.get("routes"))):
        for hosts in _HOSTS.findall(str(route.get("match") or "")):
            for backend in map(mapping, sequence(route.get("services"))):
                yield from ((host, backend) for host in _QUOTED.findall(hosts))


def _of_openshift(spec: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    port = mapping(spec.get("port")).get("targetPort")
    yield str(spec.get("host") or ""), {"name": mapping(spec.get("to")).get("name"), "port": port}


def _of_istio(spec: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for rule in map(mapping, sequence(spec.get("http"))):
        for way in map(mapping, sequence(rule.get("route"))):
            named = mapping(way.get("destination"))
            service = service_in(f"http://{named.get('host')}", namespace="")
            port = mapping(named.get("port")).get("number")
            for host in sequence(spec.get("hosts")):
                if service and "." in str(host):
                    place = {"name": service.name, "namespace": service.namespace}
                    yield str(host), {**place, "port": port}


_READ = {
    "Ingress": _of_ingress,
    "HTTPRoute": _of_route,
    "IngressRoute": _of_traefik,
    "Route": _of_openshift,
    "VirtualService": _of_istio,
}


def _service(
    backend: Mapping[str, Any], item: Manifest, manifests: Manifests
) -> ServiceName | None:
    namespace, name = str(backend.get("namespace") or namespace_of(item)), str(backend.get("name"))
    service = manifests.get("Service", namespace, name)
    if service is None:
        return None
    wanted = backend.get("port")
    for port in service["spec"].get("ports") or ():
        if wanted in (None, port["port"], port.get("name"), port.get("targetPort")):
            return ServiceName(namespace=namespace, name=name, port=port["port"])
    return None
