"""A run, as far as it has come: what is judged, how each scenario ended, what was seen and found.

Events append to it. What is written of it (the terminal's table, the record, the summary, Allure's
files) is made of it, and of nothing else.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Protocol

from acceptance.checks.findings import Findings
from acceptance.checks.proof import Answer
from acceptance.cluster import Workload
from acceptance.contract.values import Contract, Requirement
from acceptance.errors import Subject
from acceptance.masking import Redactor
from acceptance.report.record import NOT_RUN, UNREACHED, Compared, Outcome, Record, Suite
from acceptance.report.record import Requirement as Judged
from acceptance.report.waiver import Described
from acceptance.secret import fingerprint
from acceptance.shown import line
from acceptance.verdict import ExitCode, Verdict, exit_code, worst

_MEANING = {
    "live": "this deployment satisfies the story",
    "url": "what two addresses can show satisfies the story",
}
_OF_THE_LAB = (
    "these manifests and these versions satisfy the story; only `live` says it of a deployment"
)
Attach = Callable[[str, object], None]
"""Attaches what was seen, under a name, to the step that is running."""

_AS_DECLARED = (
    "they do as they say, and nobody has said that it is meant so; only `live` shows a deployment"
)


class Scenario(Described, Protocol):
    """A scenario, as far as a run needs to know it."""

    @property
    def feature(self) -> str:
        """The name of its feature."""

    @property
    def sentences(self) -> tuple[str, ...]:
        """Its sentences, the row's values filled in."""

    @property
    def place(self) -> tuple[object, ...]:
        """Where it is written, and its row: the same whoever plays the user's part."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """How a scenario ended."""

    case: Scenario
    verdict: Verdict
    reason: str
    """One line; empty when passed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """What is told of a phase of a scenario that did not pass."""

    words: str
    """For people; they begin with the verdict class where it is not a plain failure."""
    traceback: str
    """As Python has it, and not masked."""


@dataclass(kw_only=True, slots=True)
class Run:
    """What is known of a run; scenarios stand by their node id."""

    contract: Contract
    began: datetime = field(default_factory=lambda: datetime.now(UTC))

    selected: dict[str, Scenario] = field(default_factory=dict)
    judged: dict[str, Result] = field(default_factory=dict)
    messages: dict[str, Message] = field(default_factory=dict)
    """Of the last phase of each that did not pass."""
    seconds: dict[str, float] = field(default_factory=dict)
    """How long each took: set-up, call and tear-down."""
    deselected: int = 0
    """How many scenarios this run leaves out."""
    unfit: dict[str, str] = field(default_factory=dict)
    """Messages of the scenarios that found the environment not fit to judge."""
    unused: tuple[str, ...] = ()
    """What is told of waivers that accept nothing any more."""
    cut_short: str = ""
    """How the run ended before its end; empty when it did not."""

    quick: bool = False
    """Whether it is a look between two whole runs, and may be no sign-off."""

    target: str = ""
    """`embedded`, `kind`, `live` or `url`; empty while none was reached."""
    versions: Mapping[str, str] = field(default_factory=dict)
    """Version by program."""
    compared: tuple[Compared, ...] = ()
    """The values of each criterion, in the order of the subjects."""
    notes: tuple[str, ...] = ()
    """Remarks worth a reader's attention, which change no verdict."""
    findings: Findings = field(default_factory=Findings)
    spent: str = ""
    """What its questions to models have cost, for whoever pays."""
    planned: Sequence[Mapping[str, object]] = ()
    """What would be asked of whom, for machines, where only that was asked for (`--plan`)."""
    _values: dict[Subject, Compared] = field(default_factory=dict)

    def took(self, nodeid: str, seconds: float) -> None:
        """Add a phase's time to its scenario's."""
        self.seconds[nodeid] = self.seconds.get(nodeid, 0.0) + seconds

    def ended(self, nodeid: str, verdict: Verdict, reason: str = "") -> None:
        """Enter a phase of a scenario; of set-up, call and tear-down the worst one counts."""
        known = self.judged.get(nodeid)
        if known is None or worst((known.verdict, verdict)) is not known.verdict:
            case = self.selected[nodeid]
            self.judged[nodeid] = Result(case=case, verdict=verdict, reason=reason)

    def reached(self, target: str, versions: Mapping[str, str], notes: Iterable[str]) -> None:
        """The target is up."""
        self.target, self.versions = target, dict(versions)
        self.remark(*notes)

    def declared(self, subject: Subject, value: str) -> None:
        """What the deployment's objects, or the story, say."""
        self._compare(subject, declared=value)

    def effective(self, subject: Subject, value: str) -> None:
        """What the program says that it uses."""
        self._compare(subject, effective=value)

    def observed(self, subject: Subject, value: str) -> None:
        """What was seen to happen."""
        self._compare(subject, observed=value)

    def _compare(self, subject: Subject, **values: str) -> None:
        name = self.contract.proven_by.get(subject, str(subject))
        unknown = Compared(criterion=name, declared="-", effective="-", observed="-")
        self._values[subject] = replace(self._values.get(subject, unknown), **values)
        self.compared = tuple(self._values[each] for each in Subject if each in self._values)

    def given(self, answer: Answer, expected: str, away: Iterable[str] = ()) -> None:
        """Who gave an answer, before anybody judges it."""
        if not tuple(away):
            self.findings = self.findings.given(answer, expected)

    def answered(self, answer: Answer, away: Iterable[str] = ()) -> None:
        """What a user was proven to get: an answer or, with providers away, perhaps an error."""
        self.findings = self.findings.answering(answer, away)
        hosts = [each.host for each in self.findings.models if each.first_seconds is not None]
        told = f"{len(hosts)} models answered, from {len(set(hosts))} hosts"
        self.observed(Subject.ANSWERS, told)

    def deployed(self, program: str, workload: Workload) -> None:
        """The images of a program, and the fingerprint of its settings without the keys."""
        images = ", ".join(dict.fromkeys(pod.image for pod in workload.pods))
        settings = "\n".join(
            f"{each.name}={each.shown()} {each.source}"
            for each in sorted(workload.environment.values(), key=lambda each: each.name)
        )
        known = self.findings
        self.findings = replace(
            known,
            images={**known.images, program: images},
            fingerprints={**known.fingerprints, program: fingerprint(settings)},
        )

    def version(self, name: str, value: str) -> None:
        """The version of a program, as it told it itself."""
        self.versions = {**self.versions, name: value}

    def remark(self, *texts: str) -> None:
        """What a reader should know though it changes no verdict; once each, and no empty text."""
        self.notes = tuple(dict.fromkeys((*self.notes, *filter(None, texts))))

    def results(self) -> list[Result]:
        """A result for each selected scenario; `UNREACHED` for those without one."""
        return [
            self.judged.get(nodeid)
            or Result(case=case, verdict=Verdict.NOT_PROVEN, reason=UNREACHED)
            for nodeid, case in self.selected.items()
        ]

    def verdicts(self) -> list[Verdict]:
        """What the run's verdict is made of.

        An unused waiver says that something is wrong or unproven, and was seen not to be true.
        """
        return [*(each.verdict for each in self.results()), *[Verdict.FAILED] * len(self.unused)]

    def masked(self, mask: Redactor) -> "Run":
        """The same run, what others told of it masked: before it is laid out, not after."""
        compared = (
            replace(
                each,
                declared=mask(each.declared),
                effective=mask(each.effective),
                observed=mask(each.observed),
            )
            for each in self.compared
        )
        return replace(
            self,
            versions={name: line(mask(version)) for name, version in self.versions.items()},
            compared=tuple(compared),
            notes=tuple(map(mask, self.notes)),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """What is known of one criterion, requirement or task."""

    name: str
    text: str
    verdict: Verdict | None
    """None when no selected scenario is about it."""
    accepted: int
    total: int
    """Of its scenarios those that are required; all of them where none is."""
    reasons: tuple[str, ...]
    """What is not green; and once, at the first row, what was not tried and is not required."""


def rows(run: Run) -> list[Row]:
    """A row for everything in the contract, in its order."""
    results, told = run.results(), set[str]()
    return [
        _row(each, [result for result in results if each.tag in result.case.tags], told)
        for each in run.contract.rows
    ]


def _row(about: Requirement, results: list[Result], told: set[str]) -> Row:
    required = [each for each in results if each.verdict is not Verdict.NOT_REQUIRED]
    more = Counter(each.reason for each in results if each.verdict is Verdict.NOT_REQUIRED)
    reasons = Counter(each.reason for each in required if each.reason)
    new = {reason: count for reason, count in more.items() if reason not in told}
    told.update(new)
    return Row(
        name=about.name,
        text=about.text,
        verdict=worst(each.verdict for each in results) if results else None,
        accepted=sum(each.verdict.accepted for each in required),
        total=len(required or results),
        reasons=(
            *(f"{reason}{_times(count)}" for reason, count in reasons.items()),
            *(f"{count} more, {_bare(reason)}" for reason, count in new.items()),
        ),
    )


def _bare(reason: str) -> str:
    """`not required: ...`, of a reason that begins with its verdict class."""
    return f"not required: {reason.removeprefix(f'{Verdict.NOT_REQUIRED}: ')}"


def _times(count: int) -> str:
    return f" ({count} scenarios)" if count > 1 else ""


def closing(run: Run) -> str:
    """What the run says of the story, in one line that names its target."""
    where = run.target or "a target that was not reached"
    results, all_rows = run.results(), rows(run)
    missing = sum(row.verdict is None for row in all_rows)
    rows_left = f"{missing} of {len(all_rows)} rows of the story were not run"
    left_out = rows_left if missing else f"{run.deselected} scenarios were left out"
    quick = "quick, and no sign-off; " if run.quick else ""
    note = f" (a partial run: {quick}{left_out})" if missing or run.deselected or quick else ""
    others = Counter(each.verdict for each in results if each.verdict is not Verdict.PASSED)
    counts = ", ".join(f"{count} {verdict}" for verdict, count in others.items())
    by = f"{run.contract.by}: " if run.contract.by else ""
    of_all = f"{by}of {len(results)} scenarios: {counts or 'all passed'}"
    if run.unused:
        of_all += f"; {len(run.unused)} unused waivers"
    waived = f"; {others[Verdict.WAIVED]} scenarios waived" if Verdict.WAIVED in others else ""
    if run.unfit:
        return f"NOT JUDGED on {where}: the environment was not fit to judge{note}"
    match exit_code(run.verdicts()):
        case ExitCode.ACCEPTED if note or run.cut_short:
            what = of_all if counts else f"{by}all {len(results)} selected passed"
            how = note or f" (a partial run: {run.cut_short})"
            return f"PARTIAL RUN on {where}: {what}{how}"
        case ExitCode.ACCEPTED:
            versions = ", ".join(f"{name} {version}" for name, version in run.versions.items())
            meaning = _MEANING.get(where, _OF_THE_LAB)
            if by:
                meaning = f"{by}{_AS_DECLARED}"
            return f"ACCEPTED on {where}: {meaning}{f' ({versions})' if versions else ''}{waived}"
        case ExitCode.NOT_ACCEPTED:
            return f"NOT ACCEPTED on {where}: {of_all}{note}"
        case _:
            return f"INCOMPLETE on {where}: {of_all}{note}"


def record_of(run: Run, *, ran_by: str, suite: Suite) -> Record:
    """The run as its record tells it, which is not yet compared with an earlier one.

    Args:
        run: with what others told of it masked.
        ran_by: who runs this.
        suite: by which it was judged.
    """
    run = replace(run, target=run.target or "none")
    results, statement = run.results(), closing(run)
    return Record(
        verdict=statement.partition(" on ")[0],
        statement=statement,
        partial=_partial(run),
        contract=run.contract.title,
        target=run.target,
        started=run.began.isoformat(timespec="seconds"),
        seconds=round((datetime.now(UTC) - run.began).total_seconds(), 1),
        ran_by=ran_by,
        suite=suite,
        versions=run.versions,
        requirements=tuple(
            Judged(
                name=row.name,
                text=row.text,
                verdict=row.verdict or NOT_RUN,
                accepted=row.accepted,
                total=row.total,
                reasons=row.reasons,
            )
            for row in rows(run)
        ),
        scenarios=tuple(
            Outcome(
                feature=result.case.feature,
                title=result.case.title,
                verdict=result.verdict,
                seconds=round(run.seconds.get(nodeid, 0.0), 2),
                reason=result.reason,
            )
            for nodeid, result in zip(run.selected, results, strict=True)
        ),
        waivers=tuple(
            f"{result.case.title}: {result.reason}"
            for result in results
            if result.verdict is Verdict.WAIVED
        ),
        compared=run.compared,
        notes=(*run.notes, *run.unused),
        findings=run.findings,
    )


def _partial(run: Run) -> str:
    """Why this is not a run of the whole story; empty when it is."""
    results = run.results()
    unreached = sum(result.reason == UNREACHED for result in results)
    missing = sum(row.verdict is None for row in rows(run))
    why = ["a quick run, and no sign-off"] if run.quick else []
    if run.cut_short or unreached:
        how = run.cut_short or "ended early"
        why.append(f"{how}, {unreached} of {len(results)} scenarios were not reached")
    if run.deselected:
        why.append(f"{run.deselected} scenarios were left out")
    if missing:
        why.append(f"{missing} rows of the story have no scenario in this run")
    return "; ".join(why)
