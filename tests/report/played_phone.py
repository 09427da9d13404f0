"""A webhook, played on a real socket: it keeps what it takes, and answers as it is told to."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.servers import listening

TOPIC = "a-name-nobody-guesses"
"""What of its address is a secret."""
TOKEN = "tk_canary0123456789"


@dataclass(kw_only=True, slots=True)
class Phone:
    """What takes messages, on a port of its own."""

    address: str
    answers: list[int] = field(default_factory=list)
    """Statuses of the next answers; 200 after them."""
    took: list[tuple[dict[str, str], str]] = field(default_factory=list)
    """Headers and body of each request."""


@contextmanager
def played_phone() -> Iterator[Phone]:
    """It listens on a port of its own until the end of the `with`."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == f"/{TOPIC}"
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            phone.took.append((dict(self.headers), body))
            self.send_response(phone.answers.pop(0) if phone.answers else 200)
            self.send_header("Location", f"{phone.address}-elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_args: object) -> None:
            """Nothing: the tests look at what it took."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    phone = Phone(address=f"http://127.0.0.1:{server.server_port}/{TOPIC}")
    with listening(server):
        yield phone
