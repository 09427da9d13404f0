"""Questions are asked once a run, all at the first call."""

from unittest.mock import Mock

import pytest

from domain.proof import Answer
from domain.waiting import quiet
from drivers.answers import Answers
from drivers.hands import Hands
from drivers.streaming import Question
from tests.story import STORY

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
