"""The providers' public names, given by a cluster's own CoreDNS to the emulated providers."""

from collections.abc import Iterable, Mapping

from acceptance.kubernetes.api import Api
from acceptance.kubernetes.rollout import settle
from acceptance.lab.cluster.objects import Objects
from acceptance.lab.providers.catalogue import LOCAL, OFFERS
from acceptance.resources import Manifest, ServiceName
from acceptance.waiting import Progress

_CONFIG = ("ConfigMap", "kube-system", "coredns")
_FILE = "Corefile"
_DNS = ServiceName(namespace="kube-system", name="kube-dns", port=53)
_FIRST_LINE = ".:53 {\n"
"""Of the one server block that kind (0.33) and dev/node write."""


def give_names(api: Api, objects: Objects, services: Iterable[Manifest], say: Progress) -> None:
    """Let every pod of the cluster find the emulated providers under the real ones' names.

    Args:
        api: the cluster.
        objects: writes to it.
        services: those of the emulated providers, each named like its provider.
        say: shows what is waited for.
    """
    fixed = {
        item["metadata"]["name"]: item["spec"]["clusterIP"]
        for item in services
        if item["kind"] == "Service" and "clusterIP" in item["spec"]
    }
    addresses = {offer.host: fixed[offer.name] for offer in OFFERS if offer.host != LOCAL}
    config = api.get(*_CONFIG)
    before = config["data"][_FILE] if config else ""
    after = with_hosts(before, addresses)
    if config and after != before:
        objects.replace({**config, "apiVersion": "v1", "data": {_FILE: after}})
        objects.end_pods_named("kube-system", "coredns")
        settle(api, _DNS, say)


def with_hosts(corefile: str, addresses: Mapping[str, str]) -> str:
    """A CoreDNS configuration that knows these names as well; unchanged where it does already.

    Args:
        corefile: with one server block.
        addresses: by name.
    """
    if all(name in corefile for name in addresses):
        return corefile
    lines = [f"        {address} {name}" for name, address in addresses.items()]
    hosts = "\n".join(["    hosts {", *lines, "        fallthrough", "    }", ""])
    return corefile.replace(_FIRST_LINE, f"{_FIRST_LINE}{hosts}", 1)
