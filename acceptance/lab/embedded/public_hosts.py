"""Public hosts that an Ingress or a route of the manifests leads to a Service, as from outside.

From inside of a cluster such a host leads out and in again; in the lab it leads to the Service's
pods, and what terminates TLS on the way is the lab's own.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from acceptance.json_values import mapping, sequence
from acceptance.lab.embedded.manifests import Manifests, namespace_of
from acceptance.resources import Manifest, ServiceName

_HOSTS = re.compile(r"Host\(([^()]*)\)")
"""As Traefik's rules name them (3.6)."""
_QUOTED = re.compile(r"[`\"']([^`\"']+)[`\"']")


def public_hosts(manifests: Manifests) -> Mapping[str, ServiceName]:
    """The Service, and its port, behind each host; of several the first, as controllers do."""
    found: dict[str, ServiceName] = {}
    for item in manifests.of_kind("Ingress", "HTTPRoute", "IngressRoute"):
        for host, backend in _READ[item["kind"]](mapping(item.get("spec"))):
            service = _service(backend, item, manifests)
            if service and host and "*" not in host:
                found.setdefault(host.lower(), service)
    return found


def _of_ingress(spec: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for rule in map(mapping, sequence(spec.get("rules"))):
        paths = [mapping(each) for each in sequence(mapping(rule.get("http")).get("paths"))]
        paths.sort(key=lambda path: len(str(path.get("path") or "")))  # `/` before `/metrics`
        for path in paths or [{"backend": spec.get("defaultBackend")}]:
            service = mapping(mapping(path.get("backend")).get("service"))
            port = mapping(service.get("port"))
            yield (
                str(rule.get("host") or ""),
                {"name": service.get("name"), "port": port.get("number") or port.get("name")},
            )


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


_READ = {"Ingress": _of_ingress, "HTTPRoute": _of_route, "IngressRoute": _of_traefik}


def _service(
    backend: Mapping[str, Any], item: Manifest, manifests: Manifests
) -> ServiceName | None:
    namespace, name = str(backend.get("namespace") or namespace_of(item)), str(backend.get("name"))
    service = manifests.get("Service", namespace, name)
    if service is None:
        return None
    wanted = backend.get("port")
    for port in service["spec"].get("ports") or ():
        if wanted in (None, port["port"], port.get("name")):
            return ServiceName(namespace=namespace, name=name, port=port["port"])
    return None
