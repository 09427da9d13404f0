"""The process itself: ready when it says so, gone when its parent is."""

import signal
import ssl
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from acceptance.lab.providers.behaviour import Behaviour, Kind
from acceptance.lab.providers.client import Providers
from acceptance.lab.providers.handover import CERTIFICATE, FILE, Handover
from tests.lab.providers.asking import OPENAI, VLLM, Wire
from tests.lab.providers.conftest import Start

STOP_SECONDS = 2.0
"""A fraction of it is used; a loaded machine gets the rest."""


def close_standard_input(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin
    process.stdin.close()
    process.stdin = None


def terminate(process: subprocess.Popen[bytes]) -> None:
    process.terminate()


def interrupt(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGINT)


@pytest.mark.parametrize("end", [close_standard_input, terminate, interrupt])
def test_it_ends_at_once_and_silently_with_connections_hanging(
    tmp_path: Path, start: Start, end: Callable[[subprocess.Popen[bytes]], None]
) -> None:
    with start(tmp_path) as process, Providers.load(tmp_path) as providers:
        wire = Wire(providers, tmp_path)
        providers.behave("openai", Behaviour(kind=Kind.STALL))
        providers.behave("vllm", Behaviour(kind=Kind.SLOW, seconds=60))
        wire.begin(VLLM, "?", stream=False, timeout=0.1)
        with (
            wire.client("openai") as client,
            client.stream("POST", OPENAI.path, json=OPENAI.body("?", stream=True)) as response,
        ):
            assert response.status_code == 200

            end(process)

            assert process.wait(STOP_SECONDS) == 0
        assert process.stderr
        assert process.stderr.read() == b""
    assert not (tmp_path / FILE).exists()


def test_the_hand_over_says_where_everything_is(directory: Path) -> None:
    handover = Handover.read(directory)

    assert {name: (item.scheme, item.host) for name, item in handover.providers.items()} == {
        "vllm": ("http", "127.0.0.1"),
        "ollama": ("http", "127.0.0.1"),
        "openai": ("https", "api.openai.com"),
        "groq": ("https", "api.groq.com"),
        "gemini": ("https", "generativelanguage.googleapis.com"),
        "mistral": ("https", "api.mistral.ai"),
    }
    assert ssl.create_default_context(cafile=directory / CERTIFICATE).get_ca_certs()
    assert [path.name for path in directory.iterdir() if path.name.startswith(f".{FILE}")] == []
