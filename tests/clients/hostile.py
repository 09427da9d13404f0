"""A server on a real socket that answers whatever it is told to, well-formed or not."""

import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from tests.servers import listening

Send = Callable[[bytes], None]
Answer = Callable[[Send, threading.Event], None]
"""Writes an answer; the event is set when the test has ended."""
DRIP_SECONDS = 0.02


def raw(data: bytes) -> Answer:
    """These bytes, then the end of the connection."""
    return lambda send, _ended: send(data)


def http(body: bytes, kind: str = "application/json", *more: str, status: str = "200 OK") -> Answer:
    """A well-formed answer with this body."""
    return raw(head(kind, f"content-length: {len(body)}", *more, status=status) + body)


def head(kind: str, *more: str, status: str = "200 OK") -> bytes:
    """Status line and headers; the body ends with the connection unless they say otherwise."""
    lines = [f"HTTP/1.1 {status}", f"content-type: {kind}", "connection: close", *more, "", ""]
    return "\r\n".join(lines).encode()


def stream(*events: str, more: str = "") -> Answer:
    """A stream of server-sent events that is not ended by `[DONE]`."""
    lines = "".join(f"data: {event}\n\n" for event in events) + more
    return raw(head("text/event-stream", "x-litellm-model-group: vllm-qwen") + lines.encode())


def dripping(start: bytes, piece: bytes, pause: float = DRIP_SECONDS) -> Answer:
    """Bytes that come slowly and without end."""

    def answer(send: Send, ended: threading.Event) -> None:
        send(start)
        while not ended.wait(pause):
            send(piece)

    return answer


def endless(start: bytes, piece: bytes) -> Answer:
    """Bytes that come as fast as they can, without end."""

    def answer(send: Send, ended: threading.Event) -> None:
        send(start)
        while not ended.is_set():
            send(piece)

    return answer


def then_silent(start: bytes) -> Answer:
    """The beginning of an answer, then nothing more, on an open connection."""

    def answer(send: Send, ended: threading.Event) -> None:
        send(start)
        ended.wait()

    return answer


def silent(_send: Send, ended: threading.Event) -> None:
    """Nothing at all, on an open connection."""
    ended.wait()


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, answer: Answer, ended: threading.Event) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer = answer
        self.ended = ended


class _Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        assert isinstance(self.server, _Server)
        length = 0
        while (line := self.rfile.readline()).strip():
            name, _, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        self.rfile.read(length)
        with suppress(OSError):  # the client went away: that is what it is here for
            self.server.answer(self.connection.sendall, self.server.ended)

    def finish(self) -> None:
        with suppress(OSError):
            super().finish()


@contextmanager
def serving(answer: Answer) -> Iterator[str]:
    """The base URL of a server that gives this answer to everything."""
    ended = threading.Event()
    server = _Server(answer, ended)
    with listening(server):
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            ended.set()
