"""A local address for what runs in a cluster: port-forward that survives the pods behind it."""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from acceptance.errors import AcceptanceError
from acceptance.kubernetes.api import Api

Choose = Callable[[], tuple[str, str, int]]
"""Namespace, pod and port for the next connection; raises SetupError where there is none."""
_DATA, _ERROR = 0, 1
"""Channels of one forwarded port (`v4.channel.k8s.io`, Kubernetes 1.34)."""
_CHUNK = 65536
_ENDING = 5.0
"""Seconds for a connection to end; one that is being opened meanwhile ends by itself."""


class Forward:
    """Listens on a port of 127.0.0.1; each connection to it goes to a pod chosen then.

    So a pod that is replaced takes its open connections along, and the next one finds its
    successor. Close it.
    """

    def __init__(self, api: Api, choose: Choose) -> None:
        self._api = api
        self._choose = choose
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: dict[socket.socket, threading.Thread] = {}
        self.address = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.last_error = ""
        """Why the newest connection could not be made; empty when it was."""
        self._accepting = self._thread(self._accept)
        self._accepting.start()

    def close(self) -> None:
        """Accept nothing more, drop what is open, and return once all of it has ended."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._accepting.join()
        for connection, serving in tuple(self._open.items()):
            _end(connection)
            serving.join(_ENDING)

    def _thread(self, work: Callable[..., None], *arguments: object) -> threading.Thread:
        name = f"forward {self.address}"
        return threading.Thread(target=work, args=arguments, name=name, daemon=True)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:  # closed
                return
            self._open[connection] = self._thread(self._serve, connection)
            self._open[connection].start()

    def _serve(self, connection: socket.socket) -> None:
        """Carry one connection to a pod and back, until either side ends it."""
        try:
            namespace, pod, port = self._choose()
            remote = self._api.websocket(
                f"/api/v1/namespaces/{namespace}/pods/{pod}/portforward", [("ports", str(port))]
            )
        except (AcceptanceError, OSError) as error:
            self.last_error = str(error)
        else:
            self.last_error = ""
            upwards = self._thread(self._upwards, connection, remote)
            upwards.start()
            self._downwards(connection, remote)
            _end(connection)
            upwards.join()
            remote.shutdown()  # its `close` leaves the socket open once the other side has closed
        _end(connection)
        self._open.pop(connection, None)

    @staticmethod
    def _upwards(connection: socket.socket, remote: Any) -> None:  # noqa: ANN401  # untyped
        with suppress(OSError, _closed()):
            while data := connection.recv(_CHUNK):
                remote.send_binary(bytes((_DATA,)) + data)
        with suppress(OSError):
            remote.abort()  # wakes who reads from it

    def _downwards(self, connection: socket.socket, remote: Any) -> None:  # noqa: ANN401
        """Frames of each channel: first the port's number, then what it is about."""
        begun = set[int]()
        with suppress(OSError, _closed()):
            while frame := remote.recv():
                data = frame.encode() if isinstance(frame, str) else frame
                if data[0] not in begun:
                    begun.add(data[0])
                elif data[0] == _DATA:
                    connection.sendall(data[1:])
                elif data[0] == _ERROR:
                    self.last_error = data[1:].decode("utf-8", "replace")
                    return


def _closed() -> type[Exception]:
    import websocket  # noqa: PLC0415  # comes with the client, and is only needed here

    error: type[Exception] = websocket.WebSocketException
    return error


def _end(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
