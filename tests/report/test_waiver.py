"""A waiver covers what it names, as it says, and nothing else."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acceptance.message import explain
from acceptance.report.waiver import WAIVABLE, Waiver, WaiverError, overlapping, read_waiver
from acceptance.verdict import Verdict
from tests.story import MODELS, STORY

TODAY = date(2026, 11, 24)
GROQ, GEMINI = "groq/llama-3.3-70b-versatile", "gemini/gemini-2.0-flash"
ENTRY = {
    "task": "3.3",
    "verdict": "inconclusive",
    "says": "its name does not resolve",
    "reason": "DNS limitation",
    "owner": "platform team",
    "expires": "2026-12-31",
}
REFUSED = f"inconclusive: {GROQ}: Groq refused: its name does not resolve. It said: NXDOMAIN"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Scenario:
    title: str = "It answers"
    tags: frozenset[str] = frozenset({"AC3", "task3_3"})
    text: str = f'a user asks "{GROQ}" a question'


def _waiver(**changes: str) -> Waiver:
    entry = {**ENTRY, **changes}
    if other := {"scenario", "criterion", "model"} & changes.keys():
        assert len(other) == 1
        del entry["task"]
    return read_waiver(entry, STORY, titles={"It answers"}, today=TODAY)


def _failure(found: str, *, title: str = "The selector is wrong.", where: str = "there") -> str:
    return explain(title, expected="an answer in time", found=found, where=where, fix="wait a day")


def test_it_says_until_when_by_whom_why_and_what() -> None:
    assert str(_waiver()) == (
        "waived until 2026-12-31 by platform team: DNS limitation "
        "(inconclusive: its name does not resolve)"
    )


@pytest.mark.parametrize(
    "named", [{"task": "3.3"}, {"criterion": "AC3"}, {"scenario": "It answers"}, {"model": GROQ}]
)
def test_it_covers_what_it_names(named: dict[str, str]) -> None:
    assert _waiver(**named).covers(_Scenario(), Verdict.INCONCLUSIVE, REFUSED, models=MODELS)


@pytest.mark.parametrize(
    "other",
    [{"task": "3.1"}, {"criterion": "AC1"}, {"model": GEMINI}, {"model": "vllm-qwen"}],
)
def test_it_covers_nothing_else(other: dict[str, str]) -> None:
    assert not _waiver(**other).covers(_Scenario(), Verdict.INCONCLUSIVE, REFUSED, models=MODELS)
    scenario = _Scenario(title="Another", tags=frozenset(), text='"groq/mixtral-8x7b-32768"')
    assert not _waiver(scenario="It answers").covers(
        scenario, Verdict.INCONCLUSIVE, REFUSED, models=MODELS
    )
    assert not _waiver(model=GROQ).covers(scenario, Verdict.INCONCLUSIVE, REFUSED, models=MODELS)


@pytest.mark.parametrize("verdict", [each for each in Verdict if each != Verdict.INCONCLUSIVE])
def test_it_accepts_one_class(verdict: Verdict) -> None:
    assert not _waiver().covers(_Scenario(), verdict, REFUSED, models=MODELS)


@pytest.mark.parametrize(
    ("says", "message", "covered"),
    [
        ("a quota is used up", REFUSED, False),
        ("its name does not resolve", REFUSED, True),
        ("name does  not resolve", REFUSED, True),
        ("its name does not resol", REFUSED, False),
        (f"missing {GROQ}", _failure(f"missing {GROQ}"), True),
        (f"missing {GROQ}", _failure(f"missing {GROQ}-lite"), False),
        (f"missing {GROQ}", _failure(f"missing {GROQ}, {GEMINI}"), False),
        (f"missing {GROQ}", _failure("missing\n  " + GROQ), True),
        (f"missing {GROQ}", _failure(f"missing {GROQ}", where=f"asked for {GEMINI}"), False),
        ("The selector is wrong", _failure("anything"), True),
        ("an answer in time", _failure("something else"), False),
        ("wait a day", _failure("something else"), False),
        ("wait a day", "Replica 1.\n" + _failure("something else"), False),
        ("something else", "Replica 1.\n" + _failure("something else"), True),
        ("8080 (refused)", _failure("port 8080 (refused)"), True),
        (".*answers.*", _failure("nobody answers"), False),
    ],
)
def test_it_covers_only_the_failure_that_it_describes(
    says: str, message: str, *, covered: bool
) -> None:
    waiver = _waiver(verdict="failed", says=says)
    assert waiver.covers(_Scenario(), Verdict.FAILED, message, models=MODELS) is covered


def test_one_of_a_model_covers_no_failure_of_another_in_the_same_scenario() -> None:
    both = _Scenario(text=f'a conversation from "vllm-qwen" to "{GROQ}"')
    waiver = _waiver(model=GROQ, verdict="failed", says="does not answer")
    assert waiver.covers(both, Verdict.FAILED, f"{GROQ} does not answer.", models=MODELS)
    assert not waiver.covers(both, Verdict.FAILED, "vllm-qwen does not answer.", models=MODELS)
    assert not waiver.covers(both, Verdict.FAILED, "It does not answer.", models=MODELS)
    assert not waiver.covers(
        both, Verdict.FAILED, f"{GROQ} and vllm-qwen: does not answer", models=MODELS
    )


def test_without_a_phrase_any_reason_of_the_class_is_accepted() -> None:
    entry = {name: text for name, text in ENTRY.items() if name != "says"}
    waiver = read_waiver(entry, STORY, titles=(), today=TODAY)
    assert waiver.covers(_Scenario(), Verdict.INCONCLUSIVE, "inconclusive: quota", models=MODELS)
    assert not waiver.covers(_Scenario(), Verdict.NOT_PROVEN, "not proven: quota", models=MODELS)


@pytest.mark.parametrize(
    ("changes", "field", "expected", "found"),
    [
        ({"criterion": "AC3"}, "task", "exactly one of", "criterion and task"),
        ({"task": None}, "", "exactly one of", "none of them"),
        ({"task": "3.9"}, "task", "3.3", "there is no task '3.9'"),
        ({"task": None, "criterion": "AC4"}, "criterion", "AC", "there is no criterion 'AC4'"),
        ({"task": None, "criterion": "FR127"}, "criterion", "AC1", "no criterion 'FR127'"),
        ({"task": None, "model": "gpt-5"}, "model", "vllm-qwen or", "there is no model 'gpt-5'"),
        (
            {"task": None, "scenario": "It answer"},
            "scenario",
            "It answers",
            "there is no scenario 'It answer'",
        ),
        ({"verdict": "blocked"}, "verdict", "failed or inconclusive or not proven", "'blocked'"),
        ({"verdict": "passed"}, "verdict", "failed or inconclusive or not proven", "'passed'"),
        ({"verdict": "failed", "says": None}, "verdict", "says: a phrase", "no says"),
        ({"says": "name"}, "says", "a phrase of 8 characters or more", "'name'"),
        ({"says": ""}, "says", "a text for says", "nothing"),
        ({"reason": None}, "", "verdict, reason, owner, expires", "no reason"),
        ({"owner": None, "reason": None}, "", "verdict, reason", "no reason, owner"),
        ({"owner": " "}, "owner", "a text for owner", "nothing"),
        ({"expires": None}, "", "expires", "no expires"),
        ({"expires": "soon"}, "expires", "a day, YYYY-MM-DD", "'soon'"),
        ({"expires": "2026-02-30"}, "expires", "a day, YYYY-MM-DD", "'2026-02-30'"),
        (
            {"expires": "2026-11-23"},
            "expires",
            "a day from 2026-11-24 on",
            "task 3.3 by platform team has expired on 2026-11-23",
        ),
        ({"expiry": "2026-11-25"}, "expiry", "expires", "there is no field 'expiry'"),
    ],
)
def test_what_cannot_be_used_is_refused(
    changes: dict[str, str | None], field: str, expected: str, found: str
) -> None:
    merged = {**ENTRY, **changes}
    entry = {name: text for name, text in merged.items() if text is not None}
    with pytest.raises(WaiverError) as caught:
        read_waiver(entry, STORY, titles={"It answers"}, today=TODAY)
    assert caught.value.field == field
    assert expected in caught.value.expected
    assert found in caught.value.found


def test_it_holds_on_its_last_day() -> None:
    assert _waiver(expires=TODAY.isoformat()).expires == TODAY


@pytest.mark.parametrize(
    ("changes", "overlaps"),
    [
        ({}, True),
        ({"reason": "another", "owner": "another", "expires": "2027-01-01"}, True),
        ({"says": "name does not resolve"}, True),
        ({"says": "no quota or credit left"}, False),
        ({"task": "3.4"}, False),
        ({"criterion": "AC3"}, False),
        ({"verdict": "not proven"}, False),
    ],
)
def test_two_that_accept_the_same_overlap(changes: dict[str, str], *, overlaps: bool) -> None:
    one, other = _waiver(), _waiver(**changes)
    assert overlapping(one, [other]) == (other if overlaps else None)
    assert overlapping(other, [one]) == (one if overlaps else None)


_WORDS = st.text("abc def.,:\n", max_size=40)


@given(
    verdict=st.sampled_from(list(Verdict)),
    accepted=st.sampled_from(WAIVABLE),
    before=_WORDS,
    after=_WORDS,
    stranger=st.sampled_from(sorted(set(MODELS) - {GROQ})),
)
def test_no_message_about_a_stranger_is_covered(
    verdict: Verdict, accepted: Verdict, before: str, after: str, stranger: str
) -> None:
    waiver = _waiver(verdict=accepted)
    said = "its name does not resolve"
    message = f"{before} {stranger} {said} {after}"
    assert not waiver.covers(_Scenario(), verdict, message, models=MODELS)
    own = f"{before} {GROQ} {said} {after}"
    assert waiver.covers(_Scenario(), verdict, own, models=MODELS) is (verdict is accepted)


@pytest.mark.parametrize("expires", ["2027-11-25", "2027-11-26", "2028-01-01", "9999-12-31"])
def test_a_waiver_holds_for_a_year_at_most(expires: str) -> None:
    year = "2027-11-25"
    if expires == year:
        assert _waiver(expires=expires).expires == date.fromisoformat(year)
        return
    with pytest.raises(WaiverError, match=expires) as caught:
        _waiver(expires=expires)
    assert caught.value.expected == f"a day until {year}: a waiver holds for a year at most"
    assert caught.value.field == "expires"


INVISIBLE = (
    "\u200b\u200c\u200d\u200e\u202e\u2060\u2066\ufeff\u00ad\u061c\u034f\u115f\u2800\u3164\uffa0\ufe0f"
    "\U000e0041\U000e0100\x07\x1b\x7f\u0080\ud800\ue000\ufffe"
)


@pytest.mark.parametrize("character", INVISIBLE, ids=lambda each: f"U+{ord(each):04X}")
@pytest.mark.parametrize("field", sorted({*ENTRY, "re\u200bason"}))
def test_what_nobody_sees_is_refused_and_named(field: str, character: str) -> None:
    text = ENTRY.get(field, "x")
    for changed in (character * 8, f"{text}{character}", f"{text[:1]}{character}{text[1:]}"):
        with pytest.raises(WaiverError, match=r"^U\+[0-9A-F]{4,6} ") as caught:
            read_waiver({**ENTRY, field: changed}, STORY, titles=(), today=TODAY)
        assert caught.value.expected == "a text of which every character is seen"
        assert str(caught.value).isascii()


@pytest.mark.parametrize(
    "text", ["Zuständige für ÖPNV", "平台团队", "команда", "a\u00a0b", "e\u0301té ✓ 🚀"]
)
def test_what_is_seen_may_be_written(text: str) -> None:
    assert _waiver(reason=text).reason == " ".join(text.split())


@settings(max_examples=200)
@given(
    st.dictionaries(
        st.sampled_from([*ENTRY, "model", "scenario", "criterion", "x"]) | st.text(max_size=4),
        st.sampled_from([*ENTRY.values(), "AC1", "failed"]) | st.text(max_size=12),
    )
)
def test_whatever_an_entry_holds_is_a_waiver_or_refused(entry: dict[str, str]) -> None:
    with suppress(WaiverError):
        assert str(read_waiver({**ENTRY, **entry}, STORY, titles={"It answers"}, today=TODAY))
