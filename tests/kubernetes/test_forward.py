"""A local address that leads to pods, whatever becomes of them and of the server between."""

import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import websocket

from acceptance.errors import SetupError
from acceptance.kubernetes.forward import Forward
from acceptance.waiting import eventually
from tests.kubernetes.objects import Objects

HEADER = b"\x90\x1f"
"""Each channel begins with the port's number."""


class _Remote:
    """A pod's end of a connection, played by the test."""

    def __init__(self) -> None:
        self.received = b""
        self.aborted = threading.Event()
        self.shut = False
        self._frames: list[bytes] = [b"\x00" + HEADER, b"\x01" + HEADER]
        self._something = threading.Condition()

    def say(self, frame: bytes) -> None:
        """Let a frame come."""
        with self._something:
            self._frames.append(frame)
            self._something.notify()

    def recv(self) -> bytes:
        """See `websocket.WebSocket`."""
        with self._something:
            self._something.wait_for(lambda: self._frames or self.aborted.is_set(), timeout=10)
            if not self._frames:
                raise websocket.WebSocketConnectionClosedException("aborted")
            return self._frames.pop(0)

    def send_binary(self, data: bytes) -> None:
        """See `websocket.WebSocket`; a question gets an answer."""
        assert data[:1] == b"\x00"
        self.received += data[1:]
        self.say(b"\x00answer to " + data[1:])

    def abort(self) -> None:
        """See `websocket.WebSocket`: wakes who reads."""
        self.aborted.set()
        with self._something:
            self._something.notify_all()

    def shutdown(self) -> None:
        """See `websocket.WebSocket`; it takes its time."""
        threading.Event().wait(0.05)
        self.shut = True


class _Pods(Objects):
    """Opens a connection to whichever pod is chosen."""

    def __init__(self) -> None:
        super().__init__()
        self.remotes: list[_Remote] = []
        self.paths: list[str] = []
        self.problem: Exception | None = None

    def websocket(self, path: str, query: Any) -> Any:  # noqa: ANN401  # as `Api`
        """See `Api`."""
        self.paths.append(f"{path}?ports={dict(query)['ports']}")
        if self.problem:
            raise self.problem
        self.remotes.append(_Remote())
        return self.remotes[-1]


@pytest.fixture
def pods() -> _Pods:
    """Pods that can be reached."""
    return _Pods()


@pytest.fixture
def chosen() -> list[str]:
    """The pod for the next connection."""
    return ["open-webui-0"]


@pytest.fixture
def forward(pods: _Pods, chosen: list[str]) -> Iterator[Forward]:
    """An address; at its end no thread of it is left."""
    before = set(threading.enumerate())

    def choose() -> tuple[str, str, int]:
        if not chosen:
            raise SetupError("no pod that is ready")
        return "apps", chosen[0], 8080

    up = Forward(pods, choose)
    yield up
    up.close()
    assert set(threading.enumerate()) - before == set()
    assert all(remote.shut for remote in pods.remotes)
    with pytest.raises(ConnectionRefusedError):
        _connected(up)


def _connected(forward: Forward) -> socket.socket:
    host, _, port = forward.address.removeprefix("http://").partition(":")
    return socket.create_connection((host, int(port)), timeout=5)


def _asked(connection: socket.socket, question: bytes) -> bytes:
    connection.sendall(question)
    return connection.recv(100)


def test_a_question_reaches_the_pod_and_its_answer_comes_back(
    forward: Forward, pods: _Pods
) -> None:
    with _connected(forward) as connection:
        assert _asked(connection, b"a question") == b"answer to a question"
    assert pods.remotes[0].received == b"a question"
    assert pods.paths == ["/api/v1/namespaces/apps/pods/open-webui-0/portforward?ports=8080"]


def test_connections_that_are_open_end_with_the_address(forward: Forward, pods: _Pods) -> None:
    """Kept alive, as an HTTP client keeps them; the fixture looks for what is left."""
    opened = [_connected(forward) for _ in range(3)]
    assert [_asked(each, b"x") for each in opened] == [b"answer to x"] * 3
    forward.close()
    for each in opened:
        assert each.recv(10) == b""
        each.close()
    assert len(pods.remotes) == 3


def test_a_pod_that_goes_away_takes_its_connection_along_and_the_next_finds_another(
    forward: Forward, pods: _Pods, chosen: list[str]
) -> None:
    with _connected(forward) as first:
        assert _asked(first, b"x") == b"answer to x"
        chosen[0] = "open-webui-1"
        pods.remotes[0].abort()
        assert first.recv(10) == b""
    with _connected(forward) as second:
        assert _asked(second, b"y") == b"answer to y"
    assert "pods/open-webui-1/" in pods.paths[1]


def test_why_a_pod_does_not_listen_is_kept(forward: Forward, pods: _Pods) -> None:
    with _connected(forward) as connection:
        assert _asked(connection, b"x") == b"answer to x"
        pods.remotes[0].say(b"\x01connection refused")
        assert connection.recv(10) == b""
    assert forward.last_error == "connection refused"


@pytest.mark.parametrize(
    "problem",
    [SetupError("The API server cannot be asked."), ConnectionError("502 bad gateway")],
)
def test_a_connection_that_cannot_be_made_is_dropped_and_says_why_until_one_can(
    forward: Forward, pods: _Pods, problem: Exception
) -> None:
    pods.problem = problem
    with _connected(forward) as connection:
        assert connection.recv(10) == b""
    assert forward.last_error == str(problem)
    pods.problem = None
    with _connected(forward) as connection:
        assert _asked(connection, b"x") == b"answer to x"
    assert forward.last_error == ""


def test_so_is_one_for_which_there_is_no_pod(forward: Forward, chosen: list[str]) -> None:
    chosen.clear()
    with _connected(forward) as connection:
        assert connection.recv(10) == b""
    assert forward.last_error == "no pod that is ready"


def test_what_has_ended_is_forgotten(forward: Forward) -> None:
    """A run makes thousands of connections."""
    for _ in range(3):
        with _connected(forward) as connection:
            assert _asked(connection, b"x") == b"answer to x"

    def check() -> None:
        alive = [each for each in threading.enumerate() if forward.address in each.name]
        assert (len(alive), vars(forward)["_open"]) == (1, {})

    eventually(check, what="threads of ended connections", timeout=3.0, interval=0.01)
