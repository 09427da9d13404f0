"""What an upgrade made worse, what it only changed, and the report that says so."""

from collections.abc import Iterable
from dataclasses import replace

import pytest

from acceptance.errors import SetupError
from acceptance.rehearsal.comparison import alike, bisection, compare, is_worse_alike, report
from acceptance.rehearsal.life import Kind, Seen
from acceptance.rehearsal.stage import Stage
from acceptance.report.record import Outcome, Record, Requirement
from tests.report.records import RECORD

ADA = "Ada"
SEEN = (
    Seen(kind=Kind.SIGN_IN, whose=ADA, what="it", value="role user"),
    Seen(kind=Kind.OFFER, whose=ADA, what="vllm-qwen", value="shown as vllm-qwen"),
    Seen(kind=Kind.ANSWER, whose=ADA, what="helper", value="answers"),
    Seen(kind=Kind.CONVERSATION, whose=ADA, what="conversation 1", value="4 messages, 1a2b"),
    Seen(kind=Kind.GROUP, whose=ADA, what="Staff", value="is there"),
    Seen(kind=Kind.CONNECTION, whose=ADA, what="connection 1", value="http://litellm:4000/v1"),
    Seen(kind=Kind.SETTING, whose=ADA, what="ui.default_models", value='"vllm-qwen"'),
)
GREEN = replace(
    RECORD,
    requirements=(Requirement(name="AC2", text="", verdict="passed", accepted=1, total=1),),
    scenarios=(Outcome(feature="Models", title="All are there", verdict="passed", seconds=1.0),),
    recent={},
)
RED = replace(
    GREEN,
    requirements=(replace(GREEN.requirements[0], verdict="failed"),),
    scenarios=(replace(GREEN.scenarios[0], verdict="failed", reason="two are missing"),),
)


def _stage(
    seen: Iterable[Seen] = SEEN, record: Record | None = GREEN, problems: tuple[str, ...] = ()
) -> Stage:
    return Stage(
        name="after",
        versions={"LiteLLM": "1.106.2", "Open WebUI": "0.12.4"},
        seconds={"Open WebUI": 21.4},
        migrations=3,
        seen=tuple(seen),
        record=record,
        problems=problems,
    )


BEFORE = _stage()


def _changed(kind: Kind, value: str, *, well: bool = True) -> list[Seen]:
    return [replace(each, value=value, well=well) if each.kind is kind else each for each in SEEN]


def _without(kind: Kind) -> list[Seen]:
    return [each for each in SEEN if each.kind is not kind]


def test_nothing_changed() -> None:
    found = compare(BEFORE, _stage())
    assert (found.worse, found.changed) == ((), ())


@pytest.mark.parametrize(
    ("after", "told"),
    [
        (_changed(Kind.SIGN_IN, "role pending"), "Ada no longer signs in as before: was role user"),
        (_without(Kind.OFFER), "the model vllm-qwen vanished from the selector of Ada"),
        (
            _changed(Kind.OFFER, "shown as Qwen"),
            "the model vllm-qwen is another: was shown as vllm",
        ),
        (_changed(Kind.ANSWER, "400: Model not found", well=False), "helper no longer answers Ada"),
        (_without(Kind.ANSWER), "helper is no longer offered to Ada, whom it answered"),
        (_changed(Kind.CONVERSATION, "2 messages, 3c4d"), "no longer opens as it was: was 4 mess"),
        (_without(Kind.CONVERSATION), "conversation 1 of Ada is gone"),
        (_without(Kind.GROUP), "the group Staff is gone"),
        (_changed(Kind.CONNECTION, "https://api.openai.com/v1"), "connection 1 is another: was"),
        (_without(Kind.CONNECTION), "connection 1 is gone: it was http://litellm:4000/v1"),
    ],
)
def test_what_somebody_misses_is_worse(after: list[Seen], told: str) -> None:
    (line,) = compare(BEFORE, _stage(after)).worse
    assert told in line


def test_of_somebody_who_cannot_sign_in_only_that_is_told() -> None:
    refused = Seen(kind=Kind.SIGN_IN, whose=ADA, what="", value="400: no such user", well=False)
    assert compare(BEFORE, _stage([refused])).worse == (
        "Ada no longer signs in as before: 400: no such user",
    )


def test_a_look_that_failed_is_told_once() -> None:
    blind = Seen(kind=Kind.OFFER, whose=ADA, what="", value="500 and an error", well=False)
    assert compare(BEFORE, _stage([*_without(Kind.OFFER), blind])).worse == (
        "Ada is not shown any model: 500 and an error",
    )


def test_what_was_not_well_before_is_never_worse() -> None:
    before = _stage(_changed(Kind.ANSWER, "400: Model not found", well=False))
    assert compare(before, _stage(_without(Kind.ANSWER))).worse == ()


def test_a_row_and_a_scenario_that_turned() -> None:
    found = compare(BEFORE, _stage(record=RED))
    assert found.worse == (
        "AC2: was passed, is failed",
        '"All are there": was passed, is failed: two are missing',
    )
    assert found.changed == ()
    assert compare(_stage(record=RED), BEFORE).worse == ()


def test_a_scenario_that_was_not_judged_any_more_is_worse() -> None:
    gone = replace(GREEN, scenarios=(), requirements=())
    assert len(compare(BEFORE, _stage(record=gone)).worse) == 2
    assert compare(BEFORE, _stage(record=None)).worse == (
        "it could not be judged by the contract any more",
    )


def test_a_program_that_does_not_start_is_what_is_told() -> None:
    found = compare(BEFORE, _stage((), record=None, problems=("it ended with status 1",)))
    assert found.worse == (
        "it does not serve: it ended with status 1",
        "it could not be judged by the contract any more",
    )


def test_a_migration_that_failed_is_worse_though_all_else_is_well() -> None:
    after = replace(_stage(), trouble=("table chat_message already exists",))
    assert compare(BEFORE, after).worse == (
        "a migration failed: table chat_message already exists",
    )
    assert compare(after, after).worse == ()


def _setting(name: str, value: str = '"x"') -> Seen:
    return Seen(kind=Kind.SETTING, whose=ADA, what=name, value=value)


def test_settings_are_told_and_not_judged() -> None:
    after = [*_changed(Kind.SETTING, '"ollama-qwen"'), _setting("task.model")]
    found = compare(BEFORE, _stage(after))
    assert found.worse == ()
    assert found.changed == (
        'setting ui.default_models: was "vllm-qwen", is "ollama-qwen"',
        "1 settings stand in the database that did not before",
    )


@pytest.mark.parametrize(
    ("variable", "name"),
    [
        ("OPENAI_API_BASE_URL", "openai.api_base_urls"),
        ("OPENAI_API_BASE_URLS", "openai.api_base_urls"),
        ("ENABLE_SIGNUP", "ui.enable_signup"),
        ("ENABLE_OLLAMA_API", "ollama.enable"),
    ],
)
def test_a_variable_that_the_database_now_overrides(variable: str, name: str) -> None:
    after = [*SEEN, _setting(name), _setting(f"audio.stt.{name}")]
    found = compare(BEFORE, _stage(after), ["PORT", "API_KEY", variable])
    assert f"the database now overrides {variable} ({name})" in found.changed[0]
    held = _stage([*SEEN, _setting(name)])
    assert not any(variable in line for line in compare(held, _stage(after), [variable]).changed)


def test_the_report_says_it_all_in_one_place() -> None:
    after = _stage(_without(Kind.OFFER), record=RED)
    text = report(BEFORE, after, compare(BEFORE, after), left_out=["a group: 404"], back=BEFORE)
    assert "# Rehearsal: LiteLLM 1.106.2, Open WebUI 0.12.4 → " in text
    assert "**WORSE: 3 things" in text
    assert "| Open WebUI serves after | 21 s | 21 s |" in text
    assert "- the model vllm-qwen vanished from the selector of Ada\n" in text
    assert "## What was not well before, and is not compared\n\n- a group: 404" in text
    assert "told and not judged" in text
    assert "nothing that was there before is missed" in text


def test_a_bisection_names_both_sides_and_what_turned() -> None:
    missed, unlike = "helper no longer answers Ada", "Ada is not shown any model: 500"
    text = bisection(
        "Open WebUI",
        "0.11.0",
        "0.11.1",
        [f"{missed}: 400: Model not found"],
        {
            "0.11.4": [f"{missed}: 400: Model not found"],
            "0.11.2": ["it does not serve: cannot import name"],
            "0.11.1": [f"{missed}: 404: Model not found"],
            "0.11.0": [unlike],
        },
        {"0.11.2": "It does not serve.\nIts log says more.", "0.11.3": "not on the index"},
    )
    assert "Open WebUI 0.11.0 is green, 0.11.1 is red; 3 releases" in text
    cannot = "## Releases that cannot tell\n\n- 0.11.2: It does not serve.\n- 0.11.3: not on"
    assert cannot in text
    assert f"- {missed}: 404" in text
    other = text.partition("## Worse in another way")[2]
    assert "- 0.11.2: it does not serve" in other
    assert f"- 0.11.0: {unlike}" in other
    assert missed not in other


def test_what_is_alike_is_told_of_the_same_whatever_its_last_words() -> None:
    told = ["it does not serve: cannot import name", "helper no longer answers Ada: 400"]
    assert alike(["helper no longer answers Ada: 500", "the group Staff is gone"], told) == (
        "helper no longer answers Ada: 500",
    )


def test_a_release_is_red_by_what_is_looked_for_or_it_shows_that_or_it_cannot_tell() -> None:
    told = compare(BEFORE, _stage(_changed(Kind.ANSWER, "400: Model not found", well=False)))
    red = compare(BEFORE, _stage(_changed(Kind.ANSWER, "404", well=False)))
    other = compare(BEFORE, _stage(_changed(Kind.GROUP, "404", well=False)))
    down = compare(BEFORE, _stage([], problems=("cannot import name",)))
    also_down = compare(BEFORE, _stage([], problems=("another reason",)))
    not_offered = compare(BEFORE, _stage(each for each in SEEN if each.kind is not Kind.ANSWER))
    assert is_worse_alike(red, told, serves=True)
    assert is_worse_alike(down, also_down, serves=False)
    assert other.worse
    assert not is_worse_alike(other, told, serves=True)
    with pytest.raises(SetupError, match="does not serve"):
        is_worse_alike(down, told, serves=False)
    with pytest.raises(SetupError, match="helper is no longer offered to Ada"):
        is_worse_alike(not_offered, told, serves=True)
