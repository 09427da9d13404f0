"""The features speak as users do: the glossary's words, one voice, one event a scenario."""

import re
from collections.abc import Iterator

import pytest

from tests.features import features, lines, rules, written
from tests.story import CHAIN, CRITERIA, MODELS

QUOTED = re.compile(r'"[^"]*"')
TECHNICAL = (
    r"pods?|namespaces?|env|environment|variables?|config ?maps?|containers?|labels?|kubectl|helm|"
    r"curl|json|yaml|https?|get|post|api|[1-5]\d\d|status|headers?|database|port|token"
)
EMPTY = r"works?|working|success(?:ful(?:ly)?)?|correct(?:ly)?|properly|valid|ok|should"
WAITING = r"waits?|waiting|sleeps?|\d+ (?:seconds?|minutes?)|eventually"
SPEAKER = r"I|me|my|we|our|you|your"
SYNONYMS = {
    "selector": r"picker|drop-?down|menu",
    "gateway": r"proxy|router|backend",
    "answer": r"repl(?:y|ies)|responses?|completions?|output",
    "conversation": r"chats?|threads?|sessions?",
    "administrator": r"admins?|root",
    "model": r"llms?|engines?",
    "provider": r"vendors?|suppliers?",
}
"""The glossary's word, and others for the same thing that a reader would take for another."""
GLOSSARY = ("user", "gateway", "model", "selector", "answer", "conversation", "fallback", "chain")
WIDEST, LONGEST = 5, 8
"""Columns and rows of an outline's table."""


def _told() -> Iterator[tuple[str, str]]:
    """What the features say in their own words: no values, no tags, no story's words.

    A rule is worded as the story words its criterion.
    """
    for place, line in lines():
        if not line.startswith(("@", "|", "Rule:")):
            yield place, QUOTED.sub("", line)


def _found(words: str, flags: re.RegexFlag = re.IGNORECASE) -> list[str]:
    pattern = re.compile(rf"(?<![\w-])(?:{words})(?![\w-])", flags)
    return [f"{place} {line}" for place, line in _told() if pattern.search(line)]


@pytest.mark.parametrize(
    "words", [TECHNICAL, EMPTY, WAITING, *SYNONYMS.values()], ids=lambda words: words[:12]
)
def test_words_that_users_do_not_use(words: str) -> None:
    assert _found(words) == []


def test_nobody_speaks_of_himself() -> None:
    assert _found(SPEAKER, re.RegexFlag(0)) == []


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (TECHNICAL, "Then the status is 200"),
        (EMPTY, "Then the request is successful"),
        (WAITING, "When a user waits 5 seconds"),
        (SYNONYMS["selector"], "When the model picker is opened"),
    ],
)
def test_the_words_would_be_found(
    monkeypatch: pytest.MonkeyPatch, words: str, sentence: str
) -> None:
    monkeypatch.setitem(globals(), "lines", lambda: [("here", sentence)])
    assert _found(words) == [f"here {sentence}"]


def test_the_glossary_is_used() -> None:
    text = " ".join(line for _, line in _told()).lower()
    assert [word for word in GLOSSARY if word not in text] == []


def test_litellm_is_named_where_its_name_is_the_point() -> None:
    named = {line.partition(":")[0] for line in _found("LiteLLM")}
    assert named == {"endpoint_configuration.feature"}


def test_one_event_a_scenario() -> None:
    for each in written():
        kinds = [step.type for step in each.own_steps]
        keywords = [step.keyword.strip() for step in each.own_steps]
        assert keywords.count("When") == 1, each
        assert kinds.count("when") == 1, f"{each}: an And after the When"
        assert kinds == sorted(kinds, key=["given", "when", "then"].index), each
        assert kinds[-1] == "then", each


def test_a_background_says_only_what_is_given() -> None:
    backgrounds = [f.background for f in features()] + [rule.background for rule in rules()]
    found = [background for background in backgrounds if background]
    assert found
    for background in found:
        assert {step.type for step in background.steps} == {"given"}
        assert len(background.steps) <= 2


def test_a_scenario_has_three_to_six_steps() -> None:
    counted = {str(each): len(each.template.steps) for each in written()}
    assert {each: count for each, count in counted.items() if not 3 <= count <= 6} == {}


def test_values_are_quoted() -> None:
    values = "|".join(map(re.escape, [*MODELS, *CHAIN, "http"]))
    bare = [
        f"{each}: {step.name}"
        for each in written()
        for run in each.runs
        for step in run.steps
        if re.search(values, QUOTED.sub("", step.name))
    ]
    assert bare == []


def test_a_title_says_the_outcome() -> None:
    for each in written():
        title = each.template.name
        assert title[0].isupper(), each
        assert not re.match(r"(?i)test|check|verify|scenario", title), each
        assert not title.endswith("."), each


def test_an_outline_is_a_small_table_whose_title_names_the_row() -> None:
    outlines = [each for each in written() if each.template.examples]
    assert outlines
    for each in outlines:
        for table in each.template.examples:
            assert len(table.example_params) <= WIDEST, each
            assert len(table.examples) <= LONGEST, each
            assert any(f"<{column}>" in each.template.name for column in table.example_params), each
        assert all(table.name for table in each.template.examples) or (
            len(each.template.examples) == 1
        ), each


def test_every_rule_is_about_criteria_and_every_criterion_has_a_rule() -> None:
    tagged = [rule.tags & set(CRITERIA) for rule in rules()]
    assert all(tagged)
    assert set().union(*tagged) == set(CRITERIA)
    assert [str(each) for each in written() if each.template.rule is None] == []
