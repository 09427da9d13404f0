"""Requests from inside a pod, by exec: with the program's own Python, without curl or a shell."""

import json
import time
from dataclasses import asdict
from typing import Any

from acceptance.cluster import POD_PROBE, PodRequest, PodResponse
from acceptance.errors import NotProven
from acceptance.json_values import mapping, parsed
from acceptance.kubernetes.api import Api
from acceptance.message import excerpt
from acceptance.spans import Kind, span
from acceptance.waiting import within

_PYTHONS = ("python3", "python")
"""Open WebUI and LiteLLM are Python programs."""
_OWN = "/proc/1/exe"
"""The program's own interpreter, where none is on the path; asked first whether it is one."""
_START_SECONDS = 20.0
"""Allowed for starting Python beside the program, on a busy machine."""
_MOST_BYTES = 5_000_000
"""Of what a command says; the probe says a few thousand."""
_STDOUT, _STDERR, _ERROR = 1, 2, 3
"""Channels of `v4.channel.k8s.io` and later (Kubernetes 1.34)."""


def request_inside(
    api: Api, *, namespace: str, pod: str, container: str, request: PodRequest
) -> PodResponse:
    """Make a request beside the program of a container: same names, routes, proxies and keys.

    Raises:
        NotProven: these rights or an admission policy do not allow exec, it fails on its way, or
            the image holds no Python: nothing is known of the pod then.
        Inconclusive: the pod is gone.
        SetupError: the API server does not answer.
    """
    inside = _Inside(api, namespace, pod, container)
    try:
        return inside.request(request)
    except (ConnectionError, TimeoutError) as error:
        raise NotProven(
            f"no request could be made from inside {namespace}/{pod}: {error}"
        ) from error


class _Inside:
    """The inside of one container."""

    def __init__(self, api: Api, namespace: str, pod: str, container: str) -> None:
        self._api = api
        self._path = f"/api/v1/namespaces/{namespace}/pods/{pod}/exec"
        self._container = container
        self._title = f"{namespace}/{pod}"

    def request(self, request: PodRequest) -> PodResponse:
        """Make the request with the first Python that is there."""
        words = ["-c", POD_PROBE.read_text(), json.dumps(asdict(request))]
        found = ""
        for python in (*_PYTHONS, _OWN):
            # what is no Python must not be handed a script: a shell would run it
            if python == _OWN and not self._run([_OWN, "--version"])[0].startswith("Python 3"):
                break
            output, failure = self._run([python, *words], request.timeout)
            if not failure:
                return _told(output)
            if not _no_such_program(failure):
                raise ConnectionError(excerpt(failure))
            found = failure
        raise NotProven(
            f"no request could be made from inside {self._title}: its image holds none of "
            f"{', '.join(_PYTHONS)} ({excerpt(found)})"
        )

    def _run(self, command: list[str], timeout: float = 0.0) -> tuple[str, str]:
        """Standard output of a command, and why it failed; one of them is empty."""
        query = [("container", self._container), ("stdout", "true"), ("stderr", "true")]
        query += [("command", word) for word in command]
        socket = self._api.websocket(self._path, query)
        try:
            longest = timeout + _START_SECONDS
            with span(Kind.INSIDE, f"inside of {self._title}"):
                channels = within(longest, lambda: _read(socket, time.monotonic() + longest))
        finally:
            socket.shutdown()  # its `close` leaves it open once the other side has closed
        status = mapping(parsed(channels[_ERROR]))
        if status.get("status") == "Success":
            return channels[_STDOUT].decode("utf-8", "replace"), ""
        said = (channels[_STDERR].decode("utf-8", "replace").splitlines() or [""])[-1]
        return "", f"{status.get('message', 'no status came')} {said}".strip()


def _told(output: str) -> PodResponse:
    """The probe's line, the last one: a Python may greet by itself."""
    try:
        return PodResponse(**json.loads(output.splitlines()[-1]))
    except (IndexError, ValueError, TypeError, RecursionError) as error:
        raise ConnectionError(f"Python said something else: {excerpt(output)}") from error


def _no_such_program(failure: str) -> bool:
    return "executable file not found" in failure or "no such file or directory" in failure


def _read(socket: Any, deadline: float) -> dict[int, bytes]:  # noqa: ANN401  # untyped
    """All that came on each channel, until the command has ended."""
    import websocket  # noqa: PLC0415  # comes with the client, and is only needed here

    channels = {_STDOUT: b"", _STDERR: b"", _ERROR: b""}
    while not channels[_ERROR]:
        socket.settimeout(max(0.1, deadline - time.monotonic()))
        try:
            frame = socket.recv()
        except websocket.WebSocketTimeoutException as error:
            raise TimeoutError("the command did not end in time") from error
        except (websocket.WebSocketException, OSError) as error:
            raise ConnectionError(f"{type(error).__name__}: {error}") from error
        if not frame:
            break
        data = frame.encode() if isinstance(frame, str) else frame
        if data[0] in channels:
            channels[data[0]] += data[1:]
        if sum(map(len, channels.values())) > _MOST_BYTES:
            raise ConnectionError(f"the command said more than {_MOST_BYTES} bytes")
    return channels
