"""Slower than the noise, and the noise itself."""

from dataclasses import replace

import pytest

from acceptance.report.pace import durations, remembered, slower
from acceptance.report.record import Record
from tests.report.records import RECORD

_RUN = "the run"


def _after(seconds: float, **others: object) -> Record:
    return replace(RECORD, seconds=seconds, **others)  # type: ignore[arg-type]  # any field


@pytest.mark.parametrize(
    ("recent", "seconds", "expected"),
    [
        ((10.0,), 29.0, []),
        ((10.0,), 31.0, ["the run took 10.0 s, takes 31.0 s"]),
        ((10.0, 90.0, 12.0), 100.0, []),
        (
            (10.0, 30.0, 12.0),
            40.0,
            ["the run took at most 30.0 s in the last 3 runs, takes 40.0 s"],
        ),
        ((0.1, 0.1, 0.1), 2.0, []),
        ((), 400.0, ["the run took 107.5 s, takes 400.0 s"]),
    ],
    ids=["a guess", "over a guess", "noisy", "over the slowest", "too short to tell", "an old one"],
)
def test_slower_is_more_than_it_ever_was(
    recent: tuple[float, ...], seconds: float, expected: list[str]
) -> None:
    before = replace(RECORD, recent={_RUN: recent})
    assert list(slower(before, _after(seconds))) == expected


def test_answers_and_drills_take_time_and_a_partial_run_does_not() -> None:
    assert durations(RECORD) == {
        "the answer of vllm-qwen": 0.5,
        "the answer of vllm-qwen while vLLM refuses connections": 2.5,
        'the answer of vllm-qwen while a and b "c"': 5.0,
        _RUN: 107.5,
    }
    assert _RUN not in durations(replace(RECORD, partial="interrupted"))


def test_what_was_never_measured_is_not_slower() -> None:
    assert list(slower(replace(RECORD, recent={}, partial="x"), _after(900.0))) == []


def test_a_run_of_other_scenarios_takes_another_time() -> None:
    before = replace(RECORD, scenarios=RECORD.scenarios[1:], recent={_RUN: (10.0, 10.0, 10.0)})
    assert list(slower(before, _after(400.0))) == []


def test_the_last_ten_are_remembered_and_what_is_missing_stays() -> None:
    record = None
    for number in range(12):
        now = _after(float(number), recent={})
        record = replace(now, recent=remembered(record, now))
    assert record
    assert record.recent[_RUN] == tuple(float(number) for number in range(2, 12))
    partial = replace(record, partial="interrupted")
    assert remembered(record, partial)[_RUN] == record.recent[_RUN]
