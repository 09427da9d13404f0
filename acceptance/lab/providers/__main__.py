"""`python -m acceptance.lab.providers`: serve for a program of this machine, or for a cluster.

With `--directory DIR` until standard input is closed, at free ports that the hand-over file tells;
with `--authority DIR` until asked to stop, at the fixed ports of `catalogue`.
"""

import argparse
import asyncio
import os
import signal
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import trustme

from acceptance.lab.providers.authority import read_authority
from acceptance.lab.providers.catalogue import OFFERS
from acceptance.lab.providers.handover import CERTIFICATE, FILE, Handover
from acceptance.lab.providers.serving import Serving

_CHUNK = 4096


def main() -> None:
    """Parse the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m acceptance.lab.providers", description=__doc__)
    way = parser.add_mutually_exclusive_group(required=True)
    way.add_argument("--directory", type=Path, help=f"where {FILE} and {CERTIFICATE} are written")
    way.add_argument("--authority", type=Path, help="whose certificates are shown")
    options = parser.parse_args()
    if options.directory:
        asyncio.run(serve(options.directory))
    else:
        asyncio.run(serve_cluster(options.authority))


async def serve(directory: Path) -> None:
    """Serve every provider and the control API, for the program that started this one."""
    stop = asyncio.Event()
    _watch_signals(stop)
    _watch_parent(stop)
    (directory / FILE).unlink(missing_ok=True)
    authority = trustme.CA()
    authority.cert_pem.write_to_path(directory / CERTIFICATE)

    def hand_over(serving: Serving) -> None:
        control = f"http://127.0.0.1:{serving.panel.port}"
        Handover(pid=os.getpid(), control=control, providers=serving.endpoints).write(directory)

    async with _serving(Serving(authority, changed=hand_over)):
        await stop.wait()
        (directory / FILE).unlink(missing_ok=True)


async def serve_cluster(authority: Path) -> None:
    """Serve every provider and the control API, to whoever reaches this machine."""
    stop = asyncio.Event()
    _watch_signals(stop)
    async with _serving(Serving(read_authority(authority), fixed=True)):
        await stop.wait()


@asynccontextmanager
async def _serving(serving: Serving) -> AsyncIterator[None]:
    await serving.panel.open()
    await serving.offer(OFFERS)
    yield
    await serving.release()


def _watch_signals(stop: asyncio.Event) -> None:
    """Set the event on SIGTERM or SIGINT."""
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)


def _watch_parent(stop: asyncio.Event) -> None:
    """Set the event when the parent, which holds standard input open, is gone."""
    loop = asyncio.get_running_loop()

    def read() -> None:
        while os.read(0, _CHUNK):
            pass
        loop.call_soon_threadsafe(stop.set)

    # A thread, because an event loop cannot watch every kind of standard input.
    threading.Thread(target=read, name="standard input", daemon=True).start()


if __name__ == "__main__":
    main()
