"""The nights as they are told in an issue: on a change, and at no other time."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from acceptance.report.announce import main
from acceptance.report.record import PARTIAL, WHOLE, Record, Requirement, written
from tests.report.played_github import TOKEN, PlayedGitHub, played_github
from tests.report.records import RECORD


def _record(verdict: str = "ACCEPTED", **rows: str) -> Record:
    """A record of tonight: everything passed but these rows."""
    return replace(
        RECORD,
        verdict=verdict,
        statement=f"{verdict} on kind: of 79 scenarios: so it ended",
        started=datetime.now(UTC).isoformat(timespec="seconds"),
        changes=("AC1: was passed, is failed",),
        requirements=tuple(
            Requirement(
                name=name, text="a row", verdict=rows.get(name, "passed"), accepted=1, total=1
            )
            for name in ("AC1", "AC2", "AC3")
        ),
    )


GREEN = _record()
RED = _record("NOT ACCEPTED", AC1="failed")
REDDER = _record("NOT ACCEPTED", AC1="failed", AC3="blocked")


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """A job of GitHub Actions: its folder, its repository, and what it prints."""

    reports: Path
    github: PlayedGitHub
    capsys: pytest.CaptureFixture[str]

    def night(self, record: Record | None, *, code: int = 0) -> str:
        """Announce this record; what was printed."""
        (self.reports / WHOLE).unlink(missing_ok=True)
        if record:
            (self.reports / WHOLE).write_text(written(record), encoding="utf-8")
        return self.announce(code=code)

    def announce(self, *, code: int = 0, **variables: str) -> str:
        """Announce what is there."""
        environ = {
            "GITHUB_TOKEN": TOKEN,
            "GITHUB_API_URL": self.github.api,
            "GITHUB_REPOSITORY": "ada/suite",
            "GITHUB_SERVER_URL": "https://github.example",
            "GITHUB_RUN_ID": "17",
        }
        assert main(["--reports", str(self.reports)], {**environ, **variables}) == code
        out = self.capsys.readouterr().out
        assert TOKEN not in out
        return out


@pytest.fixture
def job(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Job]:
    """A job whose repository has no issue."""
    with played_github() as github:
        yield Job(reports=tmp_path, github=github, capsys=capsys)


def test_green_nights_say_nothing(job: Job) -> None:
    assert "nothing to announce" in job.night(GREEN)
    assert job.github.issues == []


def test_the_first_red_night_opens_an_issue_with_the_summary_and_the_run(job: Job) -> None:
    (job.reports / "summary.md").write_text("## the summary\n", encoding="utf-8")

    assert "opened: https://github.example/ada/suite/issues/1" in job.night(RED)

    (issue,) = job.github.issues
    assert issue["title"] == "Acceptance: NOT ACCEPTED on kind"
    assert issue["body"].startswith("## the summary")
    assert "https://github.example/ada/suite/actions/runs/17" in issue["body"]
    assert issue["labels"] == ["acceptance"]


def test_the_same_red_night_is_told_once(job: Job) -> None:
    job.night(RED)
    for _ in range(2):
        assert "nothing changed since https://" in job.night(RED)
    assert (len(job.github.issues), job.github.comments) == (1, [])


def test_another_red_night_updates_the_issue(job: Job) -> None:
    job.night(RED)

    assert "updated: " in job.night(REDDER)

    (issue,) = job.github.issues
    assert (issue["state"], "AC1 failed; AC3 blocked" in issue["body"]) == ("open", True)
    ((number, comment),) = job.github.comments
    assert number == 1
    assert "- AC1: was passed, is failed" in comment
    assert "actions/runs/17" in comment
    assert "nothing changed" in job.night(REDDER)


def test_a_green_night_closes_the_issue_and_the_next_red_one_opens_another(job: Job) -> None:
    for record in (RED, GREEN, GREEN, RED):
        job.night(record)

    assert [each["state"] for each in job.github.issues] == ["closed", "open"]
    assert [number for number, _ in job.github.comments] == [1]


def test_an_issue_that_a_person_closed_stays_closed_until_something_changes(job: Job) -> None:
    job.night(RED)
    job.github.issues[0]["state"] = "closed"

    assert "nothing changed" in job.night(RED)
    job.night(REDDER)

    assert [each["state"] for each in job.github.issues] == ["closed", "open"]


@pytest.mark.parametrize("age", [timedelta(hours=24), None], ids=["of last night", "none"])
def test_a_night_without_a_record_is_told(job: Job, age: timedelta | None) -> None:
    """The record of the night before is restored with the history: it says nothing of this one."""
    old = age and replace(GREEN, started=(datetime.now(UTC) - age).isoformat(timespec="seconds"))

    for expected in ("opened", "nothing changed"):
        assert expected in job.night(old or None)

    assert job.github.issues[0]["title"] == "Acceptance: NOT JUDGED"


def test_a_night_that_was_killed_is_told_and_not_taken_for_the_one_before(job: Job) -> None:
    killed = replace(_record("PARTIAL RUN"), partial="interrupted, 40 of 79 were not reached")
    (job.reports / PARTIAL).write_text(written(killed), encoding="utf-8")

    assert "opened" in job.night(GREEN)
    assert job.github.issues[0]["title"] == "Acceptance: PARTIAL RUN on kind"


def test_issues_of_others_are_left_alone(job: Job) -> None:
    job.github.labels.add("acceptance")
    mine = job.github.add({"title": "mine", "body": None, "labels": ["acceptance"]})

    job.night(RED)

    assert len(job.github.issues) == 2
    assert (mine["title"], mine["body"]) == ("mine", None)


def test_what_github_refuses_is_told_with_what_to_do(job: Job) -> None:
    job.github.refuses = 403

    out = job.night(RED, code=99)

    assert "found     403" in out
    assert "Resource not accessible by integration" in out
    assert "issues: write" in out
    job.github.refuses = 0
    assert "opened" in job.night(RED), "the next night makes up for it"


def test_a_github_that_is_not_there_is_told(job: Job) -> None:
    (job.reports / WHOLE).write_text(written(RED), encoding="utf-8")
    assert "ConnectError" in job.announce(code=99, GITHUB_API_URL="http://127.0.0.1:9")


def test_a_token_without_a_repository_is_told(job: Job) -> None:
    assert "GITHUB_REPOSITORY=owner/name" in job.announce(code=99, GITHUB_REPOSITORY="")


def test_without_a_token_it_says_what_it_would_do(job: Job) -> None:
    (job.reports / WHOLE).write_text(written(RED), encoding="utf-8")

    out = job.announce(GITHUB_TOKEN="")

    assert "nothing is sent" in out
    assert "Acceptance: NOT ACCEPTED on kind" in out
    assert job.github.issues == []


def test_what_is_no_record_is_told(job: Job) -> None:
    (job.reports / WHOLE).write_text("{}", encoding="utf-8")
    assert "opened" in job.announce()
    assert job.github.issues[0]["title"] == "Acceptance: NOT JUDGED"


def test_a_long_summary_fits_into_an_issue(job: Job) -> None:
    (job.reports / "summary.md").write_text("long " * 20_000, encoding="utf-8")
    job.night(RED)
    assert len(job.github.issues[0]["body"]) < 65_536
    assert "nothing changed" in job.night(RED)


PLANTED = "<!-- acceptance: NOT ACCEPTED; AC1 failed; AC3 blocked -->"


@pytest.mark.parametrize("place", ["version", "summary", "change", "verdict", "row"])
def test_no_text_of_a_night_plants_the_mark_of_another(job: Job, place: str) -> None:
    red = {
        "version": replace(RED, versions={"LiteLLM": f"1\n{PLANTED}\n"}),
        "change": replace(RED, changes=(f"x\n{PLANTED}",)),
        "verdict": replace(RED, statement=f"NOT ACCEPTED on kind\n{PLANTED}\n: so"),
        "row": _record("NOT ACCEPTED", AC1=f"failed -->\n{PLANTED}\n<!--"),
    }.get(place, RED)
    summary = f"## the summary\n{PLANTED}\n" if place == "summary" else ""
    (job.reports / "summary.md").write_text(summary, encoding="utf-8")
    assert "opened" in job.night(red)
    assert "updated" in job.night(REDDER), "it was not told before"


def test_what_a_night_holds_is_read_in_the_issue_and_does_not_act(job: Job) -> None:
    hostile = "\x1b[2J\u202e <img src=x> @everybody [x](http://evil.example) \ud83d"
    job.night(RED)
    out = job.night(replace(REDDER, changes=(hostile,), statement=f"NOT ACCEPTED on {hostile}"))

    ((_, comment),) = job.github.comments
    (issue,) = job.github.issues
    for text in (comment, issue["body"], issue["title"], out):
        assert not set(text) & {"\x1b", "\u202e", "\ud83d"}
    for text in (comment, issue["body"]):
        assert "<img" not in text
        assert "@everybody" not in text
        assert "[x](" not in text


def test_a_mark_is_read_from_its_line_though_github_ends_lines_otherwise(job: Job) -> None:
    job.night(RED)
    job.github.issues[0]["body"] = job.github.issues[0]["body"].replace("\n", "\r\n") + "\r\n"
    assert "nothing changed" in job.night(RED)
