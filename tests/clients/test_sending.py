"""What is sent: keys that cannot be, addresses that are none, queries that a path brings."""

import pytest

from acceptance.clients.gateway import Gateway
from acceptance.clients.open_webui import OpenWebUI
from acceptance.clients.transport import Api, UnexpectedAnswerError, UnreachableError
from acceptance.errors import SetupError
from acceptance.secret import Secret
from tests.clients.clients import ACCOUNT, AMPLE, ASKED, KEY
from tests.clients.hostile import http, serving
from tests.kubernetes.server import closed_port


def test_nobody_listens() -> None:
    gateway = Gateway(closed_port(), Secret(KEY), timeout=AMPLE)
    with pytest.raises(UnreachableError, match="ConnectError") as caught:
        gateway.models()
    gateway.close()
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("key", [f"{KEY}\nx: y", f"{KEY}é", f"{KEY}\x00"])
def test_a_key_that_no_header_can_carry_is_not_quoted(key: str) -> None:
    with serving(http(b"{}")) as address:
        gateway = Gateway(address, Secret(key), timeout=AMPLE)
        for question in (gateway.models, lambda: gateway.ask(ASKED, timeout=AMPLE)):
            with pytest.raises(UnexpectedAnswerError, match="no HTTP header can carry") as caught:
                question()
            assert KEY not in str(caught.value)
        gateway.close()


def test_a_line_end_after_a_key_is_not_sent() -> None:
    with serving(http(b'{"data": [{"id": "vllm-qwen"}]}')) as address:
        gateway = Gateway(address, Secret(f"{KEY}\n"), timeout=AMPLE)
        assert gateway.models() == ("vllm-qwen",)
        gateway.close()


@pytest.mark.parametrize("address", ["http://[::1", "http://a:b", "http://\x00"])
def test_an_address_that_is_none(address: str) -> None:
    with pytest.raises(SetupError, match="The address of LiteLLM is no URL"):
        Api(address, name="LiteLLM")


def test_a_query_in_a_path_is_sent() -> None:
    seen: list[bytes] = []
    with serving(http(b'{"data": []}')) as address:
        client = OpenWebUI(address, ACCOUNT, name="judge", timeout=AMPLE)
        client.api.client.event_hooks["request"] = [lambda request: seen.append(request.url.query)]
        client.offered()
        client.close()
    assert seen == [b"refresh=true"]


@pytest.mark.parametrize(
    ("variable", "value", "found"),
    [
        ("SSL_CERT_FILE", "/not/there.pem", "FileNotFoundError"),
        ("SSL_CERT_FILE", __file__, "SSLError"),
        ("ALL_PROXY", "socks5://user:pa55@127.0.0.1:1", "the package socksio"),
        ("https_proxy", "socks5h://127.0.0.1:1", "the package socksio"),
        ("HTTPS_PROXY", "gopher://user:pa55@127.0.0.1:1", "a proxy whose address cannot be used"),
        ("ALL_PROXY", "http://user:pa55@[::1", "a proxy whose address cannot be used"),
    ],
)
def test_surroundings_in_which_nothing_can_be_asked(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, found: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SetupError) as caught:
        Api("https://chat.example.org", name="Open WebUI")
    told = str(caught.value)
    assert told.startswith("Open WebUI cannot be asked from here.\n")
    assert found in told
    assert variable.upper() in told
    assert "pa55" not in told
    assert len(told.splitlines()) == 5
    Api("http://127.0.0.1:8080", name="a forwarded port, which nothing of this is for").close()
