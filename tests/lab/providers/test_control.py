"""The control API, and the words with which it refuses nonsense."""

from pathlib import Path

import httpx
import pytest

from acceptance.errors import SetupError
from acceptance.lab.providers.behaviour import Behaviour, Kind
from acceptance.lab.providers.client import Providers
from acceptance.lab.providers.handover import Handover


@pytest.fixture
def control(directory: Path, providers: Providers) -> str:
    """Base URL of the control API, once all providers are well."""
    providers.restore()
    return Handover.read(directory).control


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"kind": "explode"}, 'unknown kind "explode"; known are cut, empty'),
        ({"kind": "hang", "colour": 1}, "unknown field colour"),
        ({"kind": "error"}, '"error" needs status'),
        ({"kind": "error", "status": 200}, "expected an HTTP error"),
        ({"kind": "error", "status": "500"}, "status is '500', expected int"),
        ({"kind": "error", "status": True}, "status is True, expected int"),
        ({"kind": "error", "status": 429, "retry_after": -1}, "cannot be negative"),
        ({"kind": "slow"}, '"slow" needs seconds'),
        ({"kind": "hang", "seconds": 3}, '"hang" takes no seconds'),
        ({"kind": "refuse", "model": "gpt-4o-mini"}, '"refuse" takes no model'),
        ({"kind": "hang", "model": "other"}, 'openai has no model "other"; it has gpt-4o-mini'),
        (["hang"], "expected a JSON object, found list"),
    ],
)
def test_nonsense_is_refused_and_changes_nothing(control: str, data: object, message: str) -> None:
    response = httpx.put(f"{control}/providers/openai/behaviour", json=data, trust_env=False)

    assert response.status_code == 422
    assert message in response.json()["error"]
    behaviours = httpx.get(f"{control}/behaviours", trust_env=False).json()
    assert behaviours["openai"]["kind"] == "well"


def test_what_is_not_json_is_refused(control: str) -> None:
    response = httpx.put(f"{control}/providers/openai/behaviour", content=b"{hang", trust_env=False)

    assert response.status_code == 422


def test_behaviours_are_told_and_restored(control: str, providers: Providers) -> None:
    providers.behave("vllm", Behaviour(kind=Kind.SLOW, seconds=1.5))

    told = httpx.get(f"{control}/behaviours", trust_env=False).json()
    assert Behaviour.read(told["vllm"]) == Behaviour(kind=Kind.SLOW, seconds=1.5)

    providers.restore()
    told = httpx.get(f"{control}/behaviours", trust_env=False).json()
    assert {Behaviour.read(item) for item in told.values()} == {Behaviour()}


def test_the_client_passes_a_refusal_on(providers: Providers) -> None:
    with pytest.raises(ValueError, match='no provider "azure"; known are vllm, ollama'):
        providers.behave("azure", Behaviour())


def test_no_process_is_a_setup_error(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="are not ready"):
        Providers.load(tmp_path)


def test_a_process_that_is_gone_is_a_setup_error() -> None:
    handover = Handover(pid=1, control="http://127.0.0.1:9", providers={})

    with Providers(handover) as client, pytest.raises(SetupError, match="do not answer"):
        client.ledger()
