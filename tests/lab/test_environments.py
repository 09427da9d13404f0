"""The programs' environments, built by the real uv from a package made here."""

import hashlib
import subprocess
import zipfile
from pathlib import Path

import pytest

from acceptance.errors import SetupError
from acceptance.lab.environments import LITELLM, OPEN_WEBUI, Program, ensure, uv_program
from tests.scripts import script


def _wheel(folder: Path, version: str, *, requires: str = "") -> Path:
    """A wheel of one module that prints its version."""
    folder.mkdir(exist_ok=True)
    wheel, info = folder / f"tiny-{version}-py3-none-any.whl", f"tiny-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: tiny\nVersion: {version}\n"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("tiny.py", f"print('tiny {version} runs')")
        archive.writestr(f"{info}/METADATA", metadata + requires)
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        names = ("tiny.py", f"{info}/METADATA", f"{info}/WHEEL", f"{info}/RECORD")
        archive.writestr(f"{info}/RECORD", "".join(f"{name},,\n" for name in names))
    return wheel


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    """A program of one module, locked by its hash; uv finds it without any network."""
    wheel = _wheel(tmp_path / "wheels", "1.0")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    lock = tmp_path / "tiny.txt"
    lock.write_text(f"tiny==1.0 \\\n    --hash=sha256:{digest}\n", encoding="utf-8")
    lock.with_suffix(".in").write_text("tiny==1.0\n", encoding="utf-8")
    monkeypatch.setenv("UV_FIND_LINKS", str(wheel.parent))
    monkeypatch.setenv("UV_NO_INDEX", "1")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    return Program(name="tiny", title="Tiny", lock=lock)


def _nobody(_line: str) -> None:
    """Nobody listens."""


def test_an_environment_is_built_from_its_lock_and_reused(tiny: Program, tmp_path: Path) -> None:
    said: list[str] = []

    built = ensure(tiny, cache=tmp_path / "cache", say=said.append)
    again = ensure(tiny, cache=tmp_path / "cache", say=said.append)

    ran = subprocess.run([built.python, "-m", "tiny"], capture_output=True, text=True, check=True)
    assert ran.stdout == "tiny 1.0 runs\n"
    assert (built.version, again) == ("1.0", built)
    assert built.lock == hashlib.sha256(tiny.lock.read_bytes()).hexdigest()
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


def test_another_version_is_resolved_once_and_reused_without_an_index(
    tiny: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _wheel(tmp_path / "wheels", "0.9.1")
    said: list[str] = []

    built = ensure(tiny, version="0.9.1", cache=tmp_path / "cache", say=said.append)
    monkeypatch.setenv("UV_FIND_LINKS", str(tmp_path / "nothing"))
    again = ensure(tiny, version="0.9.1", cache=tmp_path / "cache", say=said.append)

    ran = subprocess.run([built.python, "-m", "tiny"], capture_output=True, text=True, check=True)
    assert ran.stdout == "tiny 0.9.1 runs\n"
    assert (built.version, again) == ("0.9.1", built)
    (lock,) = (tmp_path / "cache/locks").glob("tiny-0.9.1-*/lock.txt")
    assert "--hash=sha256:" in lock.read_text("utf-8")
    assert said.count("the lock of Tiny 0.9.1: resolving tiny==0.9.1") == 1


def test_two_numbers_mean_the_newest_of_these(tiny: Program, tmp_path: Path) -> None:
    for version in ("0.9.1", "0.9.2", "0.10.1"):
        _wheel(tmp_path / "wheels", version)

    assert ensure(tiny, version="0.9", cache=tmp_path, say=_nobody).version == "0.9.2"


def test_the_committed_lock_is_the_one_of_its_version(tiny: Program, tmp_path: Path) -> None:
    named = ensure(tiny, version="1.0", cache=tmp_path, say=_nobody)

    assert named == ensure(tiny, cache=tmp_path, say=_nobody)
    assert not (tmp_path / "locks").exists()


@pytest.mark.parametrize(
    ("wheels", "nearest"),
    [
        (("0.9.1", "0.9.2", "0.9.4", "1.1.0"), "--tiny=0.9.2 or --tiny=0.9.4 is the nearest"),
        (("0.9.1", "0.9.2"), "--tiny=0.9.2 or --tiny=1.0 is the nearest"),
    ],
)
def test_a_version_that_is_not_there_names_the_nearest(
    tiny: Program, tmp_path: Path, wheels: tuple[str, ...], nearest: str
) -> None:
    for version in wheels:
        _wheel(tmp_path / "wheels", version)

    with pytest.raises(SetupError, match=r"(?s)Tiny 0.9.3 cannot be had.*tiny==0.9.3") as caught:
        ensure(
            tiny, version="0.9.3", cache=tmp_path / "cache", say=_nobody, named_by="Deployment a/b"
        )
    assert nearest in str(caught.value)
    assert "where     Deployment a/b; asked of the package index" in str(caught.value)


def test_a_version_that_needs_what_is_not_there_names_it(tiny: Program, tmp_path: Path) -> None:
    _wheel(tmp_path / "wheels", "2.0.1", requires="Requires-Dist: absent==1.0\n")

    with pytest.raises(SetupError, match=r"(?s)found .*absent.*--tiny=1.0 is the nearest"):
        ensure(tiny, version="2.0.1", cache=tmp_path / "cache", say=_nobody)


@pytest.mark.parametrize("version", ["latest", "1", "1.0; os_name", "../1.0", "1.0 --x", "==1.0"])
def test_what_is_no_version_is_asked_of_nobody(tiny: Program, tmp_path: Path, version: str) -> None:
    with pytest.raises(SetupError, match="expected  a version as the package index writes it"):
        ensure(tiny, version=version, cache=tmp_path, say=_nobody, uv=tmp_path / "none/uv")


@pytest.mark.parametrize("version", ["1.82.7", "1.82.8"])
def test_a_malicious_release_is_refused_before_anybody_is_asked(
    tmp_path: Path, version: str
) -> None:
    with pytest.raises(SetupError, match=r"(?s)must not run.*MAL-2026-2144"):
        ensure(LITELLM, version=version, cache=tmp_path, say=_nobody, uv=tmp_path / "none/uv")


def test_a_malicious_release_is_never_the_nearest_or_the_newest() -> None:
    assert LITELLM.requirements("<1.82.9").startswith("litellm[proxy]<1.82.9,!=1.82.7,!=1.82.8\n")


@pytest.mark.parametrize(
    ("which", "held"),
    [("==1.97.0", True), ("==1.94.*", True), ("==1.93.2", False), ("==1.100.5", False)],
)
def test_a_package_that_some_versions_do_not_start_with_is_held_back(
    which: str,
    held: bool,  # noqa: FBT001  # pytest passes it by name
) -> None:
    assert LITELLM.requirements(which).endswith("\nfastapi<0.137\n") is held


@pytest.mark.parametrize(
    ("version", "file"),
    [
        ("0.12.4", "open-webui.excludes"),
        ("0.12", "open-webui.excludes"),
        ("1.0.0", "open-webui.excludes"),
        ("0.11.4", "open-webui-before-0.12.excludes"),
        ("0.7.2", "open-webui-before-0.12.excludes"),
    ],
)
def test_what_is_left_out_depends_on_the_version(version: str, file: str) -> None:
    excludes = OPEN_WEBUI.excludes(version)
    assert excludes is not None
    assert excludes.name == file
    assert LITELLM.excludes(version) is None


@pytest.mark.parametrize("program", [LITELLM, OPEN_WEBUI], ids=lambda program: program.name)
def test_the_committed_locks_pin_what_they_should(program: Program) -> None:
    lock = program.lock.read_text("utf-8")
    wanted = program.lock.with_suffix(".in").read_text("utf-8").splitlines()[0]

    assert wanted.replace("[proxy]", "") == f"{program.name}=={program.version}"
    assert "://" not in lock
    assert lock.count("==") <= lock.count("--hash=sha256:")


def test_uv_is_in_the_environment_of_the_suite() -> None:
    assert uv_program().is_file()
