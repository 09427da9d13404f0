"""What a drill takes away it gives back, and waits until it is of use again."""

from collections.abc import Collection, Sequence
from typing import Any

import pytest

from acceptance.checks.proof import Answer
from acceptance.clients.drill import Drill, Plan, ask_alone
from acceptance.clients.streaming import Question
from acceptance.errors import NotProven
from acceptance.target import Outage
from tests.story import STORY

_VLLM = (("vLLM", Outage.REFUSED),)
_BOTH = (*_VLLM, ("Ollama", Outage.REFUSED))
_IMPOSSIBLE = (("vLLM", Outage.HANGS),)
_NONE: Plan = ()


class _Outages:
    """A cluster whose backends refuse connections, and do nothing else."""

    def __init__(self, *, slow: bool = True) -> None:
        self.slow_to_return = slow
        self.away: set[str] = set()
        self.began: list[str] = []

    def check(self, provider: str, outage: Outage) -> None:
        """See `Outages`."""
        if outage is not Outage.REFUSED:
            raise NotProven(f"{provider} cannot do that")

    def take_away(self, provider: str, outage: Outage) -> None:
        """See `Outages`."""
        self.check(provider, outage)
        if provider not in self.away:
            self.began.append(provider)
        self.away.add(provider)

    def restore(self, keep: Collection[str] = ()) -> tuple[str, ...]:
        """See `Outages`."""
        back = sorted(self.away.difference(keep if self.slow_to_return else ()))
        self.away.difference_update(back)
        return tuple(f"{each} is as before" for each in back)


class _Models:
    """A gateway whose models need a few questions until they answer; and what they were before."""

    def __init__(self, *, ill: str = "") -> None:
        self.asked: list[str] = []
        self.not_yet = 1
        self.forgotten = 0
        self._ill = ill

    def ask(self, question: Question) -> Answer:
        """See `Gateway`."""
        self.asked.append(question.model)
        self.not_yet -= 1
        error = "not loaded" if self.not_yet >= 0 else ""
        return Answer(model=question.model, nonce=question.nonce, error=error, seconds=0.1)

    def cooldown(self) -> float:
        """See `Gateway`."""
        return 0.0

    def forget(self) -> None:
        """See `Gateway`."""
        self.forgotten += 1

    def settle(self) -> None:
        """Nobody is asked beside."""

    def check(self, model: str) -> None:
        """See `Baseline`."""
        assert model != self._ill


def _drill(outages: _Outages | None, models: _Models | None = None) -> Drill:
    fakes: Any = models or _Models()
    return Drill(outages, STORY, lambda: fakes, fakes, say=lambda _line: None)


def _run(outages: _Outages, *plans: Plan) -> list[set[str]]:
    """What is away after each of these scenarios."""
    drill, left = _drill(outages), []
    for number, plan in enumerate(plans):
        drill.begin(plan, plans[number + 1 :])
        try:
            for each in plan:
                drill.take_away(*each)
        except NotProven:
            pass
        drill.end()
        left.append(set(outages.away))
    return left


def test_what_the_gateway_tells_is_remembered_across_no_drill() -> None:
    models = _Models()
    drill = _drill(_Outages(slow=False), models)
    drill.take_away(*_VLLM[0])
    assert models.forgotten == 1
    drill.end()
    assert models.forgotten == 2


def test_the_storys_drills_take_each_backend_away_once() -> None:
    outages = _Outages()
    plans: Sequence[Plan] = (_VLLM, _IMPOSSIBLE, _BOTH, _IMPOSSIBLE, _VLLM, _NONE)
    left = _run(outages, *plans)
    assert left == [{"vLLM"}, {"vLLM"}, {"vLLM"}, {"vLLM"}, set(), set()]
    assert outages.began == ["vLLM", "Ollama"]


def test_nothing_is_away_from_a_scenario_that_wants_nothing_away() -> None:
    assert _run(_Outages(), _VLLM, _NONE, _VLLM) == [set(), set(), set()]


def test_what_comes_back_at_once_comes_back_each_time() -> None:
    assert _run(_Outages(slow=False), _VLLM, _VLLM) == [set(), set()]


def test_a_drill_that_cannot_be_had_whole_is_not_begun() -> None:
    outages = _Outages()
    drill = _drill(outages)
    drill.begin((*_VLLM, ("OpenAI", Outage.ERROR)))
    with pytest.raises(NotProven, match="OpenAI cannot do that"):
        drill.take_away("vLLM", Outage.REFUSED)
    assert outages.began == []
    assert not drill.active


def test_without_leave_nothing_is_taken() -> None:
    drill = _drill(None)
    with pytest.raises(NotProven, match=r"not proven without a drill: --drill=CONTEXT"):
        drill.take_away("vLLM", Outage.REFUSED)
    drill.end()


def test_it_ends_when_the_model_answers_by_itself_again() -> None:
    models = _Models()
    drill = _drill(_Outages(), models)
    drill.begin(_VLLM)
    drill.take_away("vLLM", Outage.REFUSED)
    assert list(drill.away) == ["vLLM refuses connections"]

    drill.end()

    (recovery,) = drill.recoveries
    assert models.asked == ["vllm-qwen", "vllm-qwen"]
    assert (recovery.model, recovery.certificate) == ("vllm-qwen", "vLLM is as before")
    assert recovery.seconds >= 0.5, "the second answer was waited for"
    assert list(drill.away) == []
    assert [each.what for each in drill.timeline().moments] == [
        "vLLM refuses connections",
        "vLLM is as before",
        "vllm-qwen serves again",
    ]


def test_a_model_that_did_not_answer_before_is_not_waited_for() -> None:
    models = _Models(ill="vllm-qwen")
    drill = _drill(_Outages(), models)
    drill.begin(_VLLM)
    drill.take_away("vLLM", Outage.REFUSED)
    drill.end()
    assert models.asked == []
    assert drill.recoveries == ()


def test_the_report_says_that_something_stays_away() -> None:
    drill = _drill(_Outages())
    drill.begin(_VLLM, [_VLLM])
    drill.take_away("vLLM", Outage.REFUSED)
    drill.end()
    assert drill.timeline().moments[-1].what == "vLLM: away still, as the next drill has it"


class _Resting:
    """A gateway that lets a model rest for some questions, before it tells why it fails."""

    def __init__(self, rests: int) -> None:
        self.rests = rests

    def cooldown(self) -> float:
        """See `Gateway`."""
        return 0.1

    def ask(self, question: Question) -> Answer:
        """See `Gateway`."""
        self.rests -= 1
        resting = "No deployments available for selected model, Try again in 5 seconds."
        error = resting if self.rests >= 0 else "litellm.AuthenticationError: no such key"
        return Answer(model=question.model, nonce=question.nonce, error=error, status=429)


@pytest.mark.parametrize(("rests", "told"), [(1, "AuthenticationError"), (99, "No deployments")])
def test_a_cooldown_does_not_hide_the_reason(
    rests: int, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("acceptance.clients.drill._MARGIN", 2.0)
    gateway: Any = _Resting(rests)
    assert told in ask_alone(gateway, "vllm-qwen").error
