"""The contract matrix: what it changes, and who may notice it."""

from pathlib import Path

import pytest

import steps
from acceptance.contract.reading import read_contract
from dev.kill_matrix.contract import Mutation, Noticed, mutations

HOME = Path(__file__).parents[2] / "contracts" / "home"


def test_of_an_address_each_part_is_changed() -> None:
    steps.load()

    changed = [each for each in mutations(read_contract(HOME)) if "://" in each.what]

    assert [each.what.partition(" -> ")[2] for each in changed] == [
        "https://proxy.ai:4000/v1",
        "http://proxy.ai:4000",
        "http://proxy.ai:9999/v1",
        "http://proxy.other:4000/v1",
    ]


MUTATION = Mutation(kind="KEY_SOURCE", file="a.feature", line=1, what="a -> b", new="b")
TAME = Mutation(kind="OFFERED", file="a.feature", line=1, what="gone", new="", tame="says less")


@pytest.mark.parametrize(
    ("noticed", "right"),
    [
        (Noticed(mutation=MUTATION), False),
        (Noticed(mutation=MUTATION, failed=("a",)), True),
        (Noticed(mutation=MUTATION, failed=("a",), beside=("b",)), False),
        (Noticed(mutation=MUTATION, refused="a.feature:1"), True),
        (Noticed(mutation=TAME), True),
        (Noticed(mutation=TAME, beside=("b",)), False),
    ],
)
def test_only_who_states_the_value_may_notice(noticed: Noticed, *, right: bool) -> None:
    assert noticed.right is right
