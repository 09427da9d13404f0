"""The way in: `.venv` from any shell, and clear words where that cannot be."""

import ast
import shutil
import sys
from pathlib import Path

import pytest

from acceptance.errors import SetupError
from dev.bootstrap import environment, main, probe, suitable
from tests.scripts import script

_ROOT = Path(__file__).parents[2]


def _python(path: Path, version: str = "3.12.1", pip: str = "") -> Path:
    """A stand-in that says its version, makes "environments" and runs `pip`'s body."""
    return script(
        path,
        f"""case "$*" in
          *"-m venv"*) mkdir -p bin; cp "{path}" bin/python ;;
          *"-m pip"*) {pip or ":"} ;;
          *) echo '["{version}", "{path}", true]' ;;
        esac""",
    )


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with a list of requirements."""
    (tmp_path / "requirements.txt").write_text("thing==1 --hash=sha256:0\n", encoding="utf-8")
    return tmp_path


def test_the_environment_is_made_once(checkout: Path) -> None:
    said: list[str] = []
    python = str(_python(checkout / "python3.12"))

    environment(checkout, python, said.append)
    environment(checkout, None, said.append)

    assert said[0] == "environment of the suite: making an empty environment with Python 3.12.1"
    assert "fetching and installing 1 packages" in said[2]
    assert said[-1] == f"environment of the suite: reused, {checkout / '.venv'}"


def test_changed_requirements_or_another_python_mean_building_again(checkout: Path) -> None:
    said: list[str] = []
    environment(checkout, str(_python(checkout / "python3.12")), said.append)

    environment(checkout, str(_python(checkout / "python3.11", "3.11.9")), said.append)
    (checkout / "requirements.txt").write_text("thing==2 --hash=sha256:0\n", encoding="utf-8")
    environment(checkout, str(checkout / "python3.11"), said.append)

    assert sum("building again" in line for line in said) == 2


def test_a_moved_checkout_gets_a_new_environment(checkout: Path) -> None:
    said: list[str] = []
    python = str(_python(checkout / "python3.12"))
    environment(checkout, python, said.append)
    moved = checkout.with_name(f"{checkout.name}-moved")
    shutil.copytree(checkout, moved)

    environment(moved, python, said.append)

    assert any("building again" in line for line in said)


def test_a_python_that_does_not_run_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script(tmp_path / "python3.12", "echo 'pyenv: command not found' >&2; exit 127")
    _python(tmp_path / "python3", "3.11.4")
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")

    found = suitable(["python3.12", "python3"])

    assert (found.command, found.version) == ("python3", "3.11.4")


def test_each_unsuitable_python_is_named_with_its_flaw(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script(tmp_path / "python3.12", "exit 127")
    _python(tmp_path / "python3", "3.13.0")
    script(tmp_path / "python", """echo '["3.11.2", "/usr/bin/python3", false]'""")
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")

    with pytest.raises(SetupError) as failure:
        suitable(["python3.12", "python3.11x", "python3", "python"])

    assert (
        "found     python3.12 does not run; python3.11x not found; python3 is Python 3.13.0; "
        "python is Python 3.11.2 without its venv module (Debian: python3-venv)"
    ) in str(failure.value)
    assert "make PYTHON=/path/to/python3.12" in str(failure.value)


def test_a_real_python_is_recognised() -> None:
    assert probe(sys.executable).version.startswith("3.1")
    assert not probe(sys.executable).flaw


@pytest.mark.parametrize(
    ("pip", "found"),
    [
        ("echo 'Temporary failure in name resolution'; exit 1", "no connection"),
        ("echo 'OSError: [Errno 28] No space left on device'; exit 1", "the disk is full"),
    ],
)
def test_a_failure_ends_with_exit_code_99_and_the_last_lines_of_pip(
    checkout: Path, capsys: pytest.CaptureFixture[str], pip: str, found: str
) -> None:
    python = _python(checkout / "python3.12", pip=pip)

    code = main(["--root", str(checkout), "--python", str(python)])

    said = capsys.readouterr().out
    assert code == 99
    assert found in said
    assert "The last lines of python:\n  " in said
    assert not (checkout / ".venv/.complete").exists()


def test_a_checkout_that_cannot_be_written_ends_with_exit_code_99(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (checkout / ".venv").touch()  # in the way: even root can make no folder there

    code = main(["--root", str(checkout), "--python", str(_python(checkout / "python3.12"))])

    assert code == 99
    assert "environment of the suite could not be installed" in capsys.readouterr().out


def test_a_checkout_without_its_requirements_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--root", str(tmp_path)]) == 99
    assert "requirements.txt" in capsys.readouterr().out


@pytest.mark.parametrize(
    "module",
    [
        *("acceptance/__init__", "acceptance/errors", "acceptance/message"),
        *("acceptance/files", "acceptance/installation", "acceptance/installer_output"),
        *("dev/__init__", "dev/bootstrap"),
    ],
)
def test_a_wrong_python_can_read_all_that_tells_it_so(module: str) -> None:
    tree = ast.parse((_ROOT / f"{module}.py").read_text("utf-8"), feature_version=(3, 8))

    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imported |= {
        name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names
    }
    ours = {
        "acceptance.errors",
        "acceptance.files",
        "acceptance.message",
        "acceptance.installation",
        "acceptance.installer_output",
    }
    assert {str(name).split(".")[0] for name in imported - ours} <= sys.stdlib_module_names
