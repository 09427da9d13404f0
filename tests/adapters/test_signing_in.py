"""A real Open WebUI is signed in to: by LDAP, by a proxy's word for who asks, with an API key."""

import copy
import re
import socketserver
from collections.abc import Iterator
from contextlib import closing

import pytest

from acceptance.clients.open_webui import OpenWebUI
from acceptance.errors import SetupError
from acceptance.json_values import mapping
from acceptance.lab.embedded.manifests import DEFAULT, Manifests, namespace_of
from acceptance.lab.embedded.pod.lab_network import PodNetwork
from acceptance.lab.embedded.target import embedded_target
from acceptance.secret import Secret
from acceptance.target import Account, Target
from tests.adapters.world import GATEWAY, OPEN_WEBUI
from tests.lab.shared import SharedLab
from tests.servers import listening

HEADER = "X-Forwarded-Email"
PORT = 3890
ADA, PASSWORD = "uid=ada,dc=home,dc=example", "pw-of-ada"
BOB = Account(email="bob@home.example", password=Secret(""), header=HEADER)
SETTINGS = {
    "WEBUI_AUTH_TRUSTED_EMAIL_HEADER": HEADER,
    "DEFAULT_USER_ROLE": "user",
    "ENABLE_API_KEYS": "true",
    "USER_PERMISSIONS_FEATURES_API_KEYS": "true",
    "ENABLE_LDAP": "true",
    "LDAP_SERVER_HOST": "localhost",  # as a sidecar
    "LDAP_SERVER_PORT": str(PORT),
    "LDAP_USE_TLS": "false",
    "LDAP_SEARCH_BASE": "dc=home,dc=example",
}


def ber(tag: int, *parts: bytes) -> bytes:
    """A value of LDAP's encoding; short ones only."""
    body = b"".join(parts)
    assert len(body) < 0x80
    return bytes((tag, len(body))) + body


class Directory(socketserver.StreamRequestHandler):
    """LDAP (RFC 4511), as far as Open WebUI asks for it, with one entry."""

    def handle(self) -> None:
        """Answer until the client takes its leave."""
        while head := self.rfile.read(2):
            assert head[0] == 0x30
            length = head[1]
            if length > 0x80:  # the long form
                length = int.from_bytes(self.rfile.read(length - 0x80))
            message = self.rfile.read(length)
            number, operation = message[:3], message[3]
            if operation == 0x60:  # bind
                wrong = ADA.encode() in message and not message.endswith(PASSWORD.encode())
                self.tell(number, 0x61, 49 if wrong else 0)
            elif operation == 0x63:  # search
                if re.search(rb"uid\x04\x03ada", message):
                    self.wfile.write(ber(0x30, number, ada()))
                self.tell(number, 0x65, 0)
            else:  # unbind
                return

    def tell(self, number: bytes, operation: int, code: int) -> None:
        """How an operation ended."""
        self.wfile.write(ber(0x30, number, ber(operation, ber(10, bytes((code,))), b"\4\0\4\0")))


class Directories(socketserver.ThreadingTCPServer):
    """Listens until the end, whatever is still connected: Open WebUI keeps its connections."""

    daemon_threads = True


def ada() -> bytes:
    """The entry that a search finds."""
    told = {"uid": "ada", "mail": "ada@home.example", "cn": "Ada"}
    attributes = (
        ber(0x30, ber(4, name.encode()), ber(0x31, ber(4, value.encode())))
        for name, value in told.items()
    )
    return ber(0x64, ber(4, ADA.encode()), ber(0x30, *attributes))


@pytest.fixture(scope="module")
def target(shared: SharedLab) -> Iterator[Target]:
    """The story's Open WebUI alone, with a directory beside it and behind a proxy."""
    story = Manifests.load(DEFAULT)
    workload = copy.deepcopy(story.get("StatefulSet", "apps", "open-webui"))
    assert workload is not None
    environment = workload["spec"]["template"]["spec"]["containers"][0]["env"]
    environment += [{"name": name, "value": value} for name, value in SETTINGS.items()]
    mine = (each for each in story if namespace_of(each) == "apps")
    lab = shared.with_(Manifests(mine).with_changes([workload]))
    [pod] = lab.pods.values()
    assert not pod.problem
    server = Directories(("127.0.0.1", 0), Directory)
    with listening(server):
        seen = {"LAB_NETWORK": "", "LAB_POD": pod.plan.key, "LAB_PORTS": str(pod.ports_file)}
        PodNetwork(seen).listens(PORT, server.server_address[1])
        yield embedded_target(lab, open_webui=OPEN_WEBUI, gateway=GATEWAY)


def signed_in(target: Target, account: Account) -> OpenWebUI:
    with closing(OpenWebUI(target.open_webui, account, name="account that judges")) as client:
        client.sign_in()
        assert client.wiring().enabled if client.role == "admin" else client.offered()
        return client


def test_the_labs_administrator_is_who_a_proxy_says(target: Target) -> None:
    assert target.administrator.header == HEADER
    assert signed_in(target, target.administrator).role == "admin"


def test_a_proxys_word_is_taken_for_whom_nobody_knows_yet(target: Target) -> None:
    assert signed_in(target, BOB).role == "user"


def test_ldap_lets_in_who_has_no_account_yet(target: Target) -> None:
    client = signed_in(target, Account(email="ada", password=Secret(PASSWORD)))
    assert client.role == "user"
    assert client.page_account.token.reveal()


@pytest.mark.parametrize(
    ("name", "password", "found"),
    [
        ("ada", "pw-of-bob", "Authentication failed"),
        ("bob", PASSWORD, "User not found in the LDAP server"),
    ],
)
def test_whom_ldap_refuses_is_told_why(
    target: Target, name: str, password: str, found: str
) -> None:
    with pytest.raises(SetupError) as caught:
        signed_in(target, Account(email=name, password=Secret(password)))
    assert f"by LDAP, 400: {found}" in str(caught.value)
    assert password not in str(caught.value)


@pytest.mark.parametrize("role", ["admin", "user"])
def test_an_api_key_is_enough(target: Target, role: str) -> None:
    account = target.administrator if role == "admin" else BOB
    client = OpenWebUI(target.open_webui, account, name="account that judges")
    with closing(client):
        client.sign_in()
        key = mapping(client.api.post("/api/v1/auths/api_key", {}).json)["api_key"]
    by_key = Account(email="", password=Secret(""), token=Secret(key))
    assert signed_in(target, by_key).role == role
