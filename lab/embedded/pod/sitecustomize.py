"""The network as a pod sees it, for a program that runs as a local process.

Python imports this module by itself because the lab puts its folder on PYTHONPATH. From then on

* a name resolves as in the pod's namespace (search domains, Services, the providers' hosts);
  any other name does not exist;
* a connection to a Service's address goes to a local port of a pod behind that Service;
  any other address refuses, so nothing leaves the machine;
* a port that the program listens on is a port of the pod: the kernel picks the local one;
* the process ends when the lab that started it is gone.

The table is read at each connection, so the lab can change it while programs run.
Standard library only: this runs inside the programs' own environments.
"""

import contextlib
import errno
import ipaddress
import json
import os
import random
import signal
import socket
import sys
import threading
import types
from pathlib import Path
from typing import Any, cast

_DNS_NDOTS = 5
"""Kubernetes' default: a name with fewer dots is first tried with each search domain."""


class PodNetwork:
    """Name resolution, routes and ports of one pod, read from the lab's table."""

    def __init__(self, table: Path, pod: str, ports: Path) -> None:
        self._table = table
        self._pod = pod
        self._ports_file = ports
        self._ports: dict[int, int] = {}

    def _read(self) -> dict[str, Any]:
        return cast("dict[str, Any]", json.loads(self._table.read_text()))

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
            return self._ports.get(port)
        table = self._read()
        if f"{address}:{port}" in table["pods"][self._pod]["cut"]:
            return cast("int", table["silent"])
        ports = table["routes"].get(f"{address}:{port}", [])
        return random.choice(ports) if ports else None  # noqa: S311  # as kube-proxy: any pod

    def listens(self, port: int, local: int) -> None:
        """Tell the lab on which local port the pod's port is found."""
        self._ports[port] = local
        beside = self._ports_file.with_suffix(".new")
        beside.write_text(json.dumps(self._ports))
        beside.replace(self._ports_file)


def _install(network: PodNetwork) -> None:  # noqa: C901  # six functions, none of them branching
    real_getaddrinfo = socket.getaddrinfo
    real_connect, real_connect_ex = socket.socket.connect, socket.socket.connect_ex
    real_bind = socket.socket.bind

    def getaddrinfo(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        name = host.decode() if isinstance(host, bytes) else host
        family = kwargs.get("family", args[0] if args else 0)
        if family == socket.AF_INET6:
            raise socket.gaierror(socket.EAI_NONAME, f"{name} has no IPv6 address in the lab")
        return real_getaddrinfo(network.address_of(name or ""), port, *args, **kwargs)

    def route(sock: socket.socket, address: Any) -> Any:  # noqa: ANN401
        if sock.family not in (socket.AF_INET, socket.AF_INET6):
            return address
        port = network.local(network.address_of(address[0]), address[1])
        if port is None:
            raise ConnectionRefusedError(
                errno.ECONNREFUSED, f"nothing listens on {address[0]}:{address[1]}"
            )
        return ("127.0.0.1", port)

    def connect(sock: socket.socket, address: Any) -> None:  # noqa: ANN401
        real_connect(sock, route(sock, address))

    def connect_ex(sock: socket.socket, address: Any) -> int:  # noqa: ANN401
        try:
            return real_connect_ex(sock, route(sock, address))
        except ConnectionRefusedError:
            return errno.ECONNREFUSED

    def bind(sock: socket.socket, address: Any) -> None:  # noqa: ANN401
        if sock.family != socket.AF_INET or address[1] == 0:
            return real_bind(sock, address)
        real_bind(sock, ("127.0.0.1", 0))
        network.listens(address[1], sock.getsockname()[1])
        return None

    socket.getaddrinfo = getaddrinfo
    socket.gethostbyname = network.address_of
    socket.socket.connect = connect  # type: ignore[assignment,method-assign]
    socket.socket.connect_ex = connect_ex  # type: ignore[assignment,method-assign]
    socket.socket.bind = bind  # type: ignore[assignment,method-assign]
    sys.addaudithook(_stay_on_this_machine)


def _stay_on_this_machine(event: str, args: tuple[Any, ...]) -> None:
    """Refuse what went round the functions above: the last line, and the proof."""
    if event != "socket.connect" or args[0].family not in (socket.AF_INET, socket.AF_INET6):
        return
    if not str(args[1][0]).startswith("127."):
        raise PermissionError(errno.EPERM, f"the lab has no way out to {args[1][0]}")


def _use_plain_asyncio() -> None:
    """Stand in for uvloop, which resolves names in C and would not see the table."""
    import asyncio  # noqa: PLC0415  # only a program that runs in the lab pays for it

    module = types.ModuleType("uvloop")
    module.__dict__.update(
        EventLoopPolicy=asyncio.DefaultEventLoopPolicy,
        Loop=asyncio.SelectorEventLoop,
        new_event_loop=asyncio.new_event_loop,
        install=lambda: None,
        run=asyncio.run,
    )
    sys.modules["uvloop"] = module


def _end_with_the_lab() -> None:
    """Standard input is a pipe that the lab holds open: its end is the end of the lab."""

    def watch() -> None:
        with contextlib.suppress(OSError):
            while os.read(0, 64):
                pass
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, name="lab-lifeline", daemon=True).start()


if "LAB_NETWORK" in os.environ:
    _install(
        PodNetwork(
            Path(os.environ["LAB_NETWORK"]),
            os.environ["LAB_POD"],
            Path(os.environ["LAB_PORTS"]),
        )
    )
    _use_plain_asyncio()
    if "LAB_LIFELINE" in os.environ:
        _end_with_the_lab()
