"""The programs' environments, built by the real uv from a package made here."""

import hashlib
import subprocess
import zipfile
from pathlib import Path

import pytest

from domain.errors import SetupError
from lab.environments import LITELLM, OPEN_WEBUI, UV, Program, ensure
from tests.scripts import script


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    """A program of one module, locked by its hash; uv finds it without any network."""
    wheel = tmp_path / "wheels/tiny-1.0-py3-none-any.whl"
    wheel.parent.mkdir()
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("tiny.py", "print('tiny runs')")
        archive.writestr(
            "tiny-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n"
        )
        archive.writestr(
            "tiny-1.0.dist-info/WHEEL",
            "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        archive.writestr(
            "tiny-1.0.dist-info/RECORD",
            "tiny.py,,\ntiny-1.0.dist-info/METADATA,,\ntiny-1.0.dist-info/WHEEL,,\n"
            "tiny-1.0.dist-info/RECORD,,\n",
        )
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    lock = tmp_path / "tiny.txt"
    lock.write_text(f"tiny==1.0 \\\n    --hash=sha256:{digest}\n", encoding="utf-8")
    monkeypatch.setenv("UV_FIND_LINKS", str(wheel.parent))
    monkeypatch.setenv("UV_NO_INDEX", "1")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    return Program(name="tiny", title="Tiny", lock=lock)


def test_an_environment_is_built_from_its_lock_and_reused(tiny: Program, tmp_path: Path) -> None:
    said: list[str] = []

    built = ensure(tiny, cache=tmp_path / "cache", say=said.append)
    again = ensure(tiny, cache=tmp_path / "cache", say=said.append)

    ran = subprocess.run([built.python, "-m", "tiny"], capture_output=True, text=True, check=True)
    assert ran.stdout == "tiny runs\n"
    assert (built.version, again) == ("1.0", built)
    assert said[0] == "Tiny 1.0: making an empty environment"
    assert "Tiny 1.0: fetching and installing 1 packages" in said
    assert said[-1] == f"Tiny 1.0: reused, {built.python.parents[1]}"
    assert list(built.python.parents[1].rglob("tiny.cpython-*.pyc"))


def test_another_lock_is_another_environment(tiny: Program, tmp_path: Path) -> None:
    first = ensure(tiny, cache=tmp_path, say=lambda _line: None)
    tiny.lock.write_text(tiny.lock.read_text("utf-8") + "# changed\n", encoding="utf-8")

    second = ensure(tiny, cache=tmp_path, say=lambda _line: None)

    assert first.python != second.python
    assert first.python.exists()


def test_a_package_with_another_content_is_refused(tiny: Program, tmp_path: Path) -> None:
    tiny.lock.write_text(f"tiny==1.0 --hash=sha256:{'0' * 64}\n", encoding="utf-8")

    with pytest.raises(SetupError, match=r"(?s)found     a package with another content"):
        ensure(tiny, cache=tmp_path, say=lambda _line: None)


def test_no_network_is_explained(
    tiny: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("UV_NO_INDEX")
    monkeypatch.delenv("UV_FIND_LINKS")
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:1/simple")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")

    with pytest.raises(SetupError, match=r"(?s)found     no connection.*proxy or mirror"):
        ensure(tiny, cache=tmp_path, say=lambda _line: None)


def test_a_full_disk_is_explained(tiny: Program, tmp_path: Path) -> None:
    full = script(tmp_path / "full/uv", "echo 'No space left on device (os error 28)'; exit 2")

    with pytest.raises(SetupError, match="found     the disk is full"):
        ensure(tiny, cache=tmp_path, say=lambda _line: None, uv=full)


def test_a_missing_uv_is_named(tiny: Program, tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"(?s)expected  uv.*make environment"):
        ensure(tiny, cache=tmp_path, say=lambda _line: None, uv=tmp_path / "none/uv")


def test_a_lock_without_its_program_is_refused(tiny: Program, tmp_path: Path) -> None:
    tiny.lock.write_text("other==1.0\n", encoding="utf-8")

    with pytest.raises(ValueError, match="pins no tiny: make it anew with 'make lock'"):
        ensure(tiny, cache=tmp_path, say=lambda _line: None)


@pytest.mark.parametrize("program", [LITELLM, OPEN_WEBUI], ids=lambda program: program.name)
def test_the_committed_locks_pin_what_they_should(program: Program) -> None:
    lock = program.lock.read_text("utf-8")
    wanted = program.lock.with_suffix(".in").read_text("utf-8").splitlines()[0]

    assert wanted.replace("[proxy]", "") == f"{program.name}=={program.version}"
    assert "://" not in lock
    assert lock.count("==") <= lock.count("--hash=sha256:")


def test_uv_is_in_the_environment_of_the_suite() -> None:
    assert UV.exists()
