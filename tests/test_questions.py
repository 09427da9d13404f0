"""What would be asked is planned of the sentences alone, and bounds what is asked."""

from collections.abc import Callable
from dataclasses import replace

from pytest_bdd.parser import Step

from acceptance.budget import SAID, Price
from acceptance.contract.questions import NOBODY, Planned, is_quick, plan
from acceptance.contract.sentences import States, known
from acceptance.target import Outage
from tests.features import written
from tests.story import CHAIN, MODELS, STORY

_HEAD, _SECOND, _THIRD = CHAIN
_ASKS_NOBODY = {
    '"{model}" is offered',
    'it shows the chain of "{model}" in its order',
    'the answer comes from "{model}", or the user is told that it is too long',
}
"""Sentences that name a model which others ask."""


def _always(_provider: str, _outage: Outage) -> bool:
    return True


def _never(_provider: str, _outage: Outage) -> bool:
    return False


def _runs(*titles: str) -> list[list[Step]]:
    """The steps of the scenarios of these titles, or of all."""
    found = [run for each in written() for run in each.runs if run.name in titles or not titles]
    assert len(found) >= len(titles)
    return [run.steps for run in found]


def _plan(
    *titles: str,
    in_browser: bool = False,
    witness: bool = True,
    takes: Callable[[str, Outage], bool] = _always,
) -> dict[tuple[str, str], Planned]:
    scenarios = [(steps, in_browser) for steps in _runs(*titles)]
    planned = plan(scenarios, STORY, witness=witness, takes=takes)
    named = {(each.model, each.how.partition(",")[0]): each for each in planned}
    assert len(named) >= len({each.model for each in planned})
    return named


def test_each_sentence_that_names_a_model_to_be_asked_says_what_it_asks() -> None:
    texts = {step.name for steps in _runs() for step in steps}
    about = {text: said for text in texts if (said := known(text))}
    silent = {said for said in about.values() if said.states is States.ASKED and not said.asks}
    assert {each.parser.name for each in silent} == _ASKS_NOBODY
    assert all(said.asks for said in about.values() if said.by_a_user and "ask" in said.parser.name)


def test_one_question_proves_a_model() -> None:
    """Issue 18, item 9: one question of four words a model, unless a criterion needs more."""
    planned = _plan(*(f"The model {model} answers as itself" for model in MODELS))
    assert {(model, how, each.questions) for (model, how), each in planned.items()} == {
        (model, "by itself", 1) for model in MODELS
    }


def test_what_a_criterion_needs_beside_it_says_how_it_is_asked() -> None:
    planned = _plan()
    ways = {
        how: sum(e.questions for (_, way), e in planned.items() if way == how) for _, how in planned
    }
    assert ways == {
        "by itself": len(MODELS),
        "in a conversation": 10,
        "with a tool": 2,
        "listened to": 0,
        "at once": 4,
        "after a very long conversation": 1,
        "alone": 1,
        "to be refused": 2,
        "in a drill": 10,
        "given back after a drill": 13,
    }


def test_a_drill_asks_before_during_and_after_it() -> None:
    planned = _plan("The third model answers when the first two are away")
    asked = {key: each.questions for key, each in planned.items()}
    assert asked == {
        (_HEAD, "by itself"): 1,
        (_SECOND, "by itself"): 1,
        (_THIRD, "by itself"): 1,
        (_HEAD, "in a drill"): 1,
        (_HEAD, "given back after a drill"): 1,
        (_SECOND, "given back after a drill"): 1,
    }


def test_where_nothing_may_be_taken_away_no_drill_is_planned() -> None:
    planned = _plan(takes=_never)
    assert not [how for _, how in planned if "drill" in how]
    assert (_HEAD, "by itself") in planned


def test_without_a_witness_the_last_answer_of_a_conversation_is_asked_for() -> None:
    title = "A conversation comes back to its first model"
    assert (_HEAD, "to see who answered") not in _plan(title)
    assert _plan(title, witness=False)[_HEAD, "to see who answered"].questions == 1


def test_the_page_asks_more_than_it_is_told_to() -> None:
    planned = _plan(f"The model {_HEAD} answers as itself", in_browser=True)
    assert planned[_HEAD, "likewise"].questions == 1
    assert planned[_HEAD, "by the page itself"].questions == 3
    unseen = _plan(f"The model {_HEAD} answers as itself", in_browser=True, witness=False)
    assert [how for _, how in unseen] == ["by itself"], "nobody could tell who answers on the page"


def test_nobody_is_paid_for_a_model_that_does_not_exist() -> None:
    (refused,) = _plan("An invented model is refused").values()
    assert (refused.model, refused.asked + refused.said) == (NOBODY, 0)
    assert refused.price(STORY, {}) == 0


def test_whoever_of_a_chain_may_answer_is_paid_for() -> None:
    planned = Planned(model=_HEAD, how="", each=100)
    third = {_THIRD: Price(asked=1.0, said=2.0)}
    assert planned.price(STORY, third) == 100 + 2 * SAID
    assert planned.price(STORY, {}) is None, "a price that is not known is not nothing"
    alone = replace(planned, model=_SECOND)
    assert alone.price(STORY, {}) == 0, "it runs in the cluster, and begins no chain"
    assert alone.price(STORY, {_SECOND: Price(asked=1.0, said=0.0)}) == 100, "unless it is told"


def test_a_quick_run_asks_local_models_once_and_takes_nothing_away() -> None:
    quick = [steps for steps in _runs() if is_quick(steps, STORY)]
    planned = plan([(steps, False) for steps in quick], STORY, witness=False, takes=_always)
    assert {(each.model, each.questions) for each in planned} == {(_HEAD, 1), (_SECOND, 1)}
    kept = {run.name for each in written() for run in each.runs if is_quick(run.steps, STORY)}
    assert {"The endpoint in use is LiteLLM", "The gateway holds the chain"} <= kept
    assert f"The model {_HEAD} answers as itself" in kept
    assert not {f"The model {_THIRD} answers as itself", "An invented model is refused"} & kept
    assert "Each model stands for an upstream of its own" not in kept, "twins would be asked"
