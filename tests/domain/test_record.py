"""The record's file: whole, typed, tamper-evident, and as its published schema says."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from domain.masking import Redactor
from domain.record import UnreadableRecordError, intact, read, written
from domain.secret import Secret
from tests.domain.records import RECORD

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
    assert not intact(escaped)
    assert read(escaped)[0].notes == ("half \ufffd of",)
