"""Connections handed on to another address as they are: it ends and breaks off as the other does.

Standard library only: it runs in containers that have nothing else.
"""

import asyncio
import socket
import ssl
import struct
from contextlib import closing

_CHUNK = 65536
_RESET = struct.pack("ii", 1, 0)
"""Lets a socket end as that of a killed process does, and not as if all had been said."""


async def relay(
    listener: socket.socket, host: str, port: int, *, tls: ssl.SSLContext | None = None
) -> None:
    """Hand connections on until cancelled.

    An upstream that refuses or breaks off is a connection that breaks off.

    Args:
        listener: where they arrive.
        host: where they are handed on to, with `port`.
        port: of it.
        tls: with which they are received; they are handed on without.
    """

    async def hand_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            upstream_reader, upstream_writer = await asyncio.open_connection(host, port)
        except OSError:
            _break_off(writer)
            return
        with closing(writer), closing(upstream_writer):
            try:
                await asyncio.gather(_copy(reader, upstream_writer), _copy(upstream_reader, writer))
            except asyncio.CancelledError:
                # Raised, Python 3.11 would tell of it as of an error of its own.
                if tls:  # whose farewell would be waited for
                    writer.transport.abort()

    server = await asyncio.start_server(hand_on, sock=listener, ssl=tls)
    async with server:
        await server.serve_forever()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Hand on one direction; its end is handed on too, and breaking off as breaking off."""
    try:
        while chunk := await reader.read(_CHUNK):
            writer.write(chunk)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
        else:  # TLS has no half that could end alone
            writer.close()
    except OSError:
        _break_off(writer)


def _break_off(writer: asyncio.StreamWriter) -> None:
    connection = writer.get_extra_info("socket")
    if connection.fileno() >= 0:  # it has not ended from the other side
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    writer.transport.abort()
