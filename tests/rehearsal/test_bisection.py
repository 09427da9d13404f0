"""The first release that is red, and where releases are listed."""

from pathlib import Path

import pytest

from acceptance.errors import SetupError
from acceptance.lab.environments import LITELLM
from acceptance.rehearsal import bisection
from acceptance.rehearsal.bisection import first_red, releases_between
from tests.scripts import script

BETWEEN = [f"0.{number}" for number in range(1, 100)]


@pytest.mark.parametrize("first", ["0.1", "0.2", "0.50", "0.98", "0.99", "1.0"])
def test_it_is_found_by_few_looks(first: str) -> None:
    order, looks = ["0.0", *BETWEEN, "1.0"], list[str]()

    def is_red(version: str) -> bool:
        looks.append(version)
        return order.index(version) >= order.index(first)

    green, red, _ = first_red("0.0", BETWEEN, "1.0", is_red)
    assert (green, red) == (order[order.index(first) - 1], first)
    assert len(looks) <= 7


def test_a_release_that_cannot_be_had_is_passed_over() -> None:
    def is_red(version: str) -> bool:
        if version != "0.3":
            raise SetupError("not on the index")
        return True

    green, red, unclear = first_red("0.0", ["0.1", "0.2", "0.3", "0.4"], "0.5", is_red)
    assert (green, red) == ("0.0", "0.3")
    assert unclear == dict.fromkeys(["0.1", "0.2"], "not on the index")


def test_neighbours_need_no_look() -> None:
    def never(version: str) -> bool:
        raise AssertionError(version)

    assert first_red("0.1", [], "0.2", never) == ("0.1", "0.2", {})


def test_releases_are_listed_without_the_malicious_ones_and_in_their_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = "litellm (1.83.0)\nAvailable versions: 1.83.0, 1.82.10, 1.82.8, 1.82.9, 1.82.6, 1.9.0"
    monkeypatch.setattr(
        bisection, "uv_program", lambda: script(tmp_path / "uv", f"echo '{listed}'")
    )
    assert releases_between(LITELLM, "1.82.6", "1.83.0") == ("1.82.9", "1.82.10")


def test_an_index_that_tells_nothing_is_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing = script(tmp_path / "uv", "echo 'no route to host' >&2; exit 1")
    monkeypatch.setattr(bisection, "uv_program", lambda: failing)
    with pytest.raises(SetupError, match=r"(?s)cannot be listed.*no route to host.*PIP_INDEX_URL"):
        releases_between(LITELLM, "1.0", "2.0")
