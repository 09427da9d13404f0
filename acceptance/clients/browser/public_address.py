"""Open WebUI under its public address, for the browser of this run alone.

Pages may talk to some Open WebUI only under the address that its people use (CORS_ALLOW_ORIGIN).
The name is led to the target inside of Chromium, and TLS is ended here: nobody else is asked.
"""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import trustme

from acceptance.relay import relaying


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
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert(str(public.hostname)).configure_cert(tls)
    with relaying(host, port, tls=tls) as mine:
        yield f"MAP {public.hostname}:{public.port or 443} 127.0.0.1:{mine}"
