"""The record for alerting: OpenMetrics text.

Gauges only, so that a reader of Prometheus' older text format understands it as well.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from acceptance.report.record import NOT_RUN, Record
from acceptance.shown import visible, whole
from acceptance.verdict import Verdict

_ACCEPTED = ("ACCEPTED", Verdict.PASSED, Verdict.WAIVED)

Sample = tuple[Mapping[str, str], float]
"""Labels and value."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Family:
    name: str
    help: str
    samples: Sequence[Sample]

    def lines(self) -> Iterator[str]:
        yield f"# TYPE {self.name} gauge"
        if self.name.endswith("_seconds"):
            yield f"# UNIT {self.name} seconds"
        yield f"# HELP {self.name} {self.help}"
        for labels, value in self.samples:
            shown = ",".join(f'{name}="{_escaped(text)}"' for name, text in labels.items())
            yield f"{self.name}{{{shown}}} {value!r}"


def _escaped(text: str) -> str:
    return visible(whole(text)).replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def metrics(record: Record) -> str:
    """The verdicts, the seconds to the first word, who answered instead, how long the run took."""
    lines = [line for family in _families(record) if family.samples for line in family.lines()]
    return "\n".join([*lines, "# EOF"]) + "\n"


def _families(record: Record) -> Iterator[_Family]:
    target = {"target": record.target}
    judged = [each for each in record.requirements if each.verdict != NOT_RUN]
    yield _Family(
        name="acceptance_accepted",
        help="Whether the story is accepted.",
        samples=[(target, float(record.verdict in _ACCEPTED))],
    )
    yield _Family(
        name="acceptance_requirement_accepted",
        help="Whether a criterion, requirement or task is accepted.",
        samples=[
            ({**target, "requirement": each.name}, float(each.verdict in _ACCEPTED))
            for each in judged
        ],
    )
    yield _Family(
        name="acceptance_requirement_verdict",
        help="The verdict of a criterion, requirement or task, as a label.",
        samples=[
            ({**target, "requirement": each.name, "verdict": each.verdict}, 1.0) for each in judged
        ],
    )
    yield _Family(
        name="acceptance_first_word_seconds",
        help="From a question to the first word of the model itself.",
        samples=[
            ({**target, "model": each.name}, each.first_seconds)
            for each in record.findings.models
            if each.first_seconds is not None
        ],
    )
    yield _Family(
        name="acceptance_substituted",
        help="A model for which another one answered while nothing was away.",
        samples=[
            ({**target, "model": model, "answered": who}, 1.0)
            for model, who in record.findings.substituted.items()
        ],
    )
    yield _Family(
        name="acceptance_failover_seconds",
        help="From a question to the first word, or the error, while providers are away.",
        samples=[
            (
                {
                    **target,
                    "model": each.asked,
                    "away": " and ".join(each.away),
                    "answered": each.answered,
                },
                each.seconds,
            )
            for each in record.findings.failovers
        ],
    )
    yield _Family(
        name="acceptance_recovery_seconds",
        help="From giving a provider back until its model answered by itself.",
        samples=[
            ({**target, "model": name}, seconds)
            for name, seconds in {
                each.model: each.seconds for each in record.findings.recoveries
            }.items()
        ],
    )
    yield _Family(
        name="acceptance_run_duration_seconds",
        help="How long the run took.",
        samples=[(target, record.seconds)],
    )
    yield _Family(
        name="acceptance_run_start_timestamp_seconds",
        help="When the run began.",
        samples=[(target, datetime.fromisoformat(record.started).timestamp())],
    )
