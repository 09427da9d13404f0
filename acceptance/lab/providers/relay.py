"""`python -m acceptance.lab.providers.relay PORT HOST:PORT`: hands connections on.

It stands where a program would that nobody can run here, such as vLLM without a GPU: taking it
away takes that program away. Standard library only.
"""

import argparse
import asyncio
import signal
import socket
from contextlib import suppress

from acceptance.relay import relay


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
