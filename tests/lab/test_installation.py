"""An installation is complete or built again, whoever builds it and however it ends."""

import errno
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

import acceptance.installation
from acceptance.errors import SetupError
from acceptance.installation import Installation, Installer
from tests.scripts import script

_ROOT = Path(__file__).parents[2]


def _installation(folder: Path, recipe: str = "recipe 1") -> Installation:
    return Installation(name="Thing", folder=folder, recipe=recipe, entry="thing")


def _build(installer: Installer) -> None:
    (installer.installation.folder / "thing").touch()


def _refuse(_installer: Installer) -> None:
    pytest.fail("built again")


def test_it_is_built_once_and_then_reused(tmp_path: Path) -> None:
    said: list[str] = []

    _installation(tmp_path / "thing").ensure(_build, said.append)
    _installation(tmp_path / "thing").ensure(_refuse, said.append)

    assert said == [f"Thing: reused, {tmp_path / 'thing'}"]


@pytest.mark.parametrize("damage", ["stamp", "entry", "recipe"])
def test_what_is_outdated_or_half_built_is_built_again(tmp_path: Path, damage: str) -> None:
    said: list[str] = []
    _installation(tmp_path).ensure(_build, said.append)
    (tmp_path / "half").mkdir()
    {"stamp": tmp_path / ".complete", "entry": tmp_path / "thing"}.get(
        damage, tmp_path / "half/none"
    ).unlink(missing_ok=True)
    recipe = "recipe 2" if damage == "recipe" else "recipe 1"

    _installation(tmp_path, recipe).ensure(_build, said.append)

    assert said == ["Thing: outdated or not built to the end, building again"]
    assert not (tmp_path / "half").exists()
    assert _installation(tmp_path, recipe).is_complete()


def test_a_second_run_waits_for_the_first_and_uses_what_it_built(tmp_path: Path) -> None:
    building, waiting = Event(), Event()
    said: list[str] = []

    def build(installer: Installer) -> None:
        building.set()
        assert waiting.wait(timeout=10)
        _build(installer)

    def say(line: str) -> None:
        said.append(line)
        waiting.set()

    with ThreadPoolExecutor() as threads:
        first = threads.submit(_installation(tmp_path).ensure, build, said.append)
        assert building.wait(timeout=10)
        threads.submit(_installation(tmp_path).ensure, _refuse, say).result(timeout=10)
        first.result(timeout=10)

    assert said == [
        "Thing: waiting for another run",
        f"Thing: built by another run, {tmp_path}",
    ]


def test_an_installer_that_outlives_its_killed_run_is_waited_for(tmp_path: Path) -> None:
    folder, release = tmp_path / "thing", tmp_path / "release"
    os.mkfifo(release)
    orphan = script(tmp_path / "orphan", f'touch half; kill -9 $PPID; read line < "{release}"')
    killed = (
        "from pathlib import Path; from acceptance.installation import Installation; "
        f"Installation('Thing', Path({str(folder)!r}), 'recipe 1', 'thing')"
        f".ensure(lambda installer: installer.run('being built', [{str(orphan)!r}]), print)"
    )
    said: list[str] = []

    def say(line: str) -> None:
        said.append(line)
        if "waiting" in line:
            release.write_text("go on\n", encoding="utf-8")

    run = subprocess.run(
        [sys.executable, "-c", killed], cwd=_ROOT, stdout=subprocess.DEVNULL, check=False
    )
    _installation(folder).ensure(_build, say)

    assert run.returncode == -9
    assert said == [
        "Thing: waiting for another run",
        "Thing: outdated or not built to the end, building again",
    ]
    assert {path.name for path in folder.iterdir()} == {".complete", "thing"}


def test_it_says_what_it_waits_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acceptance.installation, "_HEARTBEAT_SECONDS", 0.05)
    release = tmp_path / "release"
    os.mkfifo(release)
    installer = script(tmp_path / "installer", f'echo "at package 7"; read line < "{release}"')
    said: list[str] = []

    def say(line: str) -> None:
        said.append(line)
        if "at package 7" in line and "go on" not in said:
            release.write_text("go on\n", encoding="utf-8")

    _installation(tmp_path / "thing").ensure(
        lambda thing: thing.run("fetching 9 packages", [installer]), say
    )

    assert said[0] == "Thing: fetching 9 packages"
    assert "Thing: still fetching 9 packages, 0 s at package 7" in said
    assert said[-1] == "Thing: fetching 9 packages: done, 0 s"


@pytest.mark.parametrize(
    ("printed", "found"),
    [
        ("ERROR: [Errno 28] No space left on device", "the disk is full"),
        ("failed to write: No space left on device (os error 28)", "the disk is full"),
        ("npm error code ENOSPC", "the disk is full"),
        ("Temporary failure in name resolution", "no connection"),
        ("ERROR: Could not find a version (from versions: none)", "no connection"),
        ("error sending request for url: dns error", "no connection"),
        ("npm error code ENOTFOUND", "no connection"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES", "another content"),
        ("error: Hash mismatch for `thing==1`", "another content"),
        ("npm error code EINTEGRITY", "another content"),
        ("npm error code EACCES", "cannot be written"),
        ("a thing nobody thought of", "it failed"),
    ],
)
def test_a_failed_installer_is_explained(tmp_path: Path, printed: str, found: str) -> None:
    installer = script(tmp_path / "uv", f"echo '{printed}'; exit 2")
    thing = _installation(tmp_path / "thing")

    with pytest.raises(SetupError) as failure:
        thing.ensure(lambda it: it.run("being fetched", [installer]), lambda _line: None)

    message = str(failure.value)
    assert found in message
    assert "(exit code 2 while being fetched)" in message
    assert message.endswith(f"The last lines of uv:\n  {printed}")
    assert not thing.is_complete()


def test_a_missing_installer_is_named(tmp_path: Path) -> None:
    thing = _installation(tmp_path / "thing")

    with pytest.raises(SetupError, match=r"(?s)expected  uv.*no such program.*nowhere/uv"):
        thing.ensure(lambda it: it.run("", [Path("/nowhere/uv")]), lambda _line: None)


def test_a_disk_that_is_full_at_the_last_step_is_explained(tmp_path: Path) -> None:
    def build(_installer: Installer) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(SetupError, match=r"(?s)a disk with room.*No space left.*free some disk"):
        _installation(tmp_path / "thing").ensure(build, lambda _line: None)


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "cache").touch()  # a file, where even root can make no folder

    with pytest.raises(SetupError, match=r"(?s)can be written.*Not a directory.*cache writable"):
        _installation(tmp_path / "cache/thing").ensure(_build, lambda _line: None)


def test_an_interrupted_installer_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acceptance.installation, "_HEARTBEAT_SECONDS", 0.05)
    installer = script(tmp_path / "installer", 'echo "$$"; exec sleep 60')
    said: list[str] = []

    def say(line: str) -> None:
        said.append(line)
        if line.rpartition(" ")[2].isdigit():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _installation(tmp_path / "thing").ensure(lambda it: it.run("built", [installer]), say)

    with pytest.raises(ProcessLookupError):
        os.kill(int(said[-1].rpartition(" ")[2]), 0)
