"""What changed between two records, and what is only noise."""

from dataclasses import replace

import pytest

from domain.changes import changes
from domain.findings import Failover, Findings, Served
from domain.record import Record
from tests.domain.records import RECORD

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
            ("AC1 was passed, is failed", '"The endpoint" was passed, is failed'),
        ),
        (
            replace(RECORD, scenarios=RECORD.scenarios[:1]),
            ('"Groq answers" of Answers is no longer judged',),
        ),
        (
            replace(
                RECORD, scenarios=(*RECORD.scenarios, replace(RECORD.scenarios[0], title="More"))
            ),
            ('"More" of Endpoint is new',),
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


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0.9, ()),
        (2.4, ()),
        (2.6, ("the answer of vllm-qwen took 0.5 s, takes 2.6 s",)),
        (None, ()),
    ],
)
def test_slower_is_more_than_the_noise(seconds: float | None, expected: tuple[str, ...]) -> None:
    after = _with(models=(replace(_F.models[0], first_seconds=seconds), _F.models[1]))
    assert changes(RECORD, after) == expected


def test_a_slower_failover_names_its_drill() -> None:
    slower = replace(_F.failovers[0], seconds=9.0)
    assert changes(RECORD, _with(failovers=(slower,))) == (
        "the answer of vllm-qwen while vLLM refuses connections took 2.5 s, takes 9.0 s",
    )


def test_a_slower_run_counts_only_between_whole_runs() -> None:
    after = replace(RECORD, seconds=300.0)
    assert changes(RECORD, after) == ("the run took 107.5 s, takes 300.0 s",)
    assert changes(RECORD, replace(after, partial="interrupted")) == ()


def test_what_a_run_did_not_look_at_has_not_changed() -> None:
    assert changes(RECORD, replace(RECORD, findings=Findings(), versions={})) == ()
    assert changes(RECORD, replace(RECORD, scenarios=(), partial="left out")) == ()


def test_a_row_that_was_not_run_has_not_changed() -> None:
    rows = tuple(replace(each, verdict="not run") for each in RECORD.requirements)
    assert changes(RECORD, replace(RECORD, requirements=rows)) == ()
    assert changes(replace(RECORD, requirements=rows), RECORD) == ()


def test_a_drill_that_was_not_made_before_is_no_change() -> None:
    new = Failover(asked="a", away=("b is away",), answered="c", seconds=60.0)
    assert changes(RECORD, _with(failovers=(*_F.failovers, new))) == ()
