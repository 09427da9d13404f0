"""The record's file: whole, typed, tamper-evident, and as its published schema says."""

import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acceptance.masking import Redactor
from acceptance.report.consistency import contradictions
from acceptance.report.record import (
    UNREACHED,
    Outcome,
    Record,
    UnreadableRecordError,
    intact,
    read,
    written,
)
from acceptance.secret import Secret
from tests.report.records import RECORD

_SCHEMA = json.loads((Path(__file__).parents[2] / "docs/signoff.schema.json").read_text("utf-8"))


def _validate(content: dict[str, Any]) -> None:
    jsonschema.validate(content, _SCHEMA, jsonschema.Draft202012Validator)


def test_a_record_is_read_as_it_was_written() -> None:
    text = written(RECORD)

    record, digest = read(text)

    assert record == RECORD
    assert digest == json.loads(text)["digest"]
    assert intact(text)


def test_the_digest_does_not_depend_on_the_layout() -> None:
    content = json.loads(written(RECORD))

    assert intact(json.dumps(dict(reversed(content.items()))))


@pytest.mark.parametrize("name", [name for name in json.loads(written(RECORD)) if name != "digest"])
def test_each_field_is_under_the_digest(name: str) -> None:
    content = json.loads(written(RECORD))

    assert not intact(json.dumps({**content, name: "another"}))


def test_texts_are_masked_before_they_are_digested() -> None:
    text = written(replace(RECORD, notes=("key sk-1",)), lambda each: each.replace("sk-1", "•••"))

    assert read(text)[0].notes == ("key •••",)
    assert intact(text)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"format": 2}, "format 2, not 1"),
        ({"verdict": 5}, "expected str, found 5"),
        ({"seconds": "long"}, "expected float, found 'long'"),
        ({"scenarios": [{"title": "x"}]}, "missing"),
        ({"versions": []}, "AttributeError"),
    ],
)
def test_what_is_no_record_is_refused(change: dict[str, Any], problem: str) -> None:
    text = json.dumps({**json.loads(written(RECORD)), **change})

    with pytest.raises(UnreadableRecordError, match=problem):
        read(text)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"waivers": "all of them"}, "waivers: expected a list, found 'all of them'"),
        ({"versions": {"LiteLLM": 1}}, r"versions\.LiteLLM: expected str, found 1"),
        ({"suite": None}, "suite: expected an object, found None"),
        ({"suite": []}, "suite: expected an object"),
        ({"requirements": ["x"]}, r"requirements\[0\]: expected an object, found 'x'"),
        ({"seconds": True}, "seconds: expected float, found True"),
        ({"seconds": float("nan")}, "NaN is no number of JSON"),
        ({"scenarios": [{"title": "x"}]}, r"scenarios\[0\]: missing feature, verdict, seconds"),
        ({"ran_by": "\ud800"}, "half of a character"),
        ({"digest": "sha256:../../../etc"}, "digest: expected sha256:…"),
        ({"digest": None}, "digest: expected str, found None"),
        ({"notes": ["x" * 9000, 5]}, r"notes\[1\]: expected str, found 5"),
    ],
    ids=lambda each: str(each)[:30],
)
def test_what_is_wrong_is_said_with_its_place(change: dict[str, Any], problem: str) -> None:
    text = json.dumps({**json.loads(written(RECORD)), **change})

    with pytest.raises(UnreadableRecordError, match=problem) as caught:
        read(text)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    "text",
    [
        "null",
        "5",
        '"x"',
        "[]",
        "{",
        "[" * 100_000,
        '{"a":' * 100_000,
        '{"format": 1' + "0" * 5000 + "}",
    ],
    ids=lambda text: text[:10],
)
def test_what_is_no_json_object_is_refused(text: str) -> None:
    for reading in (read, intact):
        with pytest.raises(UnreadableRecordError):
            reading(text)


@pytest.mark.parametrize("name", ["verdict", "digest", "title"])
def test_a_field_that_is_there_twice_is_refused(name: str) -> None:
    text = written(RECORD).replace(f'"{name}": ', f'"{name}": "ACCEPTED", "{name}": ', 1)

    for reading in (read, intact):
        with pytest.raises(UnreadableRecordError, match=f"the field '{name}' is there twice"):
            reading(text)


_ACCEPTED = replace(
    RECORD,
    verdict="ACCEPTED",
    statement="ACCEPTED on embedded: these manifests satisfy the story; 1 scenarios waived",
    requirements=tuple(
        replace(each, verdict="waived", accepted=2, total=2, reasons=())
        for each in RECORD.requirements
    ),
    scenarios=(
        RECORD.scenarios[0],
        Outcome(feature="Answers", title="A waived one", verdict="waived", seconds=1.0),
    ),
)
_PART = "PARTIAL RUN on embedded: all 1 selected passed (a partial run: 1 scenarios were left out)"


def _row(**changes: Any) -> dict[str, Any]:  # noqa: ANN401  # the record's own
    first, *others = _ACCEPTED.requirements
    return {"requirements": (replace(first, **changes), *others)}


def _scenario(**changes: Any) -> dict[str, Any]:  # noqa: ANN401  # likewise
    first, *others = _ACCEPTED.scenarios
    return {"scenarios": (replace(first, **changes), *others)}


@pytest.mark.parametrize("record", [RECORD, _ACCEPTED], ids=lambda record: record.verdict)
def test_a_record_agrees_with_itself(record: Record) -> None:
    assert contradictions(written(record)) == ()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (_scenario(verdict="failed"), "ACCEPTED, and its worst scenario is failed"),
        (_scenario(verdict="blocked"), "ACCEPTED, and its worst scenario is blocked"),
        (_scenario(verdict="fine"), "a scenario is 'fine', which is no verdict"),
        (_scenario(reason=UNREACHED, verdict="not proven"), "1 of 2 scenarios were not reached"),
        ({"scenarios": ()}, "ACCEPTED, and its worst scenario is not proven"),
        ({"verdict": "NOT ACCEPTED"}, "NOT ACCEPTED, and its worst scenario is waived"),
        ({"verdict": "SURE"}, "SURE, and its worst scenario is waived"),
        ({"statement": "NOT ACCEPTED on embedded: x"}, "is stated as: NOT ACCEPTED on embedded"),
        ({"target": "live"}, "ACCEPTED on live is stated as: ACCEPTED on embedded"),
        ({"statement": _ACCEPTED.statement.replace("1 sc", "3 sc")}, "'3 scenarios waived'"),
        ({"partial": "interrupted"}, "ACCEPTED, and not the whole story was judged: interrupted"),
        ({"partial": "ended early, 1 of 2 scenarios were not reached"}, "0 of 2 scenarios were"),
        ({"verdict": "PARTIAL RUN", "statement": _PART}, "nothing says what is missing"),
        ({"verdict": "PARTIAL RUN", "statement": _PART}, "'all 1 selected passed'; listed are 2"),
        ({"waivers": ()}, "'A waived one' is waived, and no waiver of it is listed"),
        ({"notes": ("unused waiver, a:1: x",)}, "ACCEPTED, and with an unused waiver"),
        (_row(verdict="failed"), "AC1 is failed, which no scenario is"),
        (_row(verdict="not run", accepted=0, total=0), "not every row of the story was run"),
        (_row(verdict="not run"), "AC1 is not run, with 2 scenarios"),
        (_row(total=3), "AC1 counts 2 of 3, where 2 of 2 scenarios are accepted"),
        (_row(accepted=3, total=3), "AC1 counts 3 of 3"),
        (_row(accepted=-1), "AC1 counts -1 of 2"),
        (_row(accepted=0, total=0), "AC1 is waived, and none of its scenarios is accepted"),
        (_row(name="AC3"), "AC3 is there 2 times"),
        ({"started": "yesterday"}, "it began at 'yesterday'"),
        ({"started": "2026-11-24T08:05:42"}, "no time of a known zone"),
        ({"seconds": -1.0}, "less than no time"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_what_contradicts_the_rest_is_told(change: dict[str, Any], told: str) -> None:
    found = contradictions(written(replace(_ACCEPTED, **change)))

    assert any(told in each for each in found), found


def test_a_row_that_is_worse_or_better_than_its_scenarios_is_told() -> None:
    rows = tuple(
        replace(each, verdict="passed", accepted=1, total=1) for each in RECORD.requirements
    )
    found = contradictions(written(replace(RECORD, requirements=rows)))
    assert found == ("its worst scenario is inconclusive, its worst row passed",)


def test_statement_and_list_of_scenarios_are_counted() -> None:
    for wrong in ("of 3 scenarios: 1 inconclusive", "of 2 scenarios: 2 inconclusive"):
        statement = RECORD.statement.replace("of 2 scenarios: 1 inconclusive", wrong)
        assert contradictions(written(replace(RECORD, statement=statement)))


def test_fields_that_no_run_writes_or_that_are_missing_are_told() -> None:
    content = json.loads(written(RECORD))
    assert contradictions(json.dumps({**content, "exit_code": 1})) == (
        "exit_code is no field of a record",
    )
    del content["partial"]
    assert contradictions(json.dumps(content)) == ("partial is missing",)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda parts: (
        st.lists(parts, max_size=3) | st.dictionaries(st.text(max_size=8), parts, max_size=3)
    ),
    max_leaves=6,
)
_FIELDS = sorted(json.loads(written(RECORD)))


@settings(max_examples=150)
@given(st.dictionaries(st.sampled_from(_FIELDS), _JSON, min_size=1, max_size=3))
def test_whatever_a_field_holds_is_read_or_refused(change: dict[str, Any]) -> None:
    text = json.dumps({**json.loads(written(RECORD)), **change})
    with suppress(UnreadableRecordError):
        assert all(contradictions(text))
        intact(text)


@settings(max_examples=150)
@given(st.integers(0, len(written(RECORD)) - 1), st.text(max_size=3))
def test_whatever_stands_in_the_file_is_read_or_refused(at: int, put: str) -> None:
    whole = written(RECORD)
    text = whole[:at] + put + whole[at + 1 :]
    with suppress(UnreadableRecordError):
        assert all(contradictions(text))
        intact(text)


def test_a_record_is_what_the_published_schema_says() -> None:
    jsonschema.Draft202012Validator.check_schema(_SCHEMA)

    _validate(json.loads(written(RECORD)))


@pytest.mark.parametrize(
    "change",
    [
        {"unknown": 1},
        {"verdict": "MAYBE"},
        {"digest": "sha256:short"},
        {"scenarios": [{"title": "x"}]},
        {"findings": {}},
        {"seconds": -1},
    ],
    ids=lambda change: next(iter(change)),
)
def test_the_schema_refuses_anything_else(change: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        _validate({**json.loads(written(RECORD)), **change})


@pytest.mark.parametrize("name", sorted(json.loads(written(RECORD))))
def test_the_schema_asks_for_every_field(name: str) -> None:
    content = json.loads(written(RECORD))
    del content[name]

    with pytest.raises(jsonschema.ValidationError, match=name):
        _validate(content)


_OWN = ["target", "passed", "inconclusive", "verdict", "embedded", "INCOMPLETE", "2026-11-24"]


@pytest.mark.parametrize("word", _OWN)
def test_a_secret_that_is_a_word_of_the_records_own_changes_no_field_state_or_time(
    word: str,
) -> None:
    redact = Redactor([Secret(word)])
    hostile = replace(RECORD, notes=(f"found {word}",), ran_by=word)
    text = written(hostile, redact, redact.own)

    _validate(json.loads(text))
    found, _ = read(text)
    assert intact(text)
    assert (found.notes, found.ran_by) == (("found •••",), "•••")
    plain = replace(found, notes=(), ran_by="")
    for name in ("verdict", "statement", "target", "started", "versions", "suite", "findings"):
        assert getattr(plain, name) == getattr(RECORD, name)
    assert [each.verdict for each in plain.requirements] == ["passed", "inconclusive", "not run"]


def test_half_a_character_is_neither_written_nor_read() -> None:
    half = "half \ud83d of"
    text = written(replace(RECORD, notes=(half,), versions={half: half}))

    text.encode()
    assert read(text)[0].notes == ("half \ufffd of",)
    escaped = json.dumps({**json.loads(text), "notes": [half]})
    with pytest.raises(UnreadableRecordError, match="half of a character"):
        read(escaped)
