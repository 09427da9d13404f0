"""A run whose cluster is not clear ends before anything is asked, with code 99."""

from pathlib import Path

import pytest

from tests.cluster.runs import run
from tests.kubernetes.server import kubeconfig, serving


def test_of_two_contexts_none_is_judged_by_chance(tmp_path: Path) -> None:
    with serving() as server:
        path = kubeconfig(tmp_path / "k", "staging", "production", server=server.url)
        Path(path).write_text(f"{Path(path).read_text()}current-context: production\n")
        found = run(tmp_path, path)
        assert server.asked == []
    assert found.code == 99, found.out
    assert "It is not clear which cluster to judge." in found.out
    assert "expected  one of staging, production\n" in found.out
    assert set(found.verdicts.values()) == {"unfit"}


@pytest.mark.parametrize(
    ("text", "words"),
    [(None, "no such file, and this is no pod"), ("contexts: 7", "its content is no kubeconfig")],
)
def test_without_a_kubeconfig_of_use_nothing_is_judged(
    tmp_path: Path, text: str | None, words: str
) -> None:
    path = tmp_path / "k"
    if text:
        path.write_text(text)
    found = run(tmp_path, str(path))
    assert found.code == 99, found.out
    assert words in found.out
    assert f"where     {path}\n" in found.out


def test_a_context_of_another_name_is_told_which_there_are(tmp_path: Path) -> None:
    found = run(tmp_path, kubeconfig(tmp_path / "k", "staging"), "--context=production")
    assert found.code == 99, found.out
    assert "There is no such context." in found.out
    assert "expected  one of staging\n" in found.out
