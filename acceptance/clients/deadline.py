"""A deadline for a whole request of httpx, whose own time begins anew with each byte (0.28.1).

So nothing holds a run up for ever: no header that comes letter by letter, no `103 Early Hints`
after another, no chunk that gives a sign of life every few seconds.
"""

import math
import socket
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import partial
from ipaddress import ip_address
from typing import Any

import httpcore
import httpx

from acceptance.waiting import within

_UNTIL: ContextVar[float] = ContextVar("until", default=math.inf)
"""When the request that is being made must have ended, on the monotonic clock."""


@contextmanager
def ending(until: float) -> Iterator[None]:
    """Requests made inside, by a client that is watched, end then, on the monotonic clock.

    What is not over by then raises TimeoutError; silence all the time, httpx's own ReadTimeout.
    """
    token = _UNTIL.set(until)
    try:
        yield
    finally:
        _UNTIL.reset(token)


def watch(client: httpx.Client) -> None:
    """Let what the client's connections read and write end as `ending` says."""
    # httpx 0.28.1 takes no such thing; None stands for what is reached without a proxy
    for transport in (client._transport, *client._mounts.values()):  # noqa: SLF001
        if transport is not None:
            transport._pool._network_backend = _Backend()  # type: ignore[attr-defined]  # noqa: SLF001


class _Backend(httpcore.SyncBackend):
    """Makes connections that look at the clock."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        *more: Any,  # noqa: ANN401  # httpcore's own
        **named: Any,  # noqa: ANN401  # likewise
    ) -> httpcore.NetworkStream:
        """A connection to this address, whose name is looked up in time, too."""
        refused: httpcore.ConnectError | None = None
        for address in _looked_up(host, port, _left(timeout)):
            try:
                return _Stream(super().connect_tcp(address, port, _left(timeout), *more, **named))
            except httpcore.ConnectError as error:
                refused = error
        raise refused or httpcore.ConnectError(f"{host} has no address")


class _Stream(httpcore.NetworkStream):
    """A connection that looks at the clock before each step."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """What comes next."""
        left = _left(timeout)
        try:
            return self._stream.read(max_bytes, left)
        except httpcore.ReadTimeout as error:
            if timeout and left and left < timeout / 2:  # something came before
                raise _too_late() from error
            raise

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send this."""
        self._stream.write(buffer, _left(timeout))

    def close(self) -> None:
        """Close it."""
        self._stream.close()

    def start_tls(
        self,
        ssl_context: Any,  # noqa: ANN401  # httpcore's own
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        """The same connection with TLS."""
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, _left(timeout)))

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401  # likewise
        """What httpcore wants to know of it."""
        return self._stream.get_extra_info(info)


def _looked_up(host: str, port: int, timeout: float | None) -> Iterable[str]:
    """The addresses of a host; the system's own look-up (getaddrinfo) knows no deadline."""
    with suppress(ValueError):
        return [str(ip_address(host))]
    look_up = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    try:
        found = look_up() if timeout is None else within(timeout, look_up)
    except TimeoutError as error:
        raise httpcore.ConnectTimeout(f"nobody told the address of {host} in time") from error
    except OSError as error:
        raise httpcore.ConnectError(str(error)) from error
    return dict.fromkeys(str(address[0]) for *_, address in found)


def _left(timeout: float | None) -> float | None:
    """Seconds for the next step; None where nothing ends."""
    until = _UNTIL.get()
    if until == math.inf:
        return timeout
    left = until - time.monotonic()
    if left <= 0:
        raise _too_late()
    return left if timeout is None else min(timeout, left)


def _too_late() -> TimeoutError:
    return TimeoutError("its answer has no end within the deadline")
