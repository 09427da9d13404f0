"""`python -m acceptance.lab.providers.relay PORT HOST:PORT`: hands connections on.

It stands where a program would that nobody can run here, such as vLLM without a GPU: taking it
away takes that program away. An upstream that refuses or breaks off is a connection that breaks
off. Standard library only.
"""

import argparse
import asyncio
import signal
import socket
import struct
from contextlib import closing, suppress

_CHUNK = 65536
_RESET = struct.pack("ii", 1, 0)
"""Lets a socket end as that of a killed process does, and not as if all had been said."""


async def relay(listener: socket.socket, host: str, port: int) -> None:
    """Hand connections on until cancelled."""

    async def hand_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            upstream_reader, upstream_writer = await asyncio.open_connection(host, port)
        except OSError:
            _break_off(writer)
            return
        # Python 3.11 tells of a connection that is cancelled as of an error of its own.
        with closing(writer), closing(upstream_writer), suppress(asyncio.CancelledError):
            await asyncio.gather(_copy(reader, upstream_writer), _copy(upstream_reader, writer))

    server = await asyncio.start_server(hand_on, sock=listener)
    async with server:
        await server.serve_forever()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Hand on one direction; its end is handed on too, and breaking off as breaking off."""
    try:
        while chunk := await reader.read(_CHUNK):
            writer.write(chunk)
            await writer.drain()
        writer.write_eof()
    except OSError:
        _break_off(writer)


def _break_off(writer: asyncio.StreamWriter) -> None:
    connection = writer.get_extra_info("socket")
    if connection.fileno() >= 0:  # it has not ended from the other side
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    writer.transport.abort()


async def _until_asked_to_end(listener: socket.socket, host: str, port: int) -> None:
    serving = asyncio.create_task(relay(listener, host, port))
    # A container's first process is ended by no signal that it does not handle.
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, serving.cancel)
    with suppress(asyncio.CancelledError):
        await serving


def main() -> None:
    """Relay what arrives at a port of every interface."""
    parser = argparse.ArgumentParser(
        prog="python -m acceptance.lab.providers.relay", description=__doc__
    )
    parser.add_argument("port", type=int)
    parser.add_argument("upstream", help="HOST:PORT")
    # What follows is meant for the program whose place this takes.
    options, _ignored = parser.parse_known_args()
    host, _colon, port = options.upstream.rpartition(":")
    listener = socket.create_server(("", options.port))
    asyncio.run(_until_asked_to_end(listener, host, int(port)))


if __name__ == "__main__":
    main()
