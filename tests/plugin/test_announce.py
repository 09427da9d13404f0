"""A run tells a webhook of its verdict, when it changed, and is not changed by the webhook."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.canaries import texts
from tests.plugin.project import Run, run, write
from tests.report.played_phone import TOKEN, TOPIC, Phone, played_phone
from tests.story import TAGS

_ALL = " ".join(f"@{tag}" for tag in TAGS)
_FEATURE = f"""
{_ALL}
Feature: Whole

  Scenario: One
    Given WHAT

  Scenario: Two
    Given all is well
"""


@pytest.fixture
def phone() -> Iterator[Phone]:
    with played_phone() as up:
        yield up


def _judge(folder: Path, phone: Phone, what: str, *arguments: str, **variables: str) -> Run:
    """A run of this project, whose first scenario holds only if `what` does."""
    write(folder, plugins=("record", "announce"), whole=_FEATURE.replace("WHAT", what))
    webhook = {
        "ACCEPTANCE_ANNOUNCE": "ntfy",
        "ACCEPTANCE_ANNOUNCE_URL": phone.address,
        "ACCEPTANCE_ANNOUNCE_TOKEN": TOKEN,
    }
    return run(folder, *arguments, **{**webhook, **variables})


def test_a_run_that_changed_the_verdict_tells_it_once(tmp_path: Path, phone: Phone) -> None:
    told = []
    for what, code in (
        ("all is well", 0),
        ("it is inconclusive", 98),
        ("it is inconclusive", 98),
        ("it is unfit", 99),
        ("all is well", 0),
    ):
        done = _judge(tmp_path, phone, what)
        assert done.code == code, done.out
        told.append(len(phone.took))
    assert told == [0, 1, 1, 2, 3]
    bodies = [body for _, body in phone.took]
    assert bodies[0].startswith("INCOMPLETE on embedded")
    assert bodies[1].splitlines() == [
        "NOT JUDGED on embedded: the environment was not fit to judge",
        "No target.",
    ]
    assert bodies[2].startswith("ACCEPTED on embedded")
    assert {headers["Authorization"] for headers, _ in phone.took} == {f"Bearer {TOKEN}"}


@pytest.mark.parametrize(("what", "code"), [("it is inconclusive", 98), ("it breaks", 1)])
def test_a_webhook_that_takes_nothing_changes_no_verdict(
    tmp_path: Path, phone: Phone, what: str, code: int
) -> None:
    phone.answers[:] = [404]
    done = _judge(tmp_path, phone, what.replace("it breaks", "all is well\n    Then it breaks"))
    assert done.code == code
    assert "found     it answers 404" in done.out
    assert "Traceback" not in done.out
    written = "".join([done.out, *texts(done.reports).values()])
    assert [secret for secret in (TOPIC, TOKEN) if secret in written] == []


def test_half_a_run_says_nothing(tmp_path: Path, phone: Phone) -> None:
    _judge(tmp_path, phone, "it is inconclusive", "-k", "One")
    _judge(tmp_path, phone, "it is inconclusive", "--collect-only")
    assert phone.took == []


def test_one_that_is_of_no_use_stops_the_run_before_it_starts(tmp_path: Path, phone: Phone) -> None:
    for variables in ({"ACCEPTANCE_ANNOUNCE": "none"}, {"ACCEPTANCE_ANNOUNCE_URL": "ntfy.sh/x"}):
        done = _judge(tmp_path, phone, "all is well", **variables)
        assert done.code == 99, done.out
        assert "The webhook cannot be told" in done.out
        assert "All is well" not in done.out
        assert not done.reports.exists()
