"""Where a page may talk to Open WebUI by its public address only, it is opened by that one."""

import gc
import socket
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import httpx
import pytest

from acceptance.checks.own_host import page_origin
from acceptance.clients.browser.missing import no_websocket
from acceptance.clients.browser.public_address import leads_to
from acceptance.errors import NotProven
from tests.servers import listening

HERE = "http://127.0.0.1:8080"
THERE = "https://chat.home.example"


@pytest.mark.parametrize(
    ("allowed", "opened"),
    [
        ("", HERE),
        ("*", HERE),
        (HERE, HERE),
        (f"{THERE};{HERE}", HERE),
        (THERE, THERE),
        (f"app://mobile;{THERE};http://chat.lan:3000", THERE),
        ("http://chat.lan:3000", "http://chat.lan:3000"),
        ("*;https://chat.home.example", THERE),  # a star that is not alone allows nobody
        (f"{THERE}/", HERE),  # compared to the letter, so no page is allowed at all
        ("https://*.home.example", HERE),
        ("https://chat.home.example, MAP * 6.6.6.6", HERE),
    ],
)
def test_the_page_is_opened_by_an_address_that_is_allowed(allowed: str, opened: str) -> None:
    assert page_origin(allowed, HERE) == opened


def test_a_plain_address_is_led_to_the_target_and_nothing_is_started() -> None:
    threads = threading.active_count()
    with leads_to("http://chat.lan:3000", HERE) as rule:
        assert rule == "MAP chat.lan:3000 127.0.0.1:8080"
        assert threading.active_count() == threads


def test_tls_is_ended_before_the_target_and_everything_is_handed_on() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Echo)
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with listening(server), leads_to(THERE, f"http://127.0.0.1:{server.server_port}") as rule:
        name, address = rule.removeprefix("MAP ").split(" ")
        assert name == "chat.home.example:443"
        with httpx.Client(verify=context, base_url=f"https://{address}") as client:
            for size in (1, 1_000_000):
                assert client.post("/", content=b"x" * size).content == b"x" * size
    assert not [each for each in threading.enumerate() if each.name.startswith("relay to")]
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://{address}", trust_env=False)


def test_a_connection_that_is_still_open_ends_with_the_address() -> None:
    """As a page's websocket is when the browser closes."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_server(("127.0.0.1", 0)) as target:
        with leads_to(THERE, f"http://127.0.0.1:{target.getsockname()[1]}") as rule:
            host, port = rule.rpartition(" ")[2].split(":")
            plain = socket.create_connection((host, int(port)), timeout=10)
            client = context.wrap_socket(plain, server_hostname="chat.home.example")
            accepted, _peer = target.accept()
        with client, accepted:
            accepted.settimeout(10)
            assert accepted.recv(1) == b""
    gc.collect()  # a task that was left pending would be told now


@pytest.mark.parametrize(
    ("url", "verdict"), [(f"{HERE}/c/1", NotProven), (f"{THERE}/c/1", AssertionError)]
)
def test_a_page_without_a_websocket_is_told_once_with_the_setting(
    url: str, verdict: type[Exception]
) -> None:
    error = no_websocket(url, "WebSocket handshake: Unexpected response code: 400")
    assert type(error) is verdict
    assert "Unexpected response code: 400" in str(error)
    assert f"CORS_ALLOW_ORIGIN is set and does not name {urlsplit(url).scheme}" in str(error)


class _Echo(BaseHTTPRequestHandler):
    """Answers with what it was sent."""

    def do_POST(self) -> None:
        """Echo."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""
