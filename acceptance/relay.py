"""Connections handed on to another address as they are: it ends and breaks off as the other does.

Standard library only: it runs in containers that have nothing else.
"""

import asyncio
import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress

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
            await both_ways(reader, writer)
        except OSError:
            _break_off(writer)
        except asyncio.CancelledError:
            # Raised, Python 3.11 would tell of it as of an error of its own.
            if tls:  # whose farewell would be waited for
                writer.transport.abort()

    async def both_ways(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream_reader, upstream_writer = await asyncio.open_connection(host, port)
        with closing(writer), closing(upstream_writer):
            await asyncio.gather(_copy(reader, upstream_writer), _copy(upstream_reader, writer))
        await writer.wait_closed()  # TLS says farewell, and hears it

    server = await asyncio.start_server(hand_on, sock=listener, ssl=tls)
    async with server:
        await server.serve_forever()


@contextmanager
def relaying(host: str, port: int, *, tls: ssl.SSLContext) -> Iterator[int]:
    """A port of this machine that receives connections with TLS, and hands them on meanwhile."""
    listener = socket.create_server(("127.0.0.1", 0))
    runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
    loop = runner.get_loop()
    serving = loop.create_task(relay(listener, host, port, tls=tls))

    def run() -> None:
        with runner, suppress(asyncio.CancelledError):  # its end cancels what is still open
            loop.run_until_complete(serving)

    thread = threading.Thread(target=run, name=f"relay to {host}:{port}", daemon=True)
    thread.start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        loop.call_soon_threadsafe(serving.cancel)
        thread.join()


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
