"""What questions may take: counted where all of them pass, and stopped before it is exceeded."""

import threading
from concurrent.futures import ThreadPoolExecutor
from unittest.mock import create_autospec

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acceptance.budget import SAID, Asking, Budget, Price, dearest, price_in, tokens_in
from acceptance.checks.proof import Deployment
from acceptance.clients.drill import answers_alone
from acceptance.clients.gateway import Gateway
from acceptance.errors import NotProven, OverBudget

NEED = 100 + SAID


def _ask(budget: Budget, model: str = "big", *, asked: int = 60, said: int = 10) -> None:
    with budget.question(model, 100) as asking:
        asking.counted(asked=asked, said=said)


def test_without_a_limit_all_is_counted_and_nothing_stopped() -> None:
    budget = Budget()
    for _ in range(3):
        _ask(budget)
    assert (budget.spent["big"].questions, budget.spent["big"].tokens) == (3, 210)
    assert budget.spent["big"].bounded == 0


def test_the_question_that_might_exceed_it_is_not_asked() -> None:
    budget = Budget(NEED + 70)
    _ask(budget)
    _ask(budget)  # 140 of 1,194 are left to be spent, and 1,124 may be taken
    with (
        pytest.raises(
            NotProven, match=r"^the budget of 1,194 tokens has no room .* big, which may"
        ),
        budget.question("big", 100),
    ):
        pytest.fail("it was asked")
    assert budget.spent["big"].questions == 2


def test_a_model_that_said_more_than_was_thought_is_asked_again_only_with_room_for_that() -> None:
    budget = Budget(5 * NEED)
    _ask(budget, asked=60, said=3 * SAID)
    with pytest.raises(OverBudget, match="big, which may take 3,172"):
        _ask(budget)
    _ask(budget, "small")
    assert budget.spent["big"].tokens + budget.spent["small"].tokens < 5 * NEED


def test_what_nobody_counted_stands_with_all_that_it_may_have_taken() -> None:
    budget = Budget()
    with budget.question("big", 100) as asking:
        asking.counted(asked=0, said=0)
    assert (budget.spent["big"].tokens, budget.spent["big"].bounded) == (NEED, 1)


def test_an_answer_that_does_not_come_may_have_been_paid_for() -> None:
    budget = Budget()
    with pytest.raises(OSError, match="gone"), budget.question("big", 100):
        raise OSError("gone")
    assert budget.spent["big"].tokens == NEED


def test_a_refusal_takes_nothing() -> None:
    budget = Budget(NEED)
    for _ in range(5):
        with budget.question("big", 100) as asking:
            asking.refused()
    assert (budget.spent["big"].questions, budget.spent["big"].tokens) == (5, 0)


def test_a_quick_run_asks_nobody_else() -> None:
    budget = Budget(only=["near"])
    _ask(budget, "near")
    with pytest.raises(OverBudget, match="local providers only, and not far"):
        _ask(budget, "far")
    assert [*budget.spent] == ["near"]


@given(limit=st.integers(1, 20_000), each=st.lists(st.integers(1, SAID), max_size=30))
def test_however_many_ask_at_once_it_is_never_exceeded(limit: int, each: list[int]) -> None:
    budget, refused = Budget(limit), []

    def ask(said: int) -> None:
        try:
            _ask(budget, asked=100, said=said)
        except NotProven:
            refused.append(said)

    with ThreadPoolExecutor(max_workers=4) as pool:
        list(pool.map(ask, each))
    spent = sum(told.tokens for told in budget.spent.values())
    assert spent <= limit
    assert not refused or spent + 100 + SAID > limit, "what fits is asked"


def test_whoever_waits_for_room_gets_what_others_leave() -> None:
    """A reservation is no spending: who waits goes on once the true count is there."""
    budget, begun, go_on = Budget(NEED + 100), threading.Event(), threading.Event()

    def slow(asking: Asking) -> None:
        begun.set()
        assert go_on.wait(10)
        asking.counted(asked=20, said=3)

    def first() -> None:
        with budget.question("big", 100) as asking:
            slow(asking)

    with ThreadPoolExecutor(max_workers=2) as pool:
        one = pool.submit(first)
        assert begun.wait(10)
        two = pool.submit(_ask, budget)
        go_on.set()
        one.result(10)
        two.result(10)
    assert budget.spent["big"].questions == 2


def test_prices_are_the_highest_that_a_question_may_meet() -> None:
    told = {
        "input_cost_per_token": 1e-6,
        "input_cost_per_token_above_200k_tokens": 2e-6,
        "input_cost_per_token_batches": 9.0,
        "output_cost_per_token": 3e-6,
        "output_cost_per_reasoning_token": 4e-6,
        "output_cost_per_image": 9.0,
    }
    assert price_in(told, {"input_cost_per_token": None}) == Price(asked=2e-6, said=4e-6)
    assert price_in({"input_cost_per_token": 1e-6}) is None, "half of a price is none"
    assert price_in({"input_cost_per_token": "1", "output_cost_per_token": [1]}) is None


def test_of_several_entries_the_dearest_counts_and_a_gap_is_no_zero() -> None:
    cheap, dear = Price(asked=1, said=5), Price(asked=2, said=4)
    told = dearest([("a", cheap), ("a", dear), ("b", cheap), ("b", None)])
    assert told == {"a": Price(asked=2, said=5)}


def test_words_are_bounded_from_above() -> None:
    assert tokens_in("anchor apron attic bacon") == 8
    assert tokens_in("") == 0


def test_what_a_budget_leaves_unasked_is_no_refusal_of_the_key() -> None:
    """A key that may not name an entry proves nothing against it; a budget leaves it unproven."""
    gateway = create_autospec(Gateway, instance=True)
    entries = [Deployment(identity="a", group="big", upstream="", api_base="")]
    gateway.ask.side_effect = NotProven("refused")
    assert list(answers_alone(gateway, entries)) == []
    gateway.ask.side_effect = OverBudget("no room")
    with pytest.raises(OverBudget):
        list(answers_alone(gateway, entries))
