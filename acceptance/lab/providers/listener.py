"""A real server on a real socket that can be taken away, and come back on the same port."""

import asyncio
import socket
import ssl

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

Address = tuple[str, int]
ANY_PORT: Address = ("127.0.0.1", 0)
"""A free port, for this machine only."""
_KEEP_ALIVE = 600
"""Seconds: a pooled connection is closed by an outage, never by a timer of the lab."""
_BACKLOG = 100


class Listener:
    """Listens on a port that stays its own while it is closed.

    A second socket holds the port, bound and never listening: Linux refuses connections to it
    and gives the port to nobody else.
    """

    def __init__(
        self, app: ASGIApp, *, tls: ssl.SSLContext | None = None, address: Address = ANY_PORT
    ) -> None:
        self._tls = tls
        self._state = ServerState()
        self._config = uvicorn.Config(
            app,
            interface="asgi3",
            ws="none",
            lifespan="off",
            log_config=None,
            log_level=_SILENT,
            timeout_keep_alive=_KEEP_ALIVE,
            server_header=False,
        )
        self._holder = _bound(address)
        self._address: Address = self._holder.getsockname()
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        """The port that it has."""
        return self._address[1]

    @property
    def is_open(self) -> bool:
        """Whether new connections are accepted."""
        return self._server is not None

    async def open(self) -> None:
        """Accept connections from now on."""
        if self._server is None:
            self._server = await asyncio.get_running_loop().create_server(
                lambda: _Connection(self, self._config, self._state),
                sock=_bound(self._address),
                ssl=self._tls,
                backlog=_BACKLOG,
            )

    async def close(self) -> None:
        """Refuse connections from now on, and drop those that are open."""
        if self._server is None:
            return
        self._server.close()
        self._server = None
        for connection in tuple(self._state.connections):
            connection.transport.abort()
        while self._state.connections:  # noqa: ASYNC110  # uvicorn has no event for it
            await asyncio.sleep(0)

    async def release(self) -> None:
        """Close, and give the port back."""
        await self.close()
        self._holder.close()


_SILENT = 100
"""Above every level: breaking off is what the lab does on purpose, not worth a line."""


class _Connection(H11Protocol):
    def __init__(self, listener: Listener, config: uvicorn.Config, state: ServerState) -> None:
        super().__init__(config=config, server_state=state, app_state={})
        self._listener = listener

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if not self._listener.is_open:  # it closed during the TLS handshake
            transport.abort()


def _bound(address: Address) -> socket.socket:
    # With its protocol named: only then does asyncio switch off Nagle's 40 ms of waiting.
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    bound.bind(address)
    return bound
