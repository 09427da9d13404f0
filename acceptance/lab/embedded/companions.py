"""What runs beside the pods: the emulated providers, a port that never answers, a janitor."""

import socket
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import trustme

from acceptance.errors import SetupError
from acceptance.lab.providers.client import Providers
from acceptance.relay import relaying
from acceptance.waiting import Progress, eventually

_PROJECT = Path(__file__).parents[3]
_JANITOR = Path(__file__).parent / "janitor.py"
_PROVIDERS_TIMEOUT = 30.0
"""Seconds until the emulated providers listen."""
_END_TIMEOUT = 10.0
"""Seconds for a process to end that was told to; it takes a fraction of one."""
_QUEUE_FILLERS = 4


@contextmanager
def emulated_providers(folder: Path, say: Progress) -> Iterator[Providers]:
    """The providers, listening; the folder is made, and holds their authority's certificate.

    Raises:
        SetupError: they do not start.
    """
    folder.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", "acceptance.lab.providers", "--directory", str(folder)],
        cwd=_PROJECT,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )

    def listening() -> Providers:
        assert process.poll() is None, f"they ended with status {process.returncode}"
        assert (folder / "providers.json").exists(), "they do not listen yet"
        return Providers.load(folder)

    try:
        with _ready(listening, say) as providers:
            yield providers
    finally:
        _end(process)


def _ready(listening: Callable[[], Providers], say: Progress) -> Providers:
    try:
        return eventually(
            listening,
            what="the emulated providers",
            timeout=_PROVIDERS_TIMEOUT,
            interval=0.05,
            say=say,
        )
    except AssertionError as error:
        raise SetupError(f"The emulated providers do not start: {error}") from error


@contextmanager
def never_answering() -> Iterator[int]:
    """A port whose queue is full: a connection to it hangs, as one to dropped packets does."""
    with ExitStack() as sockets:
        listener = sockets.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(_QUEUE_FILLERS):
            filler = sockets.enter_context(socket.socket())
            filler.setblocking(False)  # the socket module's own signature
            filler.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


def start_janitor(folder: Path) -> Callable[[], None]:
    """Start a process that removes the folder when this one is gone, however it went."""
    process = subprocess.Popen(
        [sys.executable, "-S", str(_JANITOR), str(folder)],
        stdin=subprocess.PIPE,
        start_new_session=True,
    )
    return lambda: _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    process.stdin.close()
    try:
        process.wait(_END_TIMEOUT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class TlsForHosts:
    """What stands before a cluster for its public hosts: TLS ends here. Close it."""

    def __init__(self) -> None:
        """Receive nothing yet."""
        self._authority = trustme.CA(organization_name="public hosts of the lab")
        self._relays: dict[str, tuple[int, int, ExitStack]] = {}
        """By host: where it leads, where it is received, and what ends that."""

    @property
    def certificate(self) -> str:
        """The authority's, which programs of the lab trust."""
        return self._authority.cert_pem.bytes().decode()

    def lead(self, targets: Mapping[str, int]) -> Mapping[str, int]:
        """Hand on what comes for each host to its local port; the port that takes it with TLS."""
        for host, (target, _, relays) in [*self._relays.items()]:
            if targets.get(host) != target:
                relays.close()
                del self._relays[host]
        for host, target in targets.items():
            if host not in self._relays:
                tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                self._authority.issue_cert(host).configure_cert(tls)
                relays = ExitStack()
                port = relays.enter_context(relaying("127.0.0.1", target, tls=tls))
                self._relays[host] = (target, port, relays)
        return {host: port for host, (_, port, _) in self._relays.items()}

    def close(self) -> None:
        """Hand nothing on any more."""
        self.lead({})
