"""The ways into Open WebUI beside its form: a proxy's header, LDAP; and who cannot get in.

The routes answer as those of Open WebUI 0.12.4 (`routers/auths.py`, `main.py`).
"""

import ssl
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import trustme

from acceptance.clients.open_webui import OpenWebUI
from acceptance.errors import SetupError
from acceptance.secret import Secret
from acceptance.target import Account
from tests.clients.played import up

HEADER = "X-Forwarded-Email"
ME = Account(email="me@home.example", password=Secret("pw-of-mine"))
OIDC = {"oauth": {"providers": {"authentik": "Home"}}}


@dataclass
class Chat:
    """What this Open WebUI lets in."""

    form: bool = True
    ldap: bool = False
    header: str = ""
    config: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def answer(
        self, path: str, body: Mapping[str, Any], headers: Mapping[str, str]
    ) -> tuple[int, Any]:
        """Status and body."""
        self.asked.append(path)
        session = {"token": "a-session", "role": "admin"}
        if path == "/api/config":
            features = {
                "enable_ldap": self.ldap,
                "enable_login_form": self.form,
                "auth_trusted_header": bool(self.header),
            }
            return 200, {"features": features, **self.config}
        if path == "/api/v1/auths/ldap":
            right = self.ldap and (body["user"], body["password"]) == ("me", "pw-of-mine")
            return (200, session) if right else (400, {"detail": "User not found"})
        if self.header:
            there = headers.get(self.header) == ME.email
            return (200, session) if there else (400, {"detail": "missing trusted header"})
        right = self.form and body.get("password") == "pw-of-mine" and body["email"] == ME.email
        return (200, session) if right else (400, {"detail": "incorrect"})


def signed_in(address: str, account: Account = ME) -> OpenWebUI:
    with closing(OpenWebUI(address, account, name="account that judges")) as client:
        client.sign_in()
        return client


def refused(address: str, account: Account = ME) -> str:
    with pytest.raises(SetupError) as caught:
        signed_in(address, account)
    assert "pw-of-mine" not in str(caught.value)
    return str(caught.value)


def test_a_proxys_header_signs_in_and_the_page_is_given_the_session() -> None:
    account = Account(email=ME.email, password=Secret(""), header=HEADER)
    with up(Chat(header=HEADER).answer) as address:
        client = signed_in(address, account)
    assert client.role == "admin"
    assert client.headers() == {"Authorization": "Bearer a-session", HEADER: ME.email}
    assert client.page_account.token.reveal() == "a-session"


def test_ldap_takes_who_the_form_does_not_know() -> None:
    chat = Chat(ldap=True)
    account = Account(email="me", password=ME.password)
    with up(chat.answer) as address:
        client = signed_in(address, account)
    assert chat.asked == ["/api/v1/auths/signin", "/api/config", "/api/v1/auths/ldap"]
    assert client.page_account.token.reveal() == "a-session"


def test_who_uses_the_form_asks_once_and_uses_it_in_the_page_too() -> None:
    chat = Chat(ldap=True)
    with up(chat.answer) as address:
        client = signed_in(address)
    assert chat.asked == ["/api/v1/auths/signin"]
    assert client.page_account is ME


@pytest.mark.parametrize(
    ("chat", "words"),
    [
        (Chat(header=HEADER), "--trusted-header, its WEBUI_AUTH_TRUSTED_EMAIL_HEADER"),
        (Chat(form=False, config=OIDC), "by authentik alone, which needs a person: give ACCEPT"),
        (Chat(form=False, ldap=True, config=OIDC), "for LDAP its user name stands"),
        (Chat(form=False), "check the account's settings"),
    ],
)
def test_what_helps_depends_on_how_people_sign_in(chat: Chat, words: str) -> None:
    with up(chat.answer) as address:
        assert words in refused(address)


def test_by_ldap_both_refusals_are_told() -> None:
    with up(Chat(ldap=True).answer) as address:
        told = refused(address, Account(email="you", password=ME.password))
    assert "400: incorrect; by LDAP, 400: User not found" in told


@pytest.mark.parametrize(
    ("status", "body", "found"),
    [
        (302, "https://login.home.example/?rd=1", "302 to https://login.home.example/?rd=1"),
        (401, "<html>Sign in</html>", "401, a web page: not Open WebUI's API"),
        (200, "<!doctype html><title>Sign in</title>", "200, a web page: not Open WebUI's API"),
    ],
)
@pytest.mark.parametrize("token", ["", "sk-of-mine"])
def test_a_proxy_that_asks_who_one_is_is_told_before_anything_is_touched(
    status: int, body: str, found: str, token: str
) -> None:
    asked = []

    def portal(path: str, *_rest: object) -> tuple[int, str]:
        asked.append(path)
        return status, body

    account = Account(email=ME.email, password=ME.password, token=Secret(token))
    with up(portal) as address:
        told = refused(address, account)
    assert found in told
    assert "give an address behind it" in told
    assert len(asked) == 1


def test_an_authority_of_ones_own_is_taken_from_the_environment_or_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority, tls = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(tls)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    with up(Chat().answer, tls) as address:
        monkeypatch.delenv("SSL_CERT_FILE", raising=False)
        assert "fix       SSL_CERT_FILE=/path/to/ca.pem" in refused(address)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        assert signed_in(address).role == "admin"


def test_a_path_before_the_api_is_kept() -> None:
    chat = Chat()
    with up(chat.answer) as address:
        signed_in(f"{address}/chat/")
    assert chat.asked[0] == "/chat/api/v1/auths/signin"
