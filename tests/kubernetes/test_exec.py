"""Requests from inside a container, over a connection that may end at any moment."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
import websocket

from acceptance.cluster import PodRequest, PodResponse
from acceptance.errors import NotProven
from acceptance.kubernetes.exec import request_inside
from tests.kubernetes.objects import Objects

Frames = Sequence[bytes | Exception]
SUCCESS = b"\x03" + json.dumps({"status": "Success"}).encode()
TOLD = json.dumps({"status": 200, "body": "I'm alive!", "fingerprints": {"KEY": "12345678"}})


def _failure(message: str) -> bytes:
    return b"\x03" + json.dumps({"status": "Failure", "message": message}).encode()


NO_PYTHON = [_failure('exec: "python3": executable file not found in $PATH')]


GARBAGE: dict[str, Frames] = {
    "a status that is a list": [b"\x03[1]"],
    "a status that is no JSON": [b"\x03{"],
    "a status without end in depth": [b"\x03" + b"[" * 100_000],
    "an output without end in depth": [b"\x01" + b"[" * 100_000, SUCCESS],
    "an output that is another object": [b'\x01{"x": 1}', SUCCESS],
    "an unknown channel": [b"\xffabc", b"\x03"],
    "a flood": [b"\x01" + b"x" * 3_000_000] * 3,
}


class _Stream:
    """What comes on one connection: frames, or an error in place of one."""

    def __init__(self, frames: Frames) -> None:
        self._frames = list(frames)
        self.closed = False

    def recv(self) -> bytes:
        """The next frame; empty at the end."""
        frame = self._frames.pop(0) if self._frames else b""
        if isinstance(frame, Exception):
            raise frame
        return frame

    def settimeout(self, _seconds: float) -> None:
        """Frames come at once."""

    def shutdown(self) -> None:
        """See `websocket.WebSocket`."""
        self.closed = True


class _Container(Objects):
    """Answers each command with the next connection."""

    def __init__(self, *streams: Frames | Exception) -> None:
        super().__init__()
        self._streams = list(streams)
        self.opened: list[_Stream] = []
        self.commands: list[list[str]] = []

    def websocket(self, path: str, query: Any) -> Any:  # noqa: ANN401  # as `Api`
        """See `Api`."""
        assert path == "/api/v1/namespaces/apps/pods/open-webui-0/exec"
        words = list(query)
        assert ("container", "open-webui") in words
        self.commands.append([value for name, value in words if name == "command"])
        stream = self._streams.pop(0)
        if isinstance(stream, Exception):
            raise stream
        self.opened.append(_Stream(stream))
        return self.opened[-1]


@contextmanager
def _asked(*streams: Frames | Exception) -> Iterator[tuple[_Container, Any]]:
    """A container that answers so, and a question to it; every connection must be closed after."""
    container = _Container(*streams)

    def ask(request: PodRequest = PodRequest(url="http://litellm")) -> PodResponse:  # noqa: B008  # frozen
        where: Mapping[str, str] = {
            "namespace": "apps",
            "pod": "open-webui-0",
            "container": "open-webui",
        }
        return request_inside(container, **where, request=request)

    yield container, ask
    assert all(stream.closed for stream in container.opened)


def test_what_the_program_was_told_comes_back_in_pieces() -> None:
    pieces: Frames = [b"\x01" + TOLD[:9].encode(), b"\x01" + TOLD[9:].encode()]
    with _asked([*pieces, SUCCESS]) as (container, ask):
        found = ask()
    assert (found.status, found.body, found.fingerprints) == (
        200,
        "I'm alive!",
        {"KEY": "12345678"},
    )
    (command,) = container.commands
    assert command[:2] == ["python3", "-c"]
    assert json.loads(command[3])["url"] == "http://litellm"


def test_a_python_that_greets_is_heard_to_the_end() -> None:
    with _asked([b"\x01welcome\n" + TOLD.encode() + b"\n", SUCCESS]) as (_, ask):
        assert ask().status == 200


def test_without_a_python3_another_name_is_tried() -> None:
    with _asked(NO_PYTHON, [b"\x01" + TOLD.encode(), SUCCESS]) as (container, ask):
        assert ask().status == 200
    assert [command[0] for command in container.commands] == ["python3", "python"]


def test_the_programs_own_interpreter_is_taken_only_if_it_is_python() -> None:
    """Anything else must not be handed a script: a shell would run it."""
    version: Frames = [b"\x01Python 3.11.7\n", SUCCESS]
    told: Frames = [b"\x01" + TOLD.encode(), SUCCESS]
    with _asked(NO_PYTHON, NO_PYTHON, version, told) as (container, ask):
        assert ask().status == 200
    assert container.commands[2] == ["/proc/1/exe", "--version"]
    assert container.commands[3][:2] == ["/proc/1/exe", "-c"]


@pytest.mark.parametrize(
    "version", [[b"\x01GNU bash, version 5.2\n", SUCCESS], [_failure("exit 2")]]
)
def test_an_image_without_python_cannot_be_asked(version: Frames) -> None:
    with (
        _asked(NO_PYTHON, NO_PYTHON, version) as (container, ask),
        pytest.raises(
            NotProven, match="apps/open-webui-0: its image holds none of python3, python"
        ),
    ):
        ask()
    assert not any("-c" in command for command in container.commands[2:])


@pytest.mark.parametrize(
    ("stream", "words"),
    [
        ([b"\x02Traceback\nMemoryError", _failure("exit code 1")], "exit code 1 MemoryError"),
        ([b"\x01no JSON", SUCCESS], "Python said something else: no JSON"),
        ([SUCCESS], "Python said something else"),
        ([], "no status came"),
        ([websocket.WebSocketTimeoutException("late")], "did not end in time"),
        ([websocket.WebSocketConnectionClosedException("gone")], "gone"),
        ([ConnectionResetError("reset")], "ConnectionResetError: reset"),
        (ConnectionError("500 container not found"), "500 container not found"),
    ],
)
def test_a_request_that_cannot_be_made_proves_nothing_and_says_why(
    stream: Frames | Exception, words: str
) -> None:
    with _asked(stream) as (_, ask), pytest.raises(NotProven) as raised:
        ask()
    assert str(raised.value).startswith("no request could be made from inside apps/open-webui-0: ")
    assert words in str(raised.value)


def test_a_slow_answer_is_waited_for_as_long_as_was_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr(_Stream, "settimeout", lambda _self, seconds: waited.append(seconds))
    monkeypatch.setattr("acceptance.kubernetes.exec.time.monotonic", lambda: 1000.0)
    with _asked([b"\x01" + TOLD.encode(), SUCCESS]) as (_, ask):
        ask(PodRequest(timeout=45.0))
    assert waited == [65.0, 65.0]


@pytest.mark.parametrize("frames", GARBAGE.values(), ids=GARBAGE)
def test_whatever_comes_on_the_channels_is_told(frames: Frames) -> None:
    with _asked(frames) as (_, ask), pytest.raises(NotProven) as caught:
        ask()
    assert len(str(caught.value)) < 1_000
