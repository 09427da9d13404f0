"""Open WebUI under its public address, for the browser of this run alone.

Pages may talk to some Open WebUI only under the address that its people use (CORS_ALLOW_ORIGIN).
The name is led to the target inside of Chromium, and TLS is ended here: nobody else is asked.
"""

import asyncio
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

import trustme

from acceptance.relay import relay


@contextmanager
def leads_to(origin: str, address: str) -> Iterator[str]:
    """The rule of Chromium's resolver that leads a public origin to the target.

    Args:
        origin: `scheme://host[:port]` of the pages.
        address: of the target, over plain HTTP.
    """
    public, target = urlsplit(origin), urlsplit(address)
    host, port = str(target.hostname), target.port or 80
    if public.scheme == "http":
        yield f"MAP {public.hostname}:{public.port or 80} {host}:{port}"
        return
    with _ended_tls(str(public.hostname), host, port) as mine:
        yield f"MAP {public.hostname}:{public.port or 443} 127.0.0.1:{mine}"


@contextmanager
def _ended_tls(name: str, host: str, port: int) -> Iterator[int]:
    """A port of this machine that speaks TLS for a name, and hands on what it hears."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert(name).configure_cert(context)
    listener = socket.create_server(("127.0.0.1", 0))
    runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
    loop = runner.get_loop()
    serving = loop.create_task(relay(listener, host, port, tls=context))

    def run() -> None:
        with runner, suppress(asyncio.CancelledError):  # its end cancels what is still open
            loop.run_until_complete(serving)

    thread = threading.Thread(target=run, name="public-address", daemon=True)
    thread.start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        loop.call_soon_threadsafe(serving.cancel)
        thread.join()
