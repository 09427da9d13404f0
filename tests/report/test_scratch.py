"""What is being made is told apart from what was left behind."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from acceptance.scratch import PREFIX, Scratch, abandoned
from tests.plugin.project import REPOSITORY

_MAKER = "import sys; from pathlib import Path; from acceptance.scratch import Scratch; "
_MAKER += "s = Scratch(Path(sys.argv[1])); print(s.folder, flush=True); sys.stdin.read()"


def test_a_folder_is_its_makers_until_it_is_removed(tmp_path: Path) -> None:
    scratch = Scratch(tmp_path)
    (scratch.folder / "file").touch()

    assert abandoned(tmp_path) == []
    scratch.remove()
    assert list(tmp_path.iterdir()) == []


def test_only_what_a_dead_maker_left_is_abandoned(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _MAKER, str(tmp_path)],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as maker:
        assert maker.stdout
        folder = Path(maker.stdout.readline().strip())
        assert folder.name.startswith(PREFIX)
        assert abandoned(tmp_path) == []

        os.kill(maker.pid, signal.SIGKILL)
        maker.wait()

        assert abandoned(tmp_path) == [folder]
