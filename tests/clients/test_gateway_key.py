"""A key of the settings that LiteLLM refuses says nothing of the story, so nothing turns red."""

import json

import pytest

from acceptance.clients.gateway import Gateway
from acceptance.clients.transport import Api, Reply, UnexpectedAnswerError
from acceptance.errors import NotProven
from acceptance.secret import Secret


def _told(monkeypatch: pytest.MonkeyPatch, status: int, message: str) -> Gateway:
    body = {"error": {"message": message}}
    reply = Reply(status=status, json=body, text=json.dumps(body))
    monkeypatch.setattr(Api, "get", lambda _api, _path: reply)
    return Gateway("http://127.0.0.1:9", Secret("sk-planted"))


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (400, "No connected db."),
        (401, "Authentication Error, Invalid proxy server token passed."),
        (403, "Only proxy admin can be used to generate, delete, update info"),
    ],
)
def test_a_refused_key_is_not_proven_and_names_the_variable(
    monkeypatch: pytest.MonkeyPatch, status: int, message: str
) -> None:
    gateway = _told(monkeypatch, status, message)
    for look in (gateway.models, gateway.deployments, gateway.settings):
        with pytest.raises(NotProven, match="set ACCEPTANCE_GATEWAY_KEY") as caught:
            look()
        assert f"({status}: " in str(caught.value)
        assert "sk-planted" not in str(caught.value)


def test_any_other_answer_stays_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UnexpectedAnswerError):
        _told(monkeypatch, 500, "Internal Server Error").models()
