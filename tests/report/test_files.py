"""Files are whole or as before; a lock ends with its holder; what was left behind is told apart."""

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from acceptance import files
from acceptance.files import PREFIX, Scratch, abandoned, lock, locked
from acceptance.waiting import within
from tests.sources import REPOSITORY

_MAKER = "import sys; from pathlib import Path; from acceptance.files import Scratch; "
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


def test_what_is_read_meanwhile_is_whole(tmp_path: Path) -> None:
    file, texts = tmp_path / "file", [letter * 100_000 for letter in "abcd"]
    files.write(file, texts[0])

    with ThreadPoolExecutor(len(texts)) as threads:
        written = [threads.submit(files.write, file, text) for text in texts * 20]
        while not all(each.done() for each in written):
            assert file.read_text() in texts

    assert [each.result() for each in written] == [None] * len(written)
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("text", ["no text \udcff", "it is"])
def test_what_cannot_be_written_leaves_all_as_it_was(tmp_path: Path, text: str) -> None:
    file = tmp_path / "file"
    if text == "it is":
        (file / "in the way").mkdir(parents=True)
    else:
        file.write_text("before")
    before = sorted(tmp_path.rglob("*"))

    with pytest.raises((OSError, UnicodeEncodeError)):
        files.write(file, text)

    assert sorted(tmp_path.rglob("*")) == before
    assert file.is_dir() or file.read_text() == "before"


def test_the_longest_name_is_written(tmp_path: Path) -> None:
    files.write(tmp_path / ("n" * 255), "text")
    assert (tmp_path / ("n" * 255)).read_text() == "text"


def test_a_lock_is_others_until_its_holder_ends_and_may_be_looked_at_by_many(
    tmp_path: Path,
) -> None:
    said: list[str] = []
    with locked(tmp_path, lambda: said.append("waiting")), tmp_path.joinpath("x").open("w") as file:
        folder, again = os.open(tmp_path, os.O_RDONLY), os.open(tmp_path, os.O_RDONLY)
        assert not lock(folder)
        assert not lock(folder, shared=True)
        assert lock(file.fileno()), "of another file"
    assert said == []

    assert lock(folder, shared=True)
    assert lock(again, shared=True)
    assert not lock(again), "somebody still looks"
    os.close(folder)
    assert lock(again)
    os.close(again)


def test_a_pipe_among_what_was_left_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / f"{PREFIX}x")
    (tmp_path / f"{PREFIX}y").mkdir()
    assert within(20, lambda: abandoned(tmp_path)) == [tmp_path / f"{PREFIX}y"]
