"""The matrix says where it was run: the two labs do not show the same faults."""

from dataclasses import replace
from pathlib import Path

import pytest

from acceptance.errors import SetupError
from acceptance.verdict import Verdict
from dev.kill_matrix.compare import Row
from dev.kill_matrix.fault import EVERYWHERE
from dev.kill_matrix.judge import Ending
from dev.kill_matrix.report import last_run, write
from tests.sources import REPOSITORY

_ROW = Row(identity="X1", title="", layer="", healthy=False, endings={}, misses=())


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ("embedded", "make kill-matrix on the embedded lab"),
        ("cluster", "make kill-matrix ARGS=--kubeconfig=FILE on a Kubernetes of the lab's own"),
    ],
)
def test_the_page_and_the_document_say_where_it_was_run(
    tmp_path: Path, where: str, words: str
) -> None:
    write([_ROW], tmp_path, tmp_path / "matrix.md", where=where)

    assert words in (tmp_path / "kill-matrix.html").read_text(encoding="utf-8")
    assert words in (tmp_path / "matrix.md").read_text(encoding="utf-8").replace("`", "")


@pytest.mark.parametrize(
    ("where", "name"), [("embedded", "kill-matrix.md"), ("cluster", "kill-matrix-cluster.md")]
)
def test_the_matrix_that_is_kept_was_run_where_its_name_says(
    tmp_path: Path, where: str, name: str
) -> None:
    assert where in EVERYWHERE
    write([], tmp_path, tmp_path / "empty.md", where=where)
    head = (tmp_path / "empty.md").read_text(encoding="utf-8").partition("\n|")[0]

    assert (REPOSITORY / "docs" / name).read_text(encoding="utf-8").startswith(head)


def test_the_document_counts_red_lines_and_gives_the_reasons(tmp_path: Path) -> None:
    red = Ending(verdict=Verdict.FAILED)
    few = replace(_ROW, endings={"a": red, "b": red})
    many = replace(_ROW, identity="X2", many="four lists", endings=dict.fromkeys("abcdef", red))
    write([few, many], tmp_path, tmp_path / "matrix.md", where="embedded")
    told = (tmp_path / "matrix.md").read_text(encoding="utf-8")

    assert "the median is 4;" in told
    assert "| X1 |  | killed | 2 |" in told
    assert "- X2, 6: four lists" in told


def test_a_row_is_read_as_it_was_written(tmp_path: Path) -> None:
    row = replace(_ROW, endings={"a": Ending(verdict=Verdict.FAILED, message="why")}, misses=("b",))
    write([row], tmp_path, None, where="embedded")

    assert last_run(tmp_path, where="embedded") == [row]
    with pytest.raises(SetupError, match="not one of this kind"):
        last_run(tmp_path, where="cluster")


def test_what_was_never_run_cannot_be_renewed(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="no earlier run"):
        last_run(tmp_path, where="embedded")
