"""Waivers in runs of tiny projects: what is covered is shown, and what is wrong is refused."""

import os
import re
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acceptance.errors import SetupError
from acceptance.plugin.about_the_run import CATEGORIES
from acceptance.plugin.waivers import read
from acceptance.report.record import read as read_record
from acceptance.verdict import Verdict
from dev.kill_matrix.judge import titles
from tests.plugin.project import Run, run, write
from tests.sources import REPOSITORY
from tests.story import STORY, TAGS

_TODAY = datetime.now(UTC).date()
_TOMORROW = _TODAY + timedelta(days=1)
_DNS = "its name does not resolve"
_STORY = f"""
{" ".join(f"@{tag}" for tag in TAGS if tag != "task3_3")}
Feature: Story

  Scenario: All the rest
    Given all is well

  @task3_3
  Scenario Outline: The model <model> answers
    Given all is well
    When "<model>" is asked<end>

    Examples:
      | model                        |
      | groq/llama-3.3-70b-versatile |
      | gemini/gemini-2.0-flash      |
"""
_STEPS = """

@pytest.fixture
def lost():
    yield
    raise OSError("lost")


@given("all will be lost")
def _(lost):
    pass


@when(parsers.parse('"{model}" is asked'))
def _(model):
    pass


@when(parsers.parse('"{model}" is asked in vain'))
def _(model):
    raise Inconclusive(f"{model}: it refused: its name does not resolve. 203.0.113.7")


@when(parsers.parse('"{model}" is asked beyond its quota'))
def _(model):
    raise Inconclusive(f"{model}: it refused: no quota or credit left")


@when(parsers.parse('"{model}" is asked without a key'))
def _(model):
    assert False, explain(
        f"{model} does not answer.", expected="an answer", found="401", where="there", fix="look"
    )
"""
_WAIVER = f"""
- task: 3.3
  verdict: inconclusive
  says: {_DNS}
  reason: DNS limitation for external providers
  owner: platform team
  expires: {_TOMORROW}
"""
_SHOWN = (
    f"waived until {_TOMORROW} by platform team: DNS limitation for external providers "
    f"(inconclusive: {_DNS})"
)
_DOWN = " in vain"


def _run(folder: Path, waivers: str, *arguments: str, end: str = _DOWN, given: str = "") -> Run:
    story = _STORY.replace("<end>", end)
    write(
        folder,
        plugins=("record",),
        story=story.replace("all is well\n    When", f"{given}\n    When") if given else story,
    )
    with (folder / "test_features.py").open("a") as steps:
        steps.write(_STEPS)
    (folder / "known.yaml").write_text(waivers)
    return run(folder, *arguments, ACCEPTANCE_WAIVERS="known.yaml")


def test_the_dns_limitation_is_not_accepted_without_a_waiver(tmp_path: Path) -> None:
    done = _run(tmp_path, "[]")
    assert done.code == 98, done.out
    assert "INCOMPLETE on embedded: of 3 scenarios: 2 inconclusive" in done.out
    assert "waived" not in done.out


def test_the_dns_limitation_is_accepted_and_shown_as_waived(tmp_path: Path) -> None:
    done = _run(tmp_path, _WAIVER)
    assert done.code == 0, done.out
    assert re.search(
        r"AC1 AC2 AC3 seamless ~ waived +The model gemini/gemini-2\.0-flash ans", done.out
    )
    assert done.out.count(f"{'':<24}{_SHOWN}\n") == 1
    table = done.out.split(" verdicts =")[1]
    row = next(line for line in table.splitlines() if line.startswith("| 3.3 "))
    assert re.search(r"~ waived +\| 2/2 ", row)
    assert "until" in table
    assert re.search(r"^ACCEPTED on embedded: .*; 2 scenarios waived$", table, re.MULTILINE)
    assert re.search(r"=+ 1 passed, 2 waived in ", table)


def test_allure_and_junit_show_the_waiver_and_what_it_covers(tmp_path: Path) -> None:
    done = _run(tmp_path, _WAIVER)
    model = "groq/llama-3.3-70b-versatile"
    result = done.results[f"The model {model} answers"]
    message = result["statusDetails"]["message"]
    assert result["status"] == "skipped"
    assert message.startswith(f"{_SHOWN}\n\ninconclusive: {model}: it refused: {_DNS}")
    fitting = [
        one["name"]
        for one in CATEGORIES
        if result["status"] in one["matchedStatuses"]
        and re.fullmatch(str(one["messageRegex"]), message)
    ]
    assert fitting == ["waived: known, and accepted for a time"]
    suite = ET.parse(done.reports / "junit.xml").getroot()[0]  # noqa: S314  # written just now
    assert (suite.get("failures"), suite.get("errors"), suite.get("skipped")) == ("0", "0", "2")
    assert any(_SHOWN in (each.get("message") or "") for each in suite.iter("skipped"))


def test_the_record_lists_what_was_waived(tmp_path: Path) -> None:
    done = _run(tmp_path, _WAIVER)
    record, _ = read_record((done.reports / "signoff.json").read_text())
    assert record.verdict == "ACCEPTED"
    assert record.waivers == tuple(
        f"The model {model} answers: {_SHOWN}"
        for model in ("groq/llama-3.3-70b-versatile", "gemini/gemini-2.0-flash")
    )
    assert "**Waived**" in (done.reports / "summary.md").read_text()


def test_another_reason_of_the_same_class_is_not_hidden(tmp_path: Path) -> None:
    done = _run(tmp_path, _WAIVER, end=" beyond its quota")
    assert done.code == 98, done.out
    assert "of 3 scenarios: 2 inconclusive" in done.out
    assert "useless" not in done.out, "what it names did not pass"


def test_a_failure_is_waived_by_its_own_words_and_only_for_its_model(tmp_path: Path) -> None:
    known = (
        _WAIVER.replace("task: 3.3", "model: gemini/gemini-2.0-flash")
        .replace("verdict: inconclusive", "verdict: failed")
        .replace(_DNS, "does not answer")
    )
    done = _run(tmp_path, known, end=" without a key")
    assert done.code == 1
    assert done.results["The model gemini/gemini-2.0-flash answers"]["status"] == "skipped"
    assert done.results["The model groq/llama-3.3-70b-versatile answers"]["status"] == "failed"
    assert "NOT ACCEPTED on embedded: of 3 scenarios: 1 failed, 1 waived" in done.out


def test_a_waived_scenario_that_fails_in_its_tear_down_is_red(tmp_path: Path) -> None:
    done = _run(tmp_path, _WAIVER, given="all will be lost")
    assert done.code == 1
    assert "NOT ACCEPTED on embedded: of 3 scenarios: 2 failed" in done.out


def test_a_useless_waiver_is_told_and_the_run_not_accepted(tmp_path: Path) -> None:
    done = _run(tmp_path, _WAIVER, end="")
    told = (
        "unused waiver, known.yaml:2: the inconclusive task 3.3 that it accepts is not there: "
        "all 2 scenarios are accepted without it; remove it (platform team)"
    )
    assert done.code == 1, done.out
    assert done.out.count(told) == 1
    assert "NOT ACCEPTED on embedded: of 3 scenarios: all passed; 1 unused waivers" in done.out
    record, _ = read_record((done.reports / "signoff.json").read_text())
    assert record.verdict == "NOT ACCEPTED"
    assert told in record.notes


def test_one_that_another_waiver_makes_needless_is_useless(tmp_path: Path) -> None:
    done = _run(tmp_path, _WAIVER + _WAIVER.replace(_DNS, "no quota or credit left"))
    assert done.code == 1, done.out
    assert re.findall(r"unused waiver, (\S+):", done.out) == ["known.yaml:9"]
    assert "of 3 scenarios: 2 waived; 1 unused waivers" in done.out


@pytest.mark.parametrize(
    "selection", [("-k", "gemini"), ("test_features.py::test_all_the_rest",)], ids=["-k", "node id"]
)
def test_a_partial_run_proves_no_waiver_useless_or_unknown(
    tmp_path: Path, selection: tuple[str, ...]
) -> None:
    scenario = _WAIVER.replace("task: 3.3", "scenario: The model gemini/gemini-2.0-flash answers")
    known = _WAIVER + scenario if selection[0] != "-k" else _WAIVER
    done = _run(tmp_path, known, *selection, end="")
    assert done.code == 0, done.out
    assert "PARTIAL RUN on embedded: all 1 selected passed" in done.out


def test_a_partial_run_proves_useless_what_it_ran_whole(tmp_path: Path) -> None:
    known = _WAIVER.replace("task: 3.3", "scenario: The model gemini/gemini-2.0-flash answers")
    done = _run(tmp_path, known, "-k", "gemini", end="")
    assert done.code == 1, done.out
    assert "is not there: the scenario is accepted without it; remove it" in done.out


@pytest.mark.parametrize("end", ["", _DOWN, " without a key"])
def test_a_file_that_matches_nothing_changes_no_verdict(tmp_path: Path, end: str) -> None:
    strangers = "".join(
        _WAIVER.replace("task: 3.3", named)
        .replace("verdict: inconclusive", f"verdict: {verdict}")
        .replace(_DNS, "a phrase that nobody says")
        for named in ("task: 3.3", "criterion: AC3", "model: gemini/gemini-2.0-flash")
        for verdict in ("failed", "inconclusive", "not proven")
    )
    without = _verdicts(_run(tmp_path, "", end=end))
    assert len(without) == 3
    assert _verdicts(_run(tmp_path, strangers, end=end)) == without


def _verdicts(done: Run) -> dict[str, str]:
    record, _ = read_record((done.reports / "signoff.json").read_text())
    return {each.title: each.verdict for each in record.scenarios}


@pytest.mark.parametrize(
    ("waivers", "place", "found"),
    [
        (
            _WAIVER.replace(str(_TOMORROW), "2020-02-29"),
            "known.yaml:7",
            "has expired on 2020-02-29",
        ),
        (_WAIVER.replace("3.3", "3.9"), "known.yaml:2", "there is no task '3.9'"),
        (
            _WAIVER + _WAIVER.replace("task: 3.3", "scenario: The model gpt-5 answers"),
            "known.yaml:9",
            "there is no scenario 'The model gpt-5 answers'",
        ),
        (_WAIVER + _WAIVER, "known.yaml:9", "known.yaml:2 accepts it too"),
        (_WAIVER.replace("inconclusive", "blocked"), "known.yaml:3", "'blocked'"),
        (_WAIVER.replace("  owner: platform team\n", ""), "known.yaml:2", "no owner"),
        (_WAIVER.replace("  reason", "  raeson"), "known.yaml:5", "there is no field 'raeson'"),
        (_WAIVER.replace("platform team", "[a, b]"), "known.yaml:6", "a list or a mapping"),
        (_WAIVER.replace("platform team", "a\n  owner: b"), "known.yaml:7", "it again"),
        (_WAIVER.replace("task: 3.3", "[3.3]: 3.3"), "known.yaml:2", "a list or a mapping"),
        (_WAIVER.replace("platform", "plat\u200bform"), "known.yaml:6", "U+200B ZERO WIDTH SPACE"),
        (_WAIVER.replace(str(_TOMORROW), "2999-12-31"), "known.yaml:7", "2999-12-31"),
        (_WAIVER.replace("platform team", '"\\uD800"'), "known.yaml:6", "U+D800"),
        ("waivers: []\n", "known.yaml:1", "something else"),
        ("\n\n- just a text\n", "known.yaml:3", "something else"),
        ("- task: [\n", "known.yaml:2", "expected the node content"),
        ("\x00", "known.yaml", "special characters are not allowed"),
        ("[" * 5000, "known.yaml", "recursion"),
        ("- {}\n" * 30_000, "known.yaml", "more than 100000 bytes"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, waivers: str, place: str, found: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("known.yaml").write_text(waivers)
    with pytest.raises(SetupError) as caught:
        read(Path("known.yaml"), STORY, titles=(), today=_TODAY)
    message = str(caught.value)
    assert message.startswith("The waivers cannot be used.\n  expected  ")
    assert found in message
    assert f"  where     {place}\n" in message
    assert "docs/waivers.md says how" in message


@pytest.mark.parametrize(
    ("wrong", "found"),
    [
        (_WAIVER.replace(str(_TOMORROW), "2020-02-29"), "has expired on 2020-02-29"),
        (_WAIVER.replace("task: 3.3", "scenario: Story"), "there is no scenario 'Story'"),
        ("- task: [\n", "expected the node content"),
    ],
    ids=["expired", "unknown", "unreadable"],
)
def test_such_a_file_stops_the_run_before_it_starts(tmp_path: Path, wrong: str, found: str) -> None:
    done = _run(tmp_path, wrong)
    assert done.code == 99, done.out
    assert found in done.out
    assert re.search(r"^  where     known\.yaml:\d$", done.out, re.MULTILINE), done.out
    assert "Traceback" not in done.out
    assert "passed" not in done.out


@pytest.mark.parametrize(
    ("content", "found"), [(None, "No such file"), (b"\xff\xfe\xff", "invalid start byte")]
)
def test_a_file_that_cannot_be_read_is_named(
    tmp_path: Path, content: bytes | None, found: str
) -> None:
    file = tmp_path / "known.yaml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SetupError, match=found) as caught:
        read(file, STORY, titles=(), today=_TODAY)
    assert f"where     {file}\n" in str(caught.value)


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "known.yaml")
    with pytest.raises(SetupError, match="something else than a file"):
        read(tmp_path / "known.yaml", STORY, titles=(), today=_TODAY)


@settings(max_examples=150)
@given(
    st.text(max_size=40) | st.from_regex(r"(- |  |task: |'|\[|\{|\}|&a |\*a|\n|says: x|3\.3){0,12}")
)
def test_whatever_is_in_the_file_is_read_or_refused(text: str) -> None:
    with TemporaryDirectory() as folder, suppress(SetupError):
        file = Path(folder) / "known.yaml"
        file.write_text(text, errors="surrogatepass")
        read(file, STORY, titles=(), today=_TODAY)


@pytest.mark.parametrize("text", ["", "# the last one was removed\n", "[]\n"])
def test_a_file_without_waivers_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "known.yaml").write_text(text)
    assert read(tmp_path / "known.yaml", STORY, titles=(), today=_TODAY) == {}


def test_the_documented_example_is_one() -> None:
    example = REPOSITORY / "docs" / "waivers-example.yaml"
    waivers = read(example, STORY, titles=titles(), today=date(2026, 12, 1))
    dns = [each.name for each in waivers if each.says == _DNS]
    assert dns == ["3.3", "3.4", "4.2"]
    assert {each.accepts for each in waivers} == {Verdict.INCONCLUSIVE}
    page = (REPOSITORY / "docs" / "waivers.md").read_text()
    (shown,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    assert shown in example.read_text()
