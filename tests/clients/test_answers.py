"""Questions are asked once a run, all at the first call."""

from collections.abc import Callable
from dataclasses import replace
from threading import Event
from unittest.mock import Mock

import pytest

from acceptance.checks.proof import Answer
from acceptance.clients import answers as module
from acceptance.clients.answers import Answers, nonce
from acceptance.clients.hands import Hands
from acceptance.clients.streaming import Question
from acceptance.errors import Blocked, Subject
from acceptance.waiting import quiet
from tests.story import MODELS, STORY

_WANTED = ["vllm-qwen", "ollama-qwen", "openai-gpt4o", "ghost"]


class _Asked:
    """A user's hands that note the models which they ask."""

    def __init__(self) -> None:
        self.models: list[str] = []
        self.hands = Hands(offered=Mock(), ask=self._ask, conversation=Mock())

    def _ask(self, question: Question) -> Answer:
        self.models.append(question.model)
        if question.model == "ghost":
            raise ValueError("no such model")
        return Answer(model=question.model, nonce=question.nonce, text=question.nonce)


@pytest.fixture
def asked() -> _Asked:
    """Nothing asked yet."""
    return _Asked()


@pytest.fixture
def answers(asked: _Asked) -> Answers:
    """Answers by them."""
    return Answers(asked.hands, STORY, wanted=lambda: _WANTED, say=quiet)


def test_the_first_call_asks_for_all_that_is_wanted(asked: _Asked, answers: Answers) -> None:
    assert answers.of("ollama-qwen").model == "ollama-qwen"
    assert sorted(asked.models) == sorted(_WANTED)

    with pytest.raises(ValueError, match="no such model"):
        answers.of("ghost")
    assert len(asked.models) == len(_WANTED)


LIMIT = "Rate limit exceeded for api_key: 88dc. Limit type: max_parallel_requests. Current limit: 1"


class _Scripted:
    """A user's hands that answer as told, each question the next."""

    def __init__(self, *told: Callable[[Answer], Answer]) -> None:
        self.questions: list[Question] = []
        self._told = list(told)
        self.hands = Hands(offered=Mock(), ask=self._ask, conversation=Mock())
        self.answers = Answers(self.hands, STORY, wanted=list, say=quiet)

    def _ask(self, question: Question) -> Answer:
        self.questions.append(question)
        good = Answer(model=question.model, nonce=question.nonce, text=question.nonce)
        return self._told.pop(0)(good) if self._told else good


def _refused(answer: Answer) -> Answer:
    return replace(answer, text="", status=429, error=LIMIT, retry_after=0.01)


def test_a_question_is_asked_as_the_page_asks_with_words_of_its_own() -> None:
    script = _Scripted()
    script.answers.of("vllm-qwen")

    (question,) = script.questions
    assert question.body["session_id"].startswith("acceptance-")
    assert not {"max_tokens", "temperature"} & question.body.keys()
    assert question.text.endswith(question.nonce)
    assert all(word.islower() and word.isalpha() for word in question.nonce.split())
    assert len({nonce() for _ in range(500)}) == 500


def test_a_model_that_asks_for_a_tool_is_asked_without_them() -> None:
    script = _Scripted(lambda good: replace(good, text="", tools=("search_web",)))
    answer = script.answers.of("vllm-qwen")

    assert (answer.returned, answer.attempts) == (True, 2)
    assert ["session_id" in each.body for each in script.questions] == [True, False]


def test_a_key_that_is_limited_asks_one_at_a_time_until_it_may() -> None:
    script = _Scripted(_refused, _refused)
    answer = script.answers.of("vllm-qwen")

    assert (answer.returned, answer.attempts, len(script.questions)) == (True, 1, 3)


def test_a_limit_that_does_not_pass_is_what_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PATIENCE", 0.02)
    script = _Scripted(*[_refused] * 100)

    assert script.answers.of("vllm-qwen").error == LIMIT
    assert len(script.questions) < 10


def test_a_limit_that_an_ordinary_users_question_meets_is_waited_for_too() -> None:
    user = _Scripted(_refused)
    script = _Scripted()
    answers = Answers(
        script.hands, STORY, wanted=list, ordinary=lambda _model: user.hands, say=quiet
    )
    answer = answers.of("vllm-qwen")

    assert (answer.returned, answer.to_a_user, len(user.questions)) == (True, None, 2)
    assert script.questions == []


def _user(asked: _Asked, *, told: str = "") -> Hands:
    """An ordinary user who gets the model's own answers, or this instead."""

    def ask(question: Question) -> Answer:
        asked.models.append(f"user: {question.model}")
        text = told or question.nonce
        return Answer(model=question.model, nonce=question.nonce, text=text)

    return Hands(offered=Mock(), ask=ask, conversation=Mock())


def test_an_ordinary_user_asks_in_place_of_the_account_that_judges(asked: _Asked) -> None:
    user = _user(asked)
    answers = Answers(
        asked.hands, STORY, wanted=lambda: [*MODELS], ordinary=lambda _model: user, say=quiet
    )
    assert answers.of("vllm-qwen").by_a_user
    users = {"vllm-qwen", "ollama-qwen", "groq/llama-3.3-70b-versatile"}
    assert sorted(asked.models) == sorted(
        f"user: {name}" if name in users else name for name in MODELS
    )


def test_one_model_says_that_users_are_answered_otherwise(asked: _Asked) -> None:
    user = _user(asked, told="something else")
    answers = Answers(
        asked.hands, STORY, wanted=lambda: [*MODELS], ordinary=lambda _model: user, say=quiet
    )
    told = {model: answers.of(model) for model in MODELS}
    assert [model for model, answer in told.items() if answer.to_a_user] == ["vllm-qwen"]
    assert told["vllm-qwen"].to_a_user is not None
    assert told["vllm-qwen"].to_a_user.text == "something else"
    assert all(answer.returned and not answer.by_a_user for answer in told.values())


def test_a_cooldown_after_a_users_question_does_not_hide_the_reason() -> None:  # Q401
    reason, resting = "litellm.NotFoundError: no such model", "No deployments available"
    user = Hands(
        offered=Mock(),
        ask=lambda question: Answer(model=question.model, nonce=question.nonce, error=reason),
        conversation=Mock(),
    )
    script = _Scripted(lambda answer: replace(answer, text="", status=429, error=resting))
    answers = Answers(script.hands, STORY, wanted=list, ordinary=lambda _model: user, say=quiet)
    assert answers.of("vllm-qwen").error == reason


def test_a_gateway_that_begins_to_hang_is_one_red_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LOOK", 0.05)
    for_ever = Event()

    def ask(question: Question) -> Answer:  # P49
        for_ever.wait(60)
        raise AssertionError(question)

    hands = Hands(offered=Mock(), ask=ask, conversation=Mock())
    lively = Mock(side_effect=Blocked(Subject.GATEWAY, "it hangs"))
    answers = Answers(hands, STORY, wanted=lambda: [*MODELS], lively=lively, say=quiet)

    for _ in range(2):
        with pytest.raises(AssertionError, match="LiteLLM hangs as soon as models are asked"):
            answers.of("ollama-qwen")
    with pytest.raises(Blocked, match="it hangs"):
        answers.of("vllm-qwen")
    for_ever.set()


def test_a_gateway_that_is_late_once_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LOOK", 0.05)
    answered = Event()
    looks: list[int] = []

    def lively() -> None:
        looks.append(1)
        if len(looks) == 1:
            raise Blocked(Subject.GATEWAY, "it hangs")
        answered.set()

    def ask(question: Question) -> Answer:
        answered.wait(60)
        return Answer(model=question.model, nonce=question.nonce, text=question.nonce)

    hands = Hands(offered=Mock(), ask=ask, conversation=Mock())
    answers = Answers(hands, STORY, wanted=lambda: ["vllm-qwen"], lively=lively, say=quiet)
    assert answers.of("vllm-qwen").returned
