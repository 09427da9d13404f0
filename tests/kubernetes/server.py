"""A server on a real socket that answers as an API server would, as far as it is told."""

import base64
import hashlib
import json
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from tests.servers import listening

_ACCEPT = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""RFC 6455 wants it in the answer to a handshake."""
_TAKEN = socket.socket()
"""Bound, and never listening: nobody else is given its port meanwhile."""
_TAKEN.bind(("127.0.0.1", 0))


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """One answer."""

    status: int = 200
    body: object = field(default_factory=dict)
    """JSON; a text is sent as it is."""
    headers: Mapping[str, str] = field(default_factory=dict)


def refusal(status: int, message: str, **headers: str) -> Reply:
    """An error in the API server's own form."""
    body = {"kind": "Status", "status": "Failure", "message": message, "code": status}
    return Reply(status=status, body=body, headers=headers)


NOT_FOUND = refusal(404, "the server could not find the requested resource")
OPENED = Reply(status=101)
"""A WebSocket, which the server closes at once."""


@dataclass
class Server:
    """What it is asked, and what it answers."""

    url: str
    answers: dict[str, list[Reply]] = field(default_factory=dict)
    """By `METHOD path`; of several, the last one is repeated."""
    asked: list[str] = field(default_factory=list)
    """`METHOD path` of each request."""
    times: list[float] = field(default_factory=list)
    """When it came, on the monotonic clock."""
    queries: list[str] = field(default_factory=list)
    authorizations: list[str] = field(default_factory=list)
    headers: list[Message] = field(default_factory=list)
    """Of each request; one name may come more than once."""

    def reply(self, asked: str) -> Reply:
        """The next answer to this."""
        left = self.answers.get(asked, [NOT_FOUND])
        return left.pop(0) if len(left) > 1 else left[0]


@contextmanager
def serving(tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    """A server that is up; with TLS where a context is given."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            parts = urlsplit(self.path)
            server.asked.append(f"{self.command} {parts.path}")
            server.times.append(time.monotonic())
            server.queries.append(parts.query)
            server.headers.append(self.headers)
            server.authorizations.append(self.headers.get("Authorization", ""))
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            reply = server.reply(server.asked[-1])
            body = reply.body if isinstance(reply.body, str) else json.dumps(reply.body)
            headers = {"Content-Length": str(len(body.encode())), **reply.headers}
            if reply.status == OPENED.status:
                key = self.headers.get("Sec-WebSocket-Key", "") + _ACCEPT
                accept = base64.b64encode(hashlib.sha1(key.encode()).digest())  # noqa: S324  # RFC 6455
                headers = {"Upgrade": "websocket", "Connection": "Upgrade"}
                headers["Sec-WebSocket-Accept"] = accept.decode()
                body, self.close_connection = "", True
            self.send_response(reply.status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body.encode())

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815  # its own words

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_arguments: object) -> None:
            """A client that does not trust this server hangs up: say nothing."""

    listener = Quiet(("127.0.0.1", 0), Handler)
    if tls:
        listener.socket = tls.wrap_socket(
            listener.socket, server_side=True, do_handshake_on_connect=False
        )
    scheme = "https" if tls else "http"
    server = Server(url=f"{scheme}://127.0.0.1:{listener.server_port}")
    with listening(listener):
        yield server


@contextmanager
def silent() -> Iterator[str]:
    """The address of one who accepts connections, and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=100) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def closed_port() -> str:
    """An address at which nobody listens."""
    return f"http://127.0.0.1:{_TAKEN.getsockname()[1]}"


def kubeconfig(
    path: Path,
    *contexts: str,
    server: str = "http://127.0.0.1:1",
    user: Mapping[str, Any] | None = None,
    **cluster: object,
) -> str:
    """Write a kubeconfig with these contexts, all of one cluster and user; returns its path."""
    written = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": {"server": server, **cluster}}],
        "users": [{"name": "u", "user": dict(user or {})}],
        "contexts": [{"name": each, "context": {"cluster": "c", "user": "u"}} for each in contexts],
    }
    path.write_text(yaml.safe_dump(written))
    return str(path)
