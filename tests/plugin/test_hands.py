"""The model selector is opened once by each hands, whatever comes of it."""

from unittest.mock import Mock

import pytest

from acceptance.checks.proof import Listing
from acceptance.clients.hands import Hands
from fixtures.hands import opening_once


def _hands(offered: Mock) -> Hands:
    return Hands(offered=offered, ask=Mock(), conversation=Mock())


def test_every_scenario_sees_the_same_list() -> None:
    seen = Listing(account="administrator", models=(), seconds=0.1)
    hands = _hands(Mock(return_value=seen))
    look = opening_once()

    assert look(hands) is look(hands) is seen
    hands.offered.assert_called_once()  # type: ignore[attr-defined]  # a mock


@pytest.mark.parametrize("error", [AssertionError("not offered"), TypeError("a defect")])
def test_what_went_wrong_is_told_to_each_scenario_and_none_waits_for_ever(error: Exception) -> None:
    hands = _hands(Mock(side_effect=error))
    look = opening_once()

    for _ in range(2):
        with pytest.raises(type(error), match=str(error)):
            look(hands)
    hands.offered.assert_called_once()  # type: ignore[attr-defined]  # a mock
