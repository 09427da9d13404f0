"""`python -m lab.providers --directory DIR`: serve until standard input is closed."""

import argparse
import asyncio
import os
import signal
import ssl
import threading
from pathlib import Path

import trustme

from lab.providers.catalogue import OFFERS, Offer
from lab.providers.control import Control
from lab.providers.handover import CERTIFICATE, FILE, Endpoint, Handover
from lab.providers.ledger import Call
from lab.providers.listener import Listener
from lab.providers.provider import Provider

_CHUNK = 4096


def main() -> None:
    """Parse the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m lab.providers", description=__doc__)
    parser.add_argument(
        "--directory", type=Path, required=True, help=f"where {FILE} and {CERTIFICATE} are written"
    )
    asyncio.run(serve(parser.parse_args().directory))


async def serve(directory: Path) -> None:
    """Serve every provider and the control API until asked to stop."""
    stop = asyncio.Event()
    _watch(stop)
    (directory / FILE).unlink(missing_ok=True)
    authority = trustme.CA()
    authority.cert_pem.write_to_path(directory / CERTIFICATE)
    ledger = list[Call]()
    providers = {
        offer.name: Provider(offer, ledger, tls=_tls(authority, offer)) for offer in OFFERS
    }
    panel = Listener(Control(providers, ledger).app)
    listeners = [panel, *(provider.listener for provider in providers.values())]
    for listener in listeners:
        await listener.open()
    Handover(
        pid=os.getpid(),
        control=f"http://127.0.0.1:{panel.port}",
        providers={name: _endpoint(provider) for name, provider in providers.items()},
    ).write(directory)
    await stop.wait()
    (directory / FILE).unlink(missing_ok=True)
    for listener in listeners:
        await listener.release()


def _watch(stop: asyncio.Event) -> None:
    """Set the event on SIGTERM, SIGINT, or when the parent is gone."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)

    def read() -> None:
        while os.read(0, _CHUNK):
            pass
        loop.call_soon_threadsafe(stop.set)

    # A thread, because an event loop cannot watch every kind of standard input.
    threading.Thread(target=read, name="standard input", daemon=True).start()


def _tls(authority: trustme.CA, offer: Offer) -> ssl.SSLContext | None:
    if offer.scheme == "http":
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(offer.host).configure_cert(context)
    return context


def _endpoint(provider: Provider) -> Endpoint:
    return Endpoint(
        host=provider.offer.host, scheme=provider.offer.scheme, port=provider.listener.port
    )


if __name__ == "__main__":
    main()
