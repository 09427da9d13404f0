"""A server of JSON on a real socket, played by a function."""

import json
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.servers import listening


@contextmanager
def up(answer: Callable[..., tuple[int, Any]], tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """Its address.

    Args:
        answer: status and JSON (or a text) for a path, a body and headers.
        tls: with which it is reached.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers.get("content-length") or 0)) or "{}")
            status, told = answer(self.path, body, self.headers)
            text = told if isinstance(told, str) else json.dumps(told)
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("location", text)
            data = text.encode()
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST  # noqa: N815  # so the standard library calls them

        def log_message(self, *_words: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    with listening(server):
        yield f"http{'s' if tls else ''}://localhost:{server.server_address[1]}"
