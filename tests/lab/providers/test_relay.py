"""The relay that stands where vLLM and Ollama would: it hands on, and breaks off as they would."""

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from acceptance.waiting import eventually

_ROOT = Path(__file__).parents[3]
_TIMEOUT = 5.0
"""Seconds until a test gives up on a socket."""


class Upstream:
    """A server whose each connection a test handles itself."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(_TIMEOUT)
        self.port: int = self._listener.getsockname()[1]

    def accept(self) -> socket.socket:
        """The next connection."""
        connection, _peer = self._listener.accept()
        connection.settimeout(_TIMEOUT)
        return connection

    def close(self) -> None:
        """Refuse connections from now on."""
        self._listener.close()


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    """What the relay hands connections on to."""
    server = Upstream()
    yield server
    server.close()


@pytest.fixture
def process(upstream: Upstream) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """The relay as a process of its own, with words meant for the real program; and its port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with subprocess.Popen(
        [
            *(sys.executable, "-m", "acceptance.lab.providers.relay", str(port)),
            *(f"127.0.0.1:{upstream.port}", "--model", "Qwen/Qwen2.5-7B-Instruct-AWQ"),
        ],
        cwd=_ROOT,
        stderr=subprocess.PIPE,
    ) as started:
        yield started, port
        started.kill()


@pytest.fixture
def connect(process: tuple[subprocess.Popen[bytes], int]) -> Callable[[], socket.socket]:
    """Opens a connection to the relay."""

    def connected() -> socket.socket:
        client = socket.create_connection(("127.0.0.1", process[1]), timeout=_TIMEOUT)
        client.settimeout(_TIMEOUT)
        return client

    return lambda: eventually(
        connected, what="the relay", transient=(ConnectionRefusedError,), interval=0.05
    )


def test_both_directions_are_handed_on_and_their_ends_too(
    upstream: Upstream, connect: Callable[[], socket.socket]
) -> None:
    with connect() as client, upstream.accept() as server:
        client.sendall(b"question")
        assert server.recv(100) == b"question"
        client.shutdown(socket.SHUT_WR)
        assert server.recv(100) == b"", "the question is complete, the answer not yet"
        server.sendall(b"answer")
        assert client.recv(100) == b"answer"
        server.close()
        assert client.recv(100) == b""


def test_connections_do_not_wait_for_each_other(
    upstream: Upstream, connect: Callable[[], socket.socket]
) -> None:
    with connect(), upstream.accept(), connect() as second, upstream.accept() as server:
        server.sendall(b"at once")
        assert second.recv(100) == b"at once"


def test_an_upstream_that_refuses_is_a_connection_that_breaks_off(
    upstream: Upstream, connect: Callable[[], socket.socket]
) -> None:
    connect().close()
    upstream.close()

    with connect() as client, pytest.raises(ConnectionResetError):
        client.recv(100)


def test_a_stream_that_breaks_off_does_so_for_the_client(
    upstream: Upstream, connect: Callable[[], socket.socket]
) -> None:
    with connect() as client:
        server = upstream.accept()
        server.sendall(b"half an ans")
        assert client.recv(100) == b"half an ans"
        server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        server.close()  # as a process that is killed: with a reset

        with pytest.raises(ConnectionResetError):
            client.recv(100)


def test_it_ends_when_asked_silently_with_connections_open(
    upstream: Upstream,
    process: tuple[subprocess.Popen[bytes], int],
    connect: Callable[[], socket.socket],
) -> None:
    relay, _port = process
    with connect() as client, upstream.accept():
        relay.terminate()
        assert relay.wait(_TIMEOUT) == 0
        assert client.recv(100) == b""
    assert relay.stderr
    assert relay.stderr.read() == b""
