"""`python -m lab.providers.relay PORT HOST:PORT`: hands each connection on to another address.

It stands where a program would that nobody can run here, such as vLLM without a GPU: taking it
away takes that program away. An upstream that refuses or breaks off is a connection that breaks
off. Standard library only.
"""

import argparse
import asyncio
import signal
import socket
import sys

_CHUNK = 65536


async def relay(listener: socket.socket, host: str, port: int) -> None:
    """Hand connections on until cancelled."""

    async def hand_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            upstream_reader, upstream_writer = await asyncio.open_connection(host, port)
        except OSError:
            writer.transport.abort()
            return
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
        writer.transport.abort()


def main() -> None:
    """Relay what arrives at a port of every interface."""
    parser = argparse.ArgumentParser(prog="python -m lab.providers.relay", description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("upstream", help="HOST:PORT")
    # What follows is meant for the program whose place this takes.
    options, _ignored = parser.parse_known_args()
    host, _colon, port = options.upstream.rpartition(":")
    # A container's first process is not ended by a signal that it does not handle.
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit())
    asyncio.run(relay(socket.create_server(("", options.port)), host, int(port)))


if __name__ == "__main__":
    main()
