"""A page reaches the server that is judged, and nothing else on this machine or elsewhere."""

import os
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from playwright.sync_api import Error as PlaywrightError

from acceptance.clients.browser.installed import INSTALL, find_browser
from acceptance.clients.browser.session import Browser
from acceptance.errors import SetupError
from tests.servers import listening

_TRIES = """async ([other, stun]) => {
  const told = async address => { try { return (await fetch(address)).status } catch { return 0 } };
  const socket = address => new Promise(tell => {
    const made = new WebSocket(address);
    made.onopen = () => tell("open"); made.onerror = () => tell("refused");
  });
  const peer = new RTCPeerConnection({iceServers: [{urls: `stun:${stun}`}]});
  peer.createDataChannel("a");
  await peer.setLocalDescription(await peer.createOffer());
  const seen = {
    own: await told("/own"), other: await told(`http://${other}/other`),
    address: await told("http://192.0.2.1/"), socket: await socket(`ws://${other}/socket`),
  };
  await new Promise(tell => setTimeout(tell, 1000));
  return seen;
}"""


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        cast("Any", self.server).asked.append(self.path)
        self.send_response(200)
        self.send_header("access-control-allow-origin", "*")
        self.end_headers()

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


@contextmanager
def _served() -> Iterator[tuple[str, list[str]]]:
    """An address, and what was asked there."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Page)
    asked: list[str] = []
    cast("Any", server).asked = asked
    with listening(server):
        yield f"127.0.0.1:{server.server_address[1]}", asked


def test_a_page_reaches_one_server_and_nothing_else() -> None:
    program = find_browser()
    if program is None:
        pytest.skip(f"nothing is tried in a browser, since there is none: {INSTALL}")
    with (
        _served() as (judged, own),
        _served() as (other, others),
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stun,
        closing(Browser(program, base_url=f"http://{judged}")) as browser,
    ):
        stun.bind(("127.0.0.1", 0))
        stun.setblocking(False)  # socket's own

        def tried() -> Any:  # noqa: ANN401  # JSON
            context = browser.new_context()
            page = context.context.pages[0]
            page.goto("/")
            seen = page.evaluate(_TRIES, [other, f"127.0.0.1:{stun.getsockname()[1]}"])
            browser.close_context(context)
            return seen

        assert browser.do(tried) == {"own": 200, "other": 0, "address": 0, "socket": "refused"}
        assert "/own" in own
        assert others == []
        with pytest.raises(BlockingIOError):
            stun.recv(1)
        assert f"http://{other}" in browser.strangers()


class _Chromium:
    """Starts as on a machine that has a sandbox, or has none."""

    def __init__(self, refusal: str) -> None:
        self.refusal = refusal
        self.sandboxes: list[bool] = []

    def launch(self, *, chromium_sandbox: bool, **_named: object) -> object:
        self.sandboxes.append(chromium_sandbox)
        if self.refusal and (chromium_sandbox or "sandbox" not in self.refusal):
            raise PlaywrightError(self.refusal)
        return SimpleNamespace(close=lambda: None)


@pytest.mark.parametrize(
    ("user", "refusal", "tried", "without"),
    [
        (1000, "", [True], False),
        (1000, "No usable sandbox! If you are running on Ubuntu 23.10+", [True, False], True),
        (0, "", [False], False),
    ],
)
def test_chromium_runs_in_its_own_sandbox_where_it_may(
    monkeypatch: pytest.MonkeyPatch,
    user: int,
    refusal: str,
    tried: list[bool],
    *,
    without: bool,
) -> None:
    chromium = _Chromium(refusal)
    _play(monkeypatch, chromium, user)
    with closing(Browser(Path("chromium"), base_url="http://127.0.0.1:1")) as browser:
        assert browser.without_sandbox is without
    assert chromium.sandboxes == tried


def test_what_is_no_matter_of_a_sandbox_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    chromium = _Chromium("Executable doesn't exist")
    _play(monkeypatch, chromium, 0)
    with pytest.raises(SetupError, match="Executable doesn't exist"):
        Browser(Path("chromium"), base_url="http://127.0.0.1:1")
    assert chromium.sandboxes == [False]


def _play(monkeypatch: pytest.MonkeyPatch, chromium: _Chromium, user: int) -> None:
    @contextmanager
    def playwright() -> Iterator[object]:
        yield SimpleNamespace(chromium=chromium)

    monkeypatch.setattr("acceptance.clients.browser.session.sync_playwright", playwright)
    monkeypatch.setattr(os, "geteuid", lambda: user)
