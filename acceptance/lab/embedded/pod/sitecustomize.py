"""What a pod finds, its network above all, for a program that runs as a local process.

Python imports this module by itself because the lab puts its folder on PYTHONPATH. From then on

* a name resolves as in the pod's namespace (search domains, Services, the providers' hosts);
  any other name does not exist;
* a connection to a Service's address goes to a local port of a pod behind that Service;
  any other address refuses, so nothing leaves the machine;
* a port that the program listens on is a port of the pod: the kernel picks the local one;
* no other program is started, but this Python: it would not see the table (unless code that the
  manifests bring is allowed, which could go round all of this anyhow);
* the process ends when the lab that started it is gone;
* garbage is collected seldom, which keeps a defect of the interpreter away.

The table is read at each connection, so the lab can change it while programs run. A process that
was forked from a prepared one calls `enter` again, for the pod that it has become.
Standard library only: this runs inside the programs' own environments.
"""

import contextlib
import errno
import gc
import ipaddress
import os
import signal
import socket
import sys
import threading
import types
from typing import Any

from lab_network import PodNetwork  # type: ignore[import-not-found]  # beside this file

_OUTWARD = ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr")
_SENDS = ("socket.connect", "socket.sendto", "socket.sendmsg")
_STARTS = ("subprocess.Popen", "os.exec", "os.posix_spawn", "os.spawn", "os.system")
_WITH_ADDRESS = 4
"""Arguments of `sendmsg`, the last of which is an address."""
_ALLOCATIONS = 70_000
"""Between two collections; CPython's default is 700. A lab lives for minutes."""
_inside: list[PodNetwork] = []
"""The network of the pod that this process is; one entry."""


def _install() -> None:  # noqa: C901  # seven functions, none of them branching much
    real_getaddrinfo = socket.getaddrinfo
    real_connect, real_connect_ex = socket.socket.connect, socket.socket.connect_ex
    real_sendto: Any = socket.socket.sendto
    real_sendmsg: Any = socket.socket.sendmsg
    real_bind = socket.socket.bind

    def gethostbyname(host: str) -> str:
        address: str = _inside[0].address_of(host)
        return address

    def getaddrinfo(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        name = host.decode() if isinstance(host, bytes) else host
        family = kwargs.get("family", args[0] if args else 0)
        if family == socket.AF_INET6:
            raise socket.gaierror(socket.EAI_NONAME, f"{name} has no IPv6 address in the lab")
        return real_getaddrinfo(_inside[0].address_of(name or ""), port, *args, **kwargs)

    def route(sock: socket.socket, address: Any) -> Any:  # noqa: ANN401
        if sock.family not in (socket.AF_INET, socket.AF_INET6):
            return address
        port = _inside[0].local(_inside[0].address_of(address[0]), address[1])
        if port is None:
            raise ConnectionRefusedError(
                errno.ECONNREFUSED, f"nothing listens on {address[0]}:{address[1]}"
            )
        return ("127.0.0.1", port)

    def datagram(sock: socket.socket, address: Any) -> Any:  # noqa: ANN401
        try:
            return route(sock, address)
        except ConnectionRefusedError:  # which a datagram has no way to learn
            raise PermissionError(errno.EPERM, f"the lab has no way out to {address[0]}") from None

    def connect(sock: socket.socket, address: Any) -> None:  # noqa: ANN401
        real_connect(sock, route(sock, address))

    def connect_ex(sock: socket.socket, address: Any) -> int:  # noqa: ANN401
        try:
            return real_connect_ex(sock, route(sock, address))
        except ConnectionRefusedError:
            return errno.ECONNREFUSED

    def sendto(sock: socket.socket, data: Any, *rest: Any) -> int:  # noqa: ANN401
        sent: int = real_sendto(sock, data, *rest[:-1], datagram(sock, rest[-1]))
        return sent

    def sendmsg(sock: socket.socket, *parts: Any) -> int:  # noqa: ANN401
        if len(parts) == _WITH_ADDRESS and parts[-1] is not None:
            parts = (*parts[:-1], datagram(sock, parts[-1]))
        sent: int = real_sendmsg(sock, *parts)
        return sent

    def getnameinfo(address: Any, _flags: int) -> tuple[str, str]:  # noqa: ANN401
        return _inside[0].address_of(address[0]), str(address[1])  # nobody is asked for its name

    def bind(sock: socket.socket, address: Any) -> None:  # noqa: ANN401
        if sock.family not in (socket.AF_INET, socket.AF_INET6) or address[1] == 0:
            return real_bind(sock, address)
        if sock.family == socket.AF_INET6:  # as on "::", clients of both families are served
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            real_bind(sock, ("::ffff:127.0.0.1", 0))
        else:
            real_bind(sock, ("127.0.0.1", 0))
        _inside[0].listens(address[1], sock.getsockname()[1])
        return None

    socket.getaddrinfo = getaddrinfo
    socket.getnameinfo = getnameinfo
    socket.gethostbyname = gethostbyname
    socket.socket.connect = connect  # type: ignore[assignment,method-assign]
    socket.socket.connect_ex = connect_ex  # type: ignore[assignment,method-assign]
    socket.socket.sendto = sendto  # type: ignore[assignment,method-assign]
    socket.socket.sendmsg = sendmsg  # type: ignore[assignment,method-assign]
    socket.socket.bind = bind  # type: ignore[assignment,method-assign]
    sys.addaudithook(_stay_on_this_machine)


def _stay_on_this_machine(event: str, args: tuple[Any, ...]) -> None:
    """Refuse what went round the functions above: the last line, and the proof."""
    if event in _OUTWARD and args[0] and not _is_address(args[0]):
        raise PermissionError(errno.EPERM, f"the lab asks nobody outside for {args[0]}")
    if event in _STARTS:
        _start_nothing(event, args)
    if event not in _SENDS or args[1] is None:
        return
    if args[0].family == socket.AF_UNIX:
        _stay_in_the_pod(args[1])
    elif args[0].family in (socket.AF_INET, socket.AF_INET6) and not str(args[1][0]).startswith(
        ("127.", "::ffff:127.")
    ):
        raise PermissionError(errno.EPERM, f"the lab has no way out to {args[1][0]}")


def _stay_in_the_pod(path: str | bytes) -> None:
    """Refuse a socket of this machine: a container engine's, say."""
    place = os.path.realpath(os.fsdecode(path))
    if not os.fsdecode(path).startswith("\0") and not _inside[0].has(place):
        raise PermissionError(errno.EPERM, f"the lab has no way out to {os.fsdecode(path)}")


def _start_nothing(event: str, args: tuple[Any, ...]) -> None:
    program = os.fsdecode(args[1] if event == "os.spawn" else args[0])
    if program != sys.executable and not os.environ.get("LAB_ALLOW_CODE"):
        raise PermissionError(errno.EPERM, f"the lab starts no other program: {program}")


def _is_address(host: Any) -> bool:  # noqa: ANN401  # whatever a program asks for
    try:
        ipaddress.ip_address(host.decode() if isinstance(host, bytes) else host)
    except ValueError:
        return False
    return True


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


def _resolve_in_python() -> None:
    """Keep c-ares away, which asks name servers in C: neither its names nor its table is the pod's.

    aiohttp (3.13, 3.14) resolves by Python where it is missing. Open WebUI 0.11.0 uses it unasked,
    later ones where AIOHTTP_CLIENT_ASYNC_DNS_RESOLVER says so.
    """
    sys.modules["pycares"] = None  # type: ignore[assignment]  # how Python marks what is missing


def _end_with_the_lab() -> None:
    """Standard input is a pipe that the lab holds open: its end is the end of the lab."""

    def watch() -> None:
        with contextlib.suppress(OSError):
            while os.read(0, 64):
                pass
        if os.getpgrp() == os.getpid():  # with the processes that the program started
            os.killpg(0, signal.SIGKILL)
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, name="lab-lifeline", daemon=True).start()


def _collect_seldom() -> None:
    """Let a defect of the interpreter strike a hundred times less often.

    CPython 3.10 and 3.11 crash when they collect garbage while a context variable is set and what
    they collect sets one, too (python/cpython#148891); LiteLLM 1.106.2 was seen to.
    """
    gc.set_threshold(_ALLOCATIONS)


def enter() -> None:
    """Be a process of the pod that the environment names."""
    _inside[:] = [PodNetwork(os.environ)]
    # Taken out: a process that the program starts has another standard input.
    if os.environ.pop("LAB_LIFELINE", ""):
        _end_with_the_lab()


if "LAB_NETWORK" in os.environ:
    _collect_seldom()
    _install()
    _use_plain_asyncio()
    _resolve_in_python()
    enter()
