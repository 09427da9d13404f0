"""One browser for the run, in a thread of its own; and sittings, each a user before an empty one.

Playwright's plain API belongs to the thread that started it and keeps an event loop running there,
which would be in the way of everybody else's in the main thread.
"""

import os
import tempfile
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import StorageState, sync_playwright

from domain.errors import SetupError
from domain.message import explain
from drivers.browser.installed import INSTALL
from drivers.browser.page import ChatPage

T = TypeVar("T")
State = StorageState
"""What a browser keeps of somebody who is signed in."""

WINDOW = {"width": 1280, "height": 800}
_ACTION_TIMEOUT = 10.0
"""Seconds for one click or one look."""
_SLOW_SECONDS = 0.6
"""Seconds between two actions for a person who watches."""
_OUTSIDE = ("data", "blob", "about", "chrome-extension")
"""Schemes that ask nobody."""


class Browser:
    """A Chromium that can reach one host and no other."""

    def __init__(
        self, program: Path, *, base_url: str, headed: bool = False, slow: bool = False
    ) -> None:
        """Start it.

        Args:
            program: of Chromium.
            base_url: the only server that it may ask.
            headed: show its window.
            slow: let a person follow.

        Raises:
            SetupError: it does not start.
        """
        self.base_url = base_url
        self._program = program
        self._headed = headed
        self._slow = slow
        self._closing = ExitStack()
        self.sittings: list[Sitting] = []
        """Those that are not over; for the browser's thread."""
        self._strangers: dict[str, None] = {}
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="browser")
        try:
            self._chromium = self.do(self._start)
        except BaseException:
            self.close()
            raise

    def _start(self) -> Chromium:
        host = urlsplit(self.base_url).hostname or ""
        flags = [f"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE {host}"]
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            flags.append("--no-sandbox")  # Chromium's own sandbox refuses root
        # Playwright leaves its own folder for traces behind.
        traces = tempfile.TemporaryDirectory(
            prefix="acceptance-traces-", ignore_cleanup_errors=True
        )
        folder = self._closing.enter_context(traces)
        playwright = self._closing.enter_context(sync_playwright())
        try:
            chromium = playwright.chromium.launch(
                executable_path=self._program,
                headless=not self._headed,
                slow_mo=_SLOW_SECONDS * 1000 if self._slow else 0,
                args=[*flags, "--disable-dev-shm-usage"],
                traces_dir=folder,
            )
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

    def begin(self, work: Callable[[], T]) -> Future[T]:
        """Let work with pages be done in the browser's thread, after all that was begun before."""
        return self._thread.submit(work)

    def do(self, work: Callable[[], T]) -> T:
        """The result of work with pages."""
        return self.begin(work).result()

    def sit_down(self, state: State | None = None) -> "Sitting":
        """A new sitting; in the browser's thread only."""
        sitting = Sitting(self._chromium, self.base_url, state, heard=self._hear)
        self.sittings.append(sitting)
        return sitting

    def stand_up(self, sitting: "Sitting") -> None:
        """End a sitting; in the browser's thread only."""
        self.sittings.remove(sitting)
        sitting.context.close()

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

    def evidence(self) -> list["Evidence"]:
        """What the open sittings saw until now."""
        return self.do(lambda: [sitting.evidence() for sitting in self.sittings])

    def close(self) -> None:
        """End it."""
        self._thread.submit(self._closing.close).result()
        self._thread.shutdown()


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """What is kept of a sitting that failed; not yet masked."""

    picture: bytes
    console: str
    trace: bytes
    """For https://trace.playwright.dev, or `playwright show-trace`: a ZIP file."""


class Sitting:
    """A user before a browser without any memory; one page."""

    def __init__(
        self,
        chromium: Chromium,
        base_url: str,
        state: State | None,
        *,
        heard: Callable[[str], None],
    ) -> None:
        self.context = chromium.new_context(
            base_url=base_url,
            viewport={"width": WINDOW["width"], "height": WINDOW["height"]},
            color_scheme="light",
            locale="en-US",
            storage_state=state,
        )
        self.context.set_default_timeout(_ACTION_TIMEOUT * 1000)
        self.context.tracing.start(snapshots=True)
        self.context.tracing.start_chunk()
        self._console: list[str] = []
        self.context.on("request", lambda request: heard(request.url))
        self.context.on("console", lambda told: self._console.append(f"{told.type}: {told.text}"))
        self._page = self.context.new_page()
        self._page.on("websocket", lambda socket: heard(socket.url))
        self.page = ChatPage(self._page)

    def evidence(self) -> Evidence:
        """What it saw until now; the trace begins anew."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "trace.zip"
            self.context.tracing.stop_chunk(path=path)
            self.context.tracing.start_chunk()
            trace = path.read_bytes()
        return Evidence(
            picture=self._page.screenshot(),
            console="\n".join(self._console),
            trace=trace,
        )
