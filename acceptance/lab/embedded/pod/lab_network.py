"""Names, routes and ports of one pod, as the lab's table has them.

Standard library only: this runs inside the programs' own environments.
"""

import contextlib
import ipaddress
import json
import os
import random
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

_DNS_NDOTS = 5
"""Kubernetes' default: a name with fewer dots is first tried with each search domain."""


class PodNetwork:
    """Name resolution, routes and ports of one pod, read from the lab's table."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._table = Path(environment["LAB_NETWORK"])
        self._pod = environment["LAB_POD"]
        self._ports_file = Path(environment["LAB_PORTS"])

    def _read(self) -> dict[str, Any]:
        return cast("dict[str, Any]", json.loads(self._table.read_text()))

    def _ports(self) -> dict[str, int]:
        """Of the whole pod: a program may be several processes."""
        if not self._ports_file.exists():
            return {}
        return cast("dict[str, int]", json.loads(self._ports_file.read_text()))

    def address_of(self, host: str) -> str:
        """The address of a name, or of an address itself.

        Raises:
            socket.gaierror: the name does not exist here.
        """
        if host in ("localhost", ""):
            return "127.0.0.1"
        with contextlib.suppress(ValueError):
            return str(ipaddress.ip_address(host))
        table = self._read()
        view = table["pods"][self._pod]
        names = {**table["names"], **view["names"]}
        for name in self._candidates(host.lower(), view["search"]):
            address = names.get(name) or self._wildcard(name, names)
            if address:
                return cast("str", address)
        raise socket.gaierror(socket.EAI_NONAME, f"{host} does not resolve in pod {self._pod}")

    @staticmethod
    def _candidates(host: str, search: list[str]) -> list[str]:
        if host.endswith("."):
            return [host.rstrip(".")]
        searched = [f"{host}.{domain}" for domain in search]
        return [*searched, host] if host.count(".") < _DNS_NDOTS else [host, *searched]

    @staticmethod
    def _wildcard(name: str, names: dict[str, str]) -> str | None:
        labels = name.split(".")
        parents = (".".join(["*", *labels[cut:]]) for cut in range(1, len(labels)))
        return next((names[parent] for parent in parents if parent in names), None)

    def local(self, address: str, port: int) -> int | None:
        """Local port behind an address of the cluster; None where nothing listens."""
        if address.startswith("127."):
            own = self._ports().get(str(port))
            beside = self._read()["pods"][self._pod].get("beside", {}) if own is None else {}
            return own if own is not None else cast("int | None", beside.get(str(port)))
        table = self._read()
        if f"{address}:{port}" in table["pods"][self._pod]["cut"]:
            return cast("int", table["silent"])
        ports = table["routes"].get(f"{address}:{port}", [])
        return random.choice(ports) if ports else None  # noqa: S311  # as kube-proxy: any pod

    def has(self, path: str) -> bool:
        """Whether a path is within the pod's own folder."""
        return path.startswith(f"{self._ports_file.parent.resolve()}/")

    def listens(self, port: int, local: int) -> None:
        """Tell the lab on which local port the pod's port is found."""
        beside = self._ports_file.with_suffix(f".{os.getpid()}")
        beside.write_text(json.dumps({**self._ports(), str(port): local}))
        beside.replace(self._ports_file)
