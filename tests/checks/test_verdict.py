"""How scenarios end, how their verdicts add up, and how messages read."""

import pytest

from acceptance.errors import Blocked, Inconclusive, NotProven, SetupError, Subject
from acceptance.message import excerpt, explain
from acceptance.verdict import ExitCode, Verdict, exit_code, verdict_of, worst


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (None, Verdict.PASSED),
        (AssertionError("wrong"), Verdict.FAILED),
        (KeyError("bug"), Verdict.FAILED),
        (SetupError("unfit"), Verdict.FAILED),
        (Blocked(Subject.GATEWAY, "down"), Verdict.BLOCKED),
        (Inconclusive("quota"), Verdict.INCONCLUSIVE),
        (NotProven("no rights"), Verdict.NOT_PROVEN),
        (NotProven("no account", required=False), Verdict.NOT_REQUIRED),
    ],
)
def test_how_a_scenario_ended(error: Exception | None, verdict: Verdict) -> None:
    assert verdict_of(error) is verdict


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [
        ([Verdict.PASSED], ExitCode.ACCEPTED),
        ([Verdict.PASSED, Verdict.WAIVED, Verdict.NOT_REQUIRED], ExitCode.ACCEPTED),
        ([Verdict.PASSED, Verdict.FAILED, Verdict.BLOCKED], ExitCode.NOT_ACCEPTED),
        ([Verdict.PASSED, Verdict.BLOCKED], ExitCode.INCOMPLETE),
        ([Verdict.PASSED, Verdict.INCONCLUSIVE], ExitCode.INCOMPLETE),
        ([Verdict.PASSED, Verdict.NOT_PROVEN], ExitCode.INCOMPLETE),
        ([Verdict.NOT_REQUIRED], ExitCode.INCOMPLETE),
        ([], ExitCode.INCOMPLETE),
    ],
)
def test_what_a_run_ends_with(verdicts: list[Verdict], code: ExitCode) -> None:
    assert exit_code(verdicts) is code
    assert exit_code(reversed(verdicts)) is code


def test_nothing_shown_is_nothing_proven() -> None:
    assert worst([]) is Verdict.NOT_PROVEN
    assert [verdict for verdict in Verdict if verdict.accepted] == [Verdict.PASSED, Verdict.WAIVED]


def test_a_blocked_scenario_says_by_what() -> None:
    blocked = Blocked(Subject.GATEWAY, "LiteLLM is down")
    assert (blocked.subject, blocked.reason) == (Subject.GATEWAY, "LiteLLM is down")
    assert str(blocked) == "blocked by the gateway: LiteLLM is down"


def test_a_message_says_five_things() -> None:
    told = explain("It is wrong.", expected="a", found="b", where="c", fix="d")
    assert told.splitlines() == [
        "It is wrong.",
        "  expected  a",
        "  found     b",
        "  where     c",
        "  fix       d",
    ]


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ("", ""),
        (" a \n\t b ", "a b"),
        ("x" * 300, "x" * 300),
        ("x" * 301, "x" * 300 + "… (301 characters)"),
    ],
)
def test_a_body_is_cut(body: str, shown: str) -> None:
    assert excerpt(body) == shown
