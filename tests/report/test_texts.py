"""The record for people and machines: Markdown that renders, metrics that parse."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given

from acceptance.checks.documentation import check_chain, check_models
from acceptance.checks.findings import Failover, Findings, Served
from acceptance.plugin.metrics import metrics
from acceptance.report.cover.page import cover
from acceptance.report.markdown import models, summary
from acceptance.report.record import Compared, Record, read, written
from tests.report.records import RECORD
from tests.report.test_shown import ACTING

_SAMPLE = re.compile(
    r'(?P<name>[a-z_]+)\{(?P<labels>(?:[a-z_]+="(?:[^"\\\n]|\\[\\"n])*",?)*)\} (?P<value>[0-9.e+]+)'
)


def test_the_summary_says_verdict_partial_changes_rows_and_versions() -> None:
    text = summary(replace(RECORD, partial="interrupted"))

    assert text.startswith(
        "## INCOMPLETE on embedded: of 2 scenarios: 1 inconclusive\n\n**Partial:**"
    )
    assert "- AC3 was passed, is inconclusive" in text
    assert (
        "| AC3 | the answers | inconclusive | 0/1 | inconclusive: Groq refused \\| quota |" in text
    )
    assert "Open WebUI 0.12.4, LiteLLM 1.106.2, suite 0.1.0, commit 999999999999." in text
    assert "with uncommitted changes" in summary(
        replace(RECORD, suite=replace(RECORD.suite, clean=False))
    )


def test_every_table_has_as_many_cells_in_each_row() -> None:
    for table in re.findall(r"(?:^\|.*\n)+", summary(RECORD) + "\n" + models(RECORD), re.MULTILINE):
        counts = {len(re.findall(r"(?<!\\)\|", row)) for row in table.splitlines()}
        assert len(counts) == 1, table


def test_the_documentation_would_pass_the_suites_own_check() -> None:
    text = models(RECORD)

    check_models(text, ["vllm-qwen", "extra"], "models.md")
    check_chain(text, ("vllm-qwen", "ollama-qwen"), "models.md")
    assert "| vllm-qwen | vLLM refuses connections | ollama-qwen | 2.5 s |" in text
    assert '| vllm-qwen | a and b "c" | an error | 5.0 s |' in text


def test_a_run_that_found_nothing_documents_nothing() -> None:
    text = models(replace(RECORD, findings=Findings()))

    assert "No model was found." in text
    assert "No fallback chain was found." in text


def test_the_metrics_are_openmetrics() -> None:
    """Each rule of the text format that a writer of gauges can break."""
    text = metrics(RECORD)
    assert text.endswith("\n# EOF\n")
    families: dict[str, list[str]] = {}
    seen: set[str] = set()
    name = ""
    for line in text.splitlines()[:-1]:
        if line.startswith("# TYPE "):
            name = line.split()[2]
            assert name not in families, "a family stands in one place"
            assert line == f"# TYPE {name} gauge"
            families[name] = []
        elif line.startswith("# UNIT "):
            assert line == f"# UNIT {name} seconds"
            assert name.endswith("_seconds")
        elif not line.startswith(f"# HELP {name} "):
            sample = _SAMPLE.fullmatch(line)
            assert sample, line
            assert sample["name"] == name
            series = f"{name}{sample['labels']}"
            assert series not in seen
            seen.add(series)
            families[name].append(sample["value"])
    assert families["acceptance_accepted"] == ["0.0"]
    assert families["acceptance_requirement_accepted"] == ["1.0", "0.0"]
    assert families["acceptance_first_word_seconds"] == ["0.5"]
    assert families["acceptance_substituted"] == ["1.0"]
    assert families["acceptance_failover_seconds"] == ["2.5", "5.0"]
    assert families["acceptance_run_duration_seconds"] == ["107.5"]
    assert families["acceptance_run_start_timestamp_seconds"] == ["1795507542.0"]
    assert r'away="a and b \"c\""' in text


def _saying(text: str) -> Record:
    """A record that says this wherever somebody else's words can stand, as its file holds it."""
    requirement = replace(RECORD.requirements[1], reasons=(text,))
    record = replace(
        RECORD,
        ran_by=text,
        versions={"LiteLLM": text},
        requirements=(RECORD.requirements[0], requirement),
        waivers=(text,),
        compared=(Compared(criterion="AC1", declared=text, effective=text, observed=text),),
        notes=(text,),
        changes=(text,),
        findings=Findings(
            endpoint=text,
            models=(Served(name=text, upstream=text, host=text, first_seconds=0.5),),
            chain=(text, "b"),
            substituted={text: text},
            failovers=(Failover(asked=text, away=(text,), answered=text, seconds=1.0),),
        ),
    )
    return read(written(record))[0]


HOSTILE = (
    "</td></tr><script>alert(1)</script><img src=x onerror=alert(1)> --> <!-- acceptance: x --> "
    "[x](http://evil.example) | `a` ``b\n\n# c\n- d\n\x1b[2J\u202e\u200b @ada \ud83d \"' &lt;b&gt;"
)


@pytest.mark.parametrize("text", [HOSTILE, "`", "``|``", "|", "\\", "--", "\n", "\ud83d"])
def test_what_others_say_does_not_act_in_the_markdown(text: str) -> None:
    for markdown in (summary(_saying(text)), models(_saying(text))):
        _check_markdown(markdown)


@given(ACTING)
def test_nothing_that_others_say_acts_in_the_markdown(text: str) -> None:
    for markdown in (summary(_saying(text)), models(_saying(text))):
        _check_markdown(markdown)


def _check_markdown(markdown: str) -> None:
    markdown.encode()
    assert not set(markdown) & {"\x1b", "\u202e", "\u200b", "\x07", "\r"}
    spans = r"(?<![\\`])(`+)(?!`)[^\n]*?(?<!`)\1(?!`)"
    outside = re.sub(spans, "code", markdown)
    outside = re.sub(r"^<!-- as found (?:(?!--)[^<>\n])* -->", "", outside)
    assert not re.findall(r"<(?!br>|!-- -->)", outside), markdown
    assert not re.findall(r"@\w", outside), markdown
    assert not re.findall(r"(?<!\\)\]\(", outside), markdown
    for table in re.findall(r"(?:^\|.*\n)+", markdown, re.MULTILINE):
        counts = {len(re.findall(r"(?<!\\)(?:\\\\)*\|", row)) for row in table.splitlines()}
        assert len(counts) == 1, table


@given(ACTING)
def test_nothing_that_others_say_acts_on_the_cover(text: str) -> None:
    page = cover(_saying(text), "sha256:1")
    page.encode()
    assert not set(page) & {"\x1b", "\u202e", "\u200b"}
    found: set[str] = set()

    class Tags(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.update({tag, *(name for name, _ in attrs if name.startswith("on"))})

    Tags().feed(page)
    known = {"div", "main", "h1", "h2", "p", "span", "strong", "dl", "dt", "dd", "button"}
    known |= {"table", "thead", "tbody", "tr", "th", "td", "ul", "li", "code", "style", "script"}
    assert found <= known


@given(ACTING)
def test_the_metrics_stay_openmetrics_whatever_others_say(text: str) -> None:
    for line in metrics(_saying(text)).splitlines():
        assert line.startswith("# ") or _SAMPLE.fullmatch(line), line
