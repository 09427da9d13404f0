"""What make and the continuous integration do before any Python of the project runs."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.scripts import script

_ROOT = Path(__file__).parents[2]


def _make(folder: Path, *arguments: str, path: str) -> subprocess.CompletedProcess[str]:
    make = shutil.which("make")
    assert make, "make is one of the three things that the project asks for"
    return subprocess.run(
        [make, "--makefile", _ROOT / "Makefile", *arguments],
        cwd=folder,
        env={"PATH": path},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def test_make_says_so_when_no_python_runs(tmp_path: Path) -> None:
    script(tmp_path / "python3", "exit 127")

    run = _make(tmp_path, "environment", path=str(tmp_path))

    assert "found     none that runs" in run.stdout
    assert "Error 99" in run.stderr


def test_make_hands_any_python_to_the_bootstrap(tmp_path: Path) -> None:
    script(tmp_path / "python3.12", "exit 127")
    script(tmp_path / "mine", """[ "$1" = -c ] || echo "called: $*" """)

    run = _make(tmp_path, "environment", f"PYTHON={tmp_path / 'mine'}", path=str(tmp_path))

    assert run.stdout.strip() == f"called: -m dev.bootstrap --python {tmp_path / 'mine'}"


def test_make_help_lists_every_target() -> None:
    makefile = (_ROOT / "Makefile").read_text("utf-8")
    phony = next(line for line in makefile.splitlines() if line.startswith(".PHONY:"))

    listed = _make(_ROOT, path="/usr/bin:/bin").stdout

    assert {line.split()[0] for line in listed.splitlines()[1:]} == set(phony.split()[1:])


@pytest.mark.parametrize(("failing", "made"), [("none", "test accept"), ("test", "test")])
def test_ci_stops_at_the_first_failure_with_its_exit_code(
    tmp_path: Path, failing: str, made: str
) -> None:
    script(tmp_path / "make", f"""echo "made $1"; [ "$1" != {failing} ] || exit 7""")
    script(tmp_path / "containerd", "")  # there already: nothing is installed

    run = subprocess.run(
        [_ROOT / ".ci/run"],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )

    lines = run.stdout.splitlines()
    assert " ".join(line[5:] for line in lines if line.startswith("made ")) == made
    assert run.returncode == (0 if failing == "none" else 7)


def test_a_worker_that_crashes_fails_the_tests(tmp_path: Path) -> None:
    """Where xdist (3.8.0) may start another in its place, the run never ends."""
    words = next(line for line in (_ROOT / "Makefile").read_text().splitlines() if "xdist" in line)
    options = words[words.index("-p xdist") : words.index(" tests")].split()
    (tmp_path / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")
    (tmp_path / "test_it.py").write_text(
        "import os, pytest\n\n@pytest.mark.parametrize('number', range(9))\n"
        "def test_it(number):\n    assert number != 7 or os._exit(0)\n"
    )

    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:anyio", *options],
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert run.returncode == pytest.ExitCode.TESTS_FAILED, run.stdout
    assert "crashed while running 'test_it.py::test_it[7" in run.stdout
    assert "1 failed" in run.stdout
