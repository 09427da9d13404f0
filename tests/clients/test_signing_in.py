"""Who cannot sign in to Open WebUI is told what helps: the right password, or waiting."""

from contextlib import closing

import pytest

from acceptance.checks.credential import TYPED_IN
from acceptance.checks.proof import Connection
from acceptance.clients.open_webui import OpenWebUI
from acceptance.errors import SetupError
from acceptance.secret import Secret
from acceptance.target import Account
from tests.clients.clients import clients
from tests.clients.hostile import Answer, http, serving


@pytest.mark.parametrize(
    ("status", "told", "fix"),
    [
        ("400 Bad Request", "The email or password provided is incorrect.", "check the account"),
        ("429 Too Many Requests", "API rate limit exceeded", "wait three minutes"),
    ],
)
def test_what_helps_depends_on_why_it_is_refused(status: str, told: str, fix: str) -> None:
    body = f'{{"detail": "{told}"}}'.encode()
    with (
        clients(http(body, status=status)) as (_, open_webui),
        pytest.raises(SetupError, match="cannot sign in") as caught,
    ):
        open_webui.sign_in()
    assert f"found     {status[:3]}: {told}" in str(caught.value)
    assert f"fix       {fix}" in str(caught.value)


def _by_token(reply: Answer, token: str = "sk-0123456789abcdef") -> OpenWebUI:  # noqa: S107
    with serving(reply) as address:
        account = Account(email="", password=Secret(""), token=Secret(token))
        one = OpenWebUI(address, account, name="account that judges")
        with closing(one):
            one.sign_in()
        return one


@pytest.mark.parametrize("role", ["admin", "user"])
def test_where_people_sign_in_elsewhere_a_token_is_enough(role: str) -> None:
    one = _by_token(http(f'{{"id": "1", "role": "{role}", "email": "a@b.example"}}'.encode()))
    assert one.role == role
    assert one.headers() == {"Authorization": "Bearer sk-0123456789abcdef"}


@pytest.mark.parametrize(
    ("reply", "found"),
    [
        (http(b'{"detail": "Your session has expired"}', status="401 Unauthorized"), "401: Your"),
        (http(b'{"detail": "Use of API key is not enabled"}', status="403 Forbidden"), "403: Use"),
        (http(b'{"id": "1", "role": "pending"}'), "the role 'pending'"),
        (http(b"[]"), "the role None"),
    ],
)
def test_a_token_that_is_no_account_s_is_told_and_never_shown(reply: Answer, found: str) -> None:
    with pytest.raises(SetupError, match="cannot sign in") as caught:
        _by_token(reply)
    assert found in str(caught.value)
    assert "take a new one" in str(caught.value)
    assert "0123456789abcdef" not in str(caught.value)


def test_names_that_were_typed_in_are_no_list_of_the_gateways() -> None:
    """Open WebUI 0.12.4 asks nobody for the models of a connection that it takes for Azure's."""
    with clients(http(b'{"data": ["vllm-qwen"], "object": "list"}')) as (_, open_webui):
        told = open_webui.served_by(Connection(index=0, url="http://a", key_fingerprint=""))
    assert told.error == TYPED_IN
    assert told.names == ()
