"""What changed between two records, and what is only noise."""

from dataclasses import replace

import pytest

from acceptance.checks.findings import Failover, Findings, Served
from acceptance.report.changes import changes
from acceptance.report.record import UNREACHED, Record
from tests.report.records import RECORD

_F = RECORD.findings


def _with(**findings: object) -> Record:
    return replace(RECORD, findings=replace(_F, **findings))  # type: ignore[arg-type]  # any field


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (RECORD, ()),
        (replace(RECORD, target="live"), ("the target was embedded, is live",)),
        (
            replace(RECORD, versions={"Open WebUI": "0.13.0", "LiteLLM": "1.106.2"}),
            ("the version of Open WebUI was 0.12.4, is 0.13.0",),
        ),
        (
            replace(
                RECORD,
                requirements=(replace(RECORD.requirements[0], verdict="failed"),),
                scenarios=(replace(RECORD.scenarios[0], verdict="failed"), RECORD.scenarios[1]),
            ),
            ("AC1: was passed, is failed", '"The endpoint" was passed, is failed'),
        ),
        (
            replace(
                RECORD,
                partial="ended early",
                requirements=(replace(RECORD.requirements[0], verdict="not proven"),),
                scenarios=(
                    RECORD.scenarios[0],
                    replace(RECORD.scenarios[1], verdict="not proven", reason=UNREACHED),
                ),
            ),
            (),
        ),
        (
            replace(RECORD, scenarios=RECORD.scenarios[:1]),
            ('no longer judged: "Groq answers" of Answers',),
        ),
        (
            replace(
                RECORD, scenarios=(*RECORD.scenarios, replace(RECORD.scenarios[0], title="More"))
            ),
            ('newly judged: "More" of Endpoint',),
        ),
        (
            _with(endpoint="elsewhere"),
            ("the endpoint in use was connection #0 http://litellm:4000/v1, is elsewhere",),
        ),
        (_with(chain=("vllm-qwen",)), ("the chain was vllm-qwen -> ollama-qwen, is vllm-qwen",)),
        (
            _with(models=(_F.models[0], Served(name="new"))),
            ("no longer served: extra", "newly served: new"),
        ),
        (
            _with(models=(replace(_F.models[0], upstream="openai/other"), _F.models[1])),
            ("what is behind vllm-qwen was openai/qwen, is openai/other",),
        ),
        (
            _with(locks={"LiteLLM": "cd34"}),
            ("the lock of LiteLLM was ab12, is cd34",),
        ),
        (
            _with(images={"LiteLLM": "litellm@sha256:2"}),
            ("the image of LiteLLM was litellm@sha256:1, is litellm@sha256:2",),
        ),
        (
            _with(fingerprints={"LiteLLM": "0"}),
            ("the configuration of LiteLLM was 1a2b3c4d, is 0",),
        ),
    ],
)
def test_each_kind_of_change_is_one_sentence(after: Record, expected: tuple[str, ...]) -> None:
    assert changes(RECORD, after) == expected


def test_what_a_run_did_not_look_at_has_not_changed() -> None:
    assert changes(RECORD, replace(RECORD, findings=Findings(), versions={})) == ()
    assert changes(RECORD, replace(RECORD, scenarios=(), partial="left out")) == ()


def test_rows_that_changed_alike_are_one_sentence() -> None:
    rows = tuple(replace(each, verdict="failed") for each in RECORD.requirements[:2])
    before = replace(RECORD, requirements=tuple(replace(each, verdict="passed") for each in rows))
    assert changes(before, replace(RECORD, requirements=rows)) == (
        "AC1, AC3: was passed, is failed",
    )


def test_many_new_scenarios_are_counted_by_feature() -> None:
    more = tuple(replace(RECORD.scenarios[0], title=str(number)) for number in range(6))
    after = replace(RECORD, scenarios=(*RECORD.scenarios, *more))
    assert changes(RECORD, after) == ("newly judged: 6 of Endpoint",)


def test_many_consequences_are_counted() -> None:
    cause, consequence = (replace(RECORD.scenarios[0], title=title) for title in ("Key", "List"))
    many = [replace(consequence, title=f"List {number}") for number in range(6)]
    well = replace(RECORD, scenarios=(cause, *many), requirements=())
    broken = replace(
        well,
        scenarios=(
            replace(cause, verdict="failed"),
            *(replace(each, verdict="blocked") for each in many),
        ),
    )
    assert changes(well, broken) == (
        '"Key" was passed, is failed',
        "6 scenarios were passed, are blocked",
    )
    assert "6 scenarios were blocked, are passed" in changes(broken, well)


def test_what_is_slower_is_a_change() -> None:
    assert changes(RECORD, replace(RECORD, seconds=400.0)) == (
        "the run took at most 107.5 s in the last 2 runs, takes 400.0 s",
    )


def test_a_row_that_was_not_run_has_not_changed() -> None:
    rows = tuple(replace(each, verdict="not run") for each in RECORD.requirements)
    assert changes(RECORD, replace(RECORD, requirements=rows)) == ()
    assert changes(replace(RECORD, requirements=rows), RECORD) == ()


def test_a_drill_that_was_not_made_before_is_no_change() -> None:
    new = Failover(asked="a", away=("b is away",), answered="c", seconds=60.0)
    assert changes(RECORD, _with(failovers=(*_F.failovers, new))) == ()
