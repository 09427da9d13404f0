"""A context of the browser: a user with an empty profile, and what is kept when something fails."""

import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import StorageState

from acceptance.clients.browser import locators
from acceptance.clients.browser.page import ChatPage
from acceptance.secret import Secret

State = StorageState
"""What a browser keeps of somebody who is signed in."""
_WIDTH, _HEIGHT = 1280, 800
_ACTION_TIMEOUT = 30.0
"""Seconds for one click or one look; on a busy machine, over a port-forward, ten were too few."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """What is kept of a context that failed; not yet masked. Empty where the browser is gone."""

    console: str
    picture: bytes = b""
    trace: bytes = b""
    """For https://trace.playwright.dev, or `playwright show-trace`: a ZIP file."""


class RecordedContext:
    """A browser without any memory; one page."""

    def __init__(
        self,
        chromium: Chromium,
        base_url: str,
        state: State | None,
        *,
        closely: bool,
        own_certificate: bool = False,
    ) -> None:
        self.context = chromium.new_context(
            base_url=base_url,
            viewport={"width": _WIDTH, "height": _HEIGHT},
            color_scheme="light",
            locale="en-US",
            storage_state=state,
            ignore_https_errors=own_certificate,
        )
        self.context.add_init_script(locators.IN_ENGLISH)
        self.context.set_default_timeout(_ACTION_TIMEOUT * 1000)
        self.context.tracing.start(snapshots=closely)
        self.context.tracing.start_chunk()
        self._console: list[str] = []
        self.context.on("console", lambda told: self._console.append(f"{told.type}: {told.text}"))
        self._page = self.context.new_page()
        self.page = ChatPage(self._page)

    def listen(self, heard: Callable[[str], None]) -> None:
        """Tell the address of each request that fails, as all do to other hosts.

        To be told of every request would cost as much as to make it.
        """
        self.context.on("requestfailed", lambda request: heard(request.url))
        self._page.on("websocket", lambda socket: heard(socket.url))

    def carry(self, token: Secret) -> None:
        """Give every page the token of a session (`localStorage.token`, Open WebUI 0.12.4)."""
        self.context.add_init_script(locators.keep_token(token.reveal()))

    def evidence(self) -> Evidence:
        """What it saw until now; the trace begins anew."""
        console = "\n".join(self._console)
        with suppress(PlaywrightError):
            return Evidence(console=console, picture=self._page.screenshot(), trace=self._trace())
        return Evidence(console=console)

    def _trace(self) -> bytes:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "trace.zip"
            self.context.tracing.stop_chunk(path=path)
            self.context.tracing.start_chunk()
            return path.read_bytes()

    def close(self) -> None:
        """End it, if the browser itself has not ended."""
        with suppress(PlaywrightError):
            self.context.close()
