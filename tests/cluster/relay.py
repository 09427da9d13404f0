"""A relay before the API server, which can do what no test may do to the server itself."""

import socket
import threading
from contextlib import suppress
from typing import Self
from urllib.parse import urlsplit

_CHUNK = 65536


class Relay:
    """Carries bytes between its own port and a server's, for as long as it is told to."""

    def __init__(self, server: str) -> None:
        """Stand before the server at this address."""
        parts = urlsplit(server)
        assert parts.port
        self._server = (str(parts.hostname), parts.port)
        self._passing = threading.Event()
        self._passing.set()
        self._ends: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._port = self._listener.getsockname()[1]
        self.address = f"{parts.scheme}://127.0.0.1:{self._port}"
        self._start(self._accept, self._listener)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._passing.set()
        self.die()

    def die(self) -> None:
        """Refuse whoever comes, and drop what is open."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for end in tuple(self._ends):
            _drop(end)

    def come_back(self) -> None:
        """Listen again, where it was."""
        self._listener = socket.create_server(("127.0.0.1", self._port))
        self._start(self._accept, self._listener)

    def fall_silent(self) -> None:
        """Accept everything, and pass nothing on any more."""
        self._passing.clear()

    @staticmethod
    def _start(work: object, *arguments: object) -> None:
        assert callable(work)
        threading.Thread(target=work, args=arguments, daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                near, _ = listener.accept()
                far = socket.create_connection(self._server)
            except OSError:  # closed
                return
            self._ends |= {near, far}
            self._start(self._carry, near, far)
            self._start(self._carry, far, near)

    def _carry(self, giver: socket.socket, taker: socket.socket) -> None:
        with suppress(OSError):
            while data := giver.recv(_CHUNK):
                self._passing.wait()
                taker.sendall(data)
        _drop(giver)
        _drop(taker)
        self._ends -= {giver, taker}


def _drop(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
