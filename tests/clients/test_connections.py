"""What Open WebUI and LiteLLM tell of the addresses that they ask, however it is written."""

from typing import Any

import pytest

from acceptance.clients.gateway import Gateway
from acceptance.clients.open_webui import OpenWebUI
from acceptance.clients.transport import Api, Reply
from acceptance.secret import Secret
from acceptance.target import Account

URL = "http://litellm.ml.svc.cluster.local:4000/v1"
DISABLED = {"enable": False}


@pytest.mark.parametrize(
    ("configs", "enabled"),
    [
        ({URL: DISABLED}, False),
        ({"0": {}, URL: DISABLED}, True),  # Q793: the number counts, whatever it says
        ({"0": DISABLED, URL: {}}, False),
    ],
)
def test_a_connection_is_configured_by_its_number_else_by_its_address(
    monkeypatch: pytest.MonkeyPatch, configs: dict[str, Any], *, enabled: bool
) -> None:
    told = {
        "ENABLE_OPENAI_API": True,
        "OPENAI_API_BASE_URLS": [URL],
        "OPENAI_API_KEYS": ["sk-planted"],
        "OPENAI_API_CONFIGS": configs,
    }
    monkeypatch.setattr(Api, "get", lambda _api, _path: Reply(status=200, json=told, text=""))
    account = Account(email="a@lab.example", password=Secret("planted"))
    open_webui = OpenWebUI("http://127.0.0.1:9", account, name="administrator")
    open_webui.role = "admin"
    assert [each.enabled for each in open_webui.wiring().connections] == [enabled]


def test_an_entry_may_call_its_address_as_openais_client_does(  # Q788
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    entry = {"model_name": "a", "litellm_params": {"model": "openai/a", "base_url": URL}}
    told = {"data": [entry]}
    monkeypatch.setattr(Api, "get", lambda _api, _path: Reply(status=200, json=told, text=""))
    (deployment,) = Gateway("http://127.0.0.1:9", Secret("sk-planted")).deployments()
    assert deployment.api_base == URL
