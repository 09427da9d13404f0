"""A key of the settings that LiteLLM refuses says nothing of the story, so nothing turns red."""

import json
from typing import Any

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


def test_what_holds_for_the_key_in_use_holds_for_its_team_too(  # G17
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names, parallel = ["a", "b", "c"], "c"
    team = {
        "router_settings": json.dumps({"content_policy_fallbacks": [{"c": ["b"]}]}),
        "litellm_model_table": {"model_aliases": json.dumps({"c": "a"})},
    }
    told: dict[str, Any] = {
        "/v1/models": {"data": [{"id": name} for name in names]},
        "/router/settings": {
            "fields": [{"field_name": "fallbacks", "field_value": [{"a": ["b"]}]}]
        },
        "/model/info": {"data": []},
        "/fallback/*": {"fallback_models": []},
        "/key/info": {"info": {"team_id": "home & garden", "router_settings": {}}},
        "/team/info?team_id=home%20%26%20garden": {"team_info": team},
    }
    monkeypatch.setattr(Api, "get", lambda _api, path: Reply(status=200, json=told[path], text=""))
    gateway = Gateway("http://127.0.0.1:9", Secret("sk-planted"))

    (chain,) = gateway.chains([parallel], key=Secret("sk-of-the-team"))
    assert {str(each) for each in chain.otherwise} == {
        "c -> b (content_policy_fallbacks)",
        "c -> a (model_aliases of the team of the key in use)",
    }
    (alone,) = gateway.chains([parallel])
    assert not alone.otherwise

    told["/key/info"]["info"]["router_settings"] = {
        "fallbacks": [{"c": ["b"]}]
    }  # the key's own win
    gateway = Gateway("http://127.0.0.1:9", Secret("sk-planted"))  # of the next run
    (chain,) = gateway.chains([parallel], key=Secret("sk-of-the-team"))
    assert chain.order == ("c", "b")
    assert len(chain.otherwise) == 1


def test_the_routers_defaults_replace_every_model(monkeypatch: pytest.MonkeyPatch) -> None:  # Q770
    defaults = {"timeout": 60, "fallbacks": ["openai/gpt-4o-mini"]}
    told: dict[str, Any] = {
        "/v1/models": {"data": [{"id": "mistral/mistral-small-latest"}]},
        "/router/settings": {"fields": [], "current_values": {"default_litellm_params": defaults}},
        "/model/info": {"data": []},
        "/fallback/*": {"fallback_models": []},
    }
    monkeypatch.setattr(Api, "get", lambda _api, path: Reply(status=200, json=told[path], text=""))
    chain = Gateway("http://127.0.0.1:9", Secret("sk-planted")).chain(
        "mistral/mistral-small-latest"
    )
    assert [*map(str, chain.otherwise)] == [
        "mistral/mistral-small-latest -> openai/gpt-4o-mini (default_litellm_params.fallbacks)"
    ]


def test_nothing_is_told_to_a_key_that_no_header_can_carry() -> None:  # Q775
    gateway = Gateway("http://127.0.0.1:9", Secret("sk-planted"))
    assert gateway.key_information(Secret("\u201csk-planted\u201d")) == {}
