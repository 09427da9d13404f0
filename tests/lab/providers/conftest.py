"""The emulated providers, running as their own process."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from acceptance.errors import SetupError
from acceptance.lab.providers.client import Providers
from acceptance.lab.providers.handover import Handover
from acceptance.waiting import eventually
from tests.lab.providers.asking import Wire

_STOP_SECONDS = 5.0
_ROOT = Path(__file__).parents[3]
Start = Callable[[Path], AbstractContextManager[subprocess.Popen[bytes]]]


@contextmanager
def _started(directory: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "acceptance.lab.providers", "--directory", str(directory)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, cwd=_ROOT
    ) as process:
        try:
            eventually(
                lambda: _ready(process, directory),
                what="the emulated providers",
                interval=0.05,
                transient=(SetupError,),
            )
            yield process
        finally:
            try:
                process.communicate(timeout=_STOP_SECONDS)  # closes standard input: it ends
            finally:
                process.kill()  # does nothing to a process that has ended


def _ready(process: subprocess.Popen[bytes], directory: Path) -> None:
    if process.poll() is not None and process.stderr:
        raise ChildProcessError(process.stderr.read().decode())
    Handover.read(directory)


@pytest.fixture(scope="session")
def start() -> Start:
    """Starts a process of its own for a directory."""
    return _started


@pytest.fixture(scope="session")
def directory(tmp_path_factory: pytest.TempPathFactory, start: Start) -> Iterator[Path]:
    """Where the shared process has written its files."""
    path = tmp_path_factory.mktemp("providers")
    with start(path):
        yield path


@pytest.fixture(scope="session")
def client(directory: Path) -> Iterator[Providers]:
    """The client of the shared process."""
    with Providers.load(directory) as loaded:
        yield loaded


@pytest.fixture
def providers(client: Providers) -> Providers:
    """All providers, well, with an empty ledger."""
    client.restore()
    client.clear()
    return client


@pytest.fixture
def wire(providers: Providers, directory: Path) -> Wire:
    """Connections to the providers."""
    return Wire(providers, directory)
