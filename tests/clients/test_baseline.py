"""Which of the answers that all scenarios share counts where."""

from dataclasses import replace

import pytest

from acceptance.checks.answering import check_unknown_to_gateway
from acceptance.checks.proof import Answer, Provenance
from acceptance.clients.answers import Answers
from acceptance.clients.baseline import Baseline
from acceptance.errors import Blocked, Inconclusive, NotProven
from acceptance.target import Call
from tests.story import STORY

GROQ, GEMINI = "groq/llama-3.3-70b-versatile", "gemini/gemini-2.5-flash"
HOSTS = {GROQ: "https://api.groq.com", GEMINI: "https://generativelanguage.googleapis.com"}


def _answer(by: str) -> Answer:
    who = Provenance(group=by, deployment="d", api_base=HOSTS[by], upstream=True)
    return Answer(model=GROQ, nonce="KNONCE", text="KNONCE", provenance=who)


class _Answers(Answers):
    """One answer to the page's question, one to a plain question."""

    def __init__(
        self, page: Answer, plain: Answer, *, nobody: tuple[str, ...] = ()
    ) -> None:  # nobody is asked
        self._page, self._plain, self._nobody = page, plain, nobody
        self.plain_questions = 0

    def of(self, model: str) -> Answer:
        assert model == GROQ
        return self._page

    def fresh(self, model: str, *, as_page: bool = True) -> Answer:
        assert (model, as_page) == (GROQ, False)
        self.plain_questions += 1
        return self._plain


def _well(answers: _Answers, *, blamed: bool = False) -> Baseline:
    return Baseline(
        answers,
        STORY,
        offered=lambda _model: None,
        away=lambda _provider: False,
        blamed=lambda model, other: blamed and (model, other) == (GROQ, GEMINI),
    )


def test_what_a_user_was_told_counts_where_it_is_judged_and_blocks_nothing() -> None:  # P04
    told = replace(_answer(GEMINI), by_a_user=True)
    answer = replace(_answer(GROQ), to_a_user=told)
    well = _well(_Answers(answer, answer))

    well.require(GROQ)
    with pytest.raises(AssertionError, match="by an ordinary user"):
        well.check_given(answer, GROQ, "Groq")


def test_what_is_too_long_by_a_rule_that_is_told_elsewhere_is_asked_shorter_once() -> None:  # P06
    answers = _Answers(_answer(GEMINI), _answer(GROQ))
    well = _well(answers, blamed=True)

    well.check_given(answers.of(GROQ), GROQ, "Groq")
    well.require(GROQ)
    assert answers.plain_questions == 1


def test_a_shorter_question_that_another_answers_too_is_wrong_here() -> None:
    answers = _Answers(_answer(GEMINI), _answer(GEMINI))

    with pytest.raises(AssertionError, match=f"{GEMINI} answered in its place"):
        _well(answers, blamed=True).check(GROQ)


def test_what_no_rule_gives_away_is_asked_no_shorter() -> None:  # P52: tools are refused
    answers = _Answers(_answer(GEMINI), _answer(GROQ))

    with pytest.raises(Blocked):
        _well(answers).require(GROQ)
    assert answers.plain_questions == 0


def test_a_name_that_nobody_heeds_is_told_where_models_are_asked() -> None:  # P48
    answers = _Answers(_answer(GEMINI), _answer(GEMINI))
    invented = replace(_answer(GEMINI), model="invented")

    with pytest.raises(Blocked, match="flash answers for groq"):
        _well(answers).require_heeded(invented)


@pytest.mark.parametrize("group", [GEMINI, "invented"])
def test_a_name_that_only_an_invented_one_misses_is_told_there(group: str) -> None:  # Q403
    answers = _Answers(_answer(GROQ), _answer(GROQ))
    who = Provenance(group=group, deployment="d", api_base=HOSTS[GEMINI], upstream=True)
    _well(answers).require_heeded(replace(_answer(GEMINI), model="invented", provenance=who))


@pytest.mark.parametrize(
    ("asked", "verdict"), [("Groq", Inconclusive), ("vLLM", AssertionError)], ids=str
)
def test_a_provider_that_was_not_asked_has_refused_nothing(  # Q783
    asked: str, verdict: type[Exception]
) -> None:
    error = "litellm.NotFoundError: The model `llama-3.3-70b-versatile` does not exist"
    answer = Answer(model=GROQ, nonce="KNONCE", status=404, error=error)
    call = Call(provider=asked, model="m", question="Repeat KNONCE", answered=False)
    well = Baseline(
        _Answers(answer, answer),
        STORY,
        offered=lambda _model: None,
        away=lambda _provider: False,
        as_agreed=lambda _model: True,
        witness=_Saw(call),
    )
    with pytest.raises(verdict, match="no longer has this model"):
        well.check(GROQ)


def test_the_refusal_of_a_provider_that_is_not_emulated_proves_nothing() -> None:
    refused = Answer(model=GROQ, nonce="KNONCE", status=404, error="litellm.NotFoundError: none")
    with pytest.raises(NotProven, match="is not emulated"):
        _well(_Answers(refused, refused, nobody=(GROQ,))).check_given(refused, GROQ, "Groq")


class _Saw:
    """A witness of these calls."""

    def __init__(self, *calls: Call) -> None:
        self._calls = calls

    def calls(self) -> tuple[Call, ...]:
        return self._calls


def test_what_litellm_says_to_every_question_is_told_once() -> None:  # V06
    broken = Answer(model=GROQ, nonce="KNONCE", status=500, error="Internal Server Error")
    well = _well(_Answers(broken, broken))

    for _ in range(2):
        with pytest.raises(AssertionError, match="LiteLLM itself breaks"):
            well.check(GROQ)
    with pytest.raises(Blocked, match=f"{GROQ}: LiteLLM itself breaks"):
        well.check_given(replace(broken, model=GEMINI), GEMINI, "Gemini")
    with pytest.raises(Blocked, match="LiteLLM itself breaks"):
        check_unknown_to_gateway(replace(broken, model="invented"))
