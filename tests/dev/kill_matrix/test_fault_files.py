"""Every fault file is read, and one that says something unknown is refused with its line."""

from pathlib import Path

import pytest
import yaml

from acceptance.errors import SetupError
from acceptance.lab.embedded.manifests import DEFAULT, Manifests
from acceptance.verdict import Verdict
from dev.kill_matrix.fault import Fault, load
from dev.kill_matrix.inject import changed

_HERE = Path(__file__).parent
_TESTS = _HERE.parents[1]
_TITLES = ("The endpoint in use is LiteLLM", "The model a is offered", "The model b is offered")


def _titles(hands: str) -> tuple[str, ...]:
    return _TITLES if hands == "api" else (*_TITLES, "The model a is offered (in a browser)")


_GOOD = """\
id: X1
title: something is wrong
layer: somewhere
changes:
  - provider: vllm
    behaviour: {kind: refuse}
expect:
  "The model * is offered": "failed: because"
blocked by: AC1
"""


def _load(folder: Path, text: str) -> Fault:
    file = folder / "X1.yaml"
    file.write_text(text)
    return load(file, scenarios=_titles)[0]


def test_a_fault_is_read(tmp_path: Path) -> None:
    fault = _load(tmp_path, _GOOD)

    assert not fault.healthy
    assert set(fault.expected) == {"The model a is offered", "The model b is offered"}
    assert {each.verdicts for each in fault.expected.values()} == {frozenset({Verdict.FAILED})}


def test_what_only_a_page_shows_is_expected_where_a_browser_plays(tmp_path: Path) -> None:
    browsers = _GOOD.replace("The model * is offered", "The model a * (in a browser)")
    with pytest.raises(SetupError, match="there is no scenario"):
        _load(tmp_path, browsers)
    fault = _load(tmp_path, browsers + "hands: both\n")

    assert set(fault.expected) == {"The model a is offered (in a browser)"}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("layer: somewhere", "leyer: somewhere", r"unknown field 'leyer'.*:3"),
        ("id: X1\n", "", r"no id.*:1"),
        ("- provider: vllm", "- provedir: vllm", r"exactly one of.*:5"),
        ("kind: refuse", "kind: sulk", r'unknown kind "sulk".*:5'),
        ("behaviour:", "behavior:", r"takes no behavior.*:5"),
        ("- provider: vllm", "- provider: [vllm]", r"takes a str.*:5"),
        ("blocked by: AC1", "hands: two", r"'two': expected api or both.*:9"),
        ("The model *", "The mode *", r"there is no scenario 'The mode \* is offered'.*:8"),
        ("failed: because", "broken: because", r"VERDICT: phrase.*:8"),
        ("changes:", "history: 3\nchanges:", r"not iterable.*:4"),
        ("behaviour: {kind: refuse}", "behaviour: {kind: refuse", r".*X1\.yaml:1"),
        (_GOOD, "- a list\n", r"no mapping.*:1"),
        (_GOOD, "\x00\x01", r".*X1\.yaml:1"),
    ],
)
def test_a_bad_file_is_refused_with_its_line(
    tmp_path: Path, old: str, new: str, words: str
) -> None:
    assert old in _GOOD

    with pytest.raises(SetupError, match=f"(?s){words}"):
        _load(tmp_path, _GOOD.replace(old, new))


def test_a_folder_without_faults_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="no fault files"):
        load(tmp_path, scenarios=_titles)


def test_every_change_of_an_object_fits_the_manifests(faults: tuple[Fault, ...]) -> None:
    manifests = Manifests.load(DEFAULT)
    for fault in faults:
        for boot in (*fault.history, fault.boot):
            changed(manifests, boot.at_boot)


def test_faults_are_red_and_healthy_variations_are_not(faults: tuple[Fault, ...]) -> None:
    green = {path.name.partition("-")[0] for path in (_TESTS / "healthy").glob("*.yaml")}
    unproven = {fault.identity for fault in faults if fault.healthy}

    # Faults of the outside world: the suite says "inconclusive", which is not red.
    assert unproven - green == {"F042", "F109", "F118"}
    assert green <= unproven


def test_every_collected_row_has_one_fate(faults: tuple[Fault, ...]) -> None:
    collected = set(yaml.safe_load((_HERE / "collected.yaml").read_text()))
    fates = yaml.safe_load((_HERE / "fates.yaml").read_text())
    elsewhere = [name for group in fates.values() for name in group]
    files = {
        fault.identity[:4] if fault.identity[0] == "F" else fault.identity[:3] for fault in faults
    }
    ours = {name for name in files if not name.startswith(("F", "H"))}

    assert len(elsewhere) == len(set(elsewhere))
    assert not files & set(elsewhere)
    assert (files - ours) | set(elsewhere) == collected
