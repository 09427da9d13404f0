"""What Kubernetes makes of manifest objects: environment, references, Secrets."""

import base64
import time
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acceptance.resources import (
    Manifest,
    Variable,
    data_of,
    expand,
    missing_references,
    resolve_environment,
)
from acceptance.secret import Secret
from tests.checks.kubelet import kubelet
from tests.checks.making import looking_up, refused, resolved

OBJECTS = {
    ("ConfigMap", "plain"): {"A": "plain-a", "B": "plain-b"},
    ("Secret", "hidden"): {"A": "hidden-a", "C": "$(A)"},
}
PLAIN: Manifest = {"configMapRef": {"name": "plain"}}
HIDDEN: Manifest = {"secretRef": {"name": "hidden"}}


def _value(name: str, value: object) -> Manifest:
    return {"name": name, "value": value}


def _key(name: str, field: str, of: str, key: str, **more: object) -> Manifest:
    return {"name": name, "valueFrom": {field: {"name": of, "key": key, **more}}}


CASES: dict[str, tuple[list[Manifest], list[Manifest], Mapping[str, str]]] = {
    "the last entry wins": ([_value("A", "1"), _value("A", "2")], [], {"A": "2"}),
    "env beats envFrom": ([_value("A", "1")], [PLAIN], {"A": "1", "B": "plain-b"}),
    "the later source wins": (
        [],
        [PLAIN, HIDDEN],
        {"A": "hidden-a", "B": "plain-b", "C": "$(A)"},
    ),
    "a prefix": ([], [{**PLAIN, "prefix": "P_"}], {"P_A": "plain-a", "P_B": "plain-b"}),
    "an optional source that is missing": ([], [{"secretRef": {"name": "no"}}, PLAIN], {
        "A": "plain-a", "B": "plain-b",
    }),
    "a key": ([_key("X", "secretKeyRef", "hidden", "A")], [], {"X": "hidden-a"}),
    "an optional key that is missing leaves the entry before it": (
        [_value("X", "1"), _key("X", "configMapKeyRef", "plain", "no", optional=True)],
        [],
        {"X": "1"},
    ),
    "no expansion in what a reference brings": (
        [_key("X", "secretKeyRef", "hidden", "C")], [], {"X": "$(A)"},
    ),
    "expansion": ([_value("X", "<$(A)>")], [PLAIN], {
        "A": "plain-a", "B": "plain-b", "X": "<plain-a>",
    }),
    "only what comes before": (
        [_value("X", "$(Y)"), _value("Y", "1")], [], {"X": "$(Y)", "Y": "1"},
    ),
    "itself, as it was before": ([_value("X", "1"), _value("X", "$(X)2")], [], {"X": "12"}),
    "a doubled dollar": (
        [_value("A", "1"), _value("X", "$$(A) $$$(A)")], [], {"A": "1", "X": "$(A) $1"},
    ),
    "unknown, open, empty and nested": (
        [_value("A", "1"), _value("X", "$(no) $(A $() $(B$(A)) $A $")],
        [],
        {"A": "1", "X": "$(no) $(A $() $(B$(A)) $A $"},
    ),
    "a name that begins with a digit": ([_value("1A", "x"), _value("X", "$(1A)")], [], {
        "1A": "x", "X": "x",
    }),
    "an empty value": ([_value("X", None), {"name": "Y"}], [], {"X": "", "Y": ""}),
    "nothing at all": ([], [], {}),
}  # fmt: skip


@pytest.mark.parametrize(("entries", "sources", "expected"), CASES.values(), ids=CASES.keys())
def test_environment(
    entries: list[Manifest], sources: list[Manifest], expected: Mapping[str, str]
) -> None:
    found = resolved(*entries, sources=tuple(sources), objects=OBJECTS)
    assert {name: variable.value.reveal() for name, variable in found.items()} == expected


def test_empty_lists_may_be_written_as_nothing() -> None:
    container: Manifest = {"env": None, "envFrom": None}
    assert resolve_environment(container, looking_up({}), {}) == {}
    assert missing_references(container, looking_up({})) == ()


def test_each_value_says_where_it_came_from() -> None:
    field = {"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}
    limit = {"name": "CPU", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}}
    entries = [_value("A", "1"), _key("X", "secretKeyRef", "hidden", "A"), field, limit]
    container = {"env": entries, "envFrom": [HIDDEN, PLAIN]}
    found = resolve_environment(container, looking_up(OBJECTS), {"metadata.name": "web-0"})
    assert {name: (each.source, each.hides) for name, each in found.items()} == {
        "A": ("value", 2),
        "B": ("envFrom ConfigMap plain", 0),
        "C": ("envFrom Secret hidden", 0),
        "X": ("Secret hidden, key A", 0),
        "POD": ("field metadata.name", 0),
        "CPU": ("a resource limit", 0),
    }
    assert found["POD"].value.reveal() == "web-0"


@pytest.mark.parametrize(
    ("entries", "sources", "expected"),
    [
        ([], [PLAIN, HIDDEN], ()),
        ([], [{"secretRef": {"name": "no"}}], ("Secret no",)),
        ([], [{"secretRef": {"name": "no", "optional": True}}], ()),
        ([_key("X", "secretKeyRef", "no", "A")], [], ("Secret no",)),
        ([_key("X", "configMapKeyRef", "plain", "no")], [], ("key no of ConfigMap plain",)),
        ([_key("X", "configMapKeyRef", "plain", "no", optional=True)], [], ()),
        ([_key("X", "secretKeyRef", "no", "A")] * 2, [], ("Secret no",)),
        ([_value("X", "1")], [], ()),
    ],
)
def test_what_keeps_a_container_from_starting(
    entries: list[Manifest], sources: list[Manifest], expected: tuple[str, ...]
) -> None:
    container = {"env": entries, "envFrom": sources}
    assert missing_references(container, looking_up(OBJECTS)) == expected


def test_in_place_of_a_key_that_is_missing_those_are_named_that_are_there() -> None:
    container = {"env": [_key("X", "configMapKeyRef", "plain", "no")]}
    there = ", ".join(sorted(OBJECTS["ConfigMap", "plain"]))
    assert missing_references(container, looking_up(OBJECTS), with_keys=True) == (
        f"key no of ConfigMap plain (it has {there})",
    )


NAMES = st.sampled_from(["A", "B", "P_A", "1A", "no.dots"])
TEXTS = st.text("$()AB_P1 x", max_size=12)
HOLDERS = st.sampled_from(["one", "two", "gone"])
REFERENCES = st.sampled_from(["configMap", "secret"])
ENTRY = st.one_of(
    st.fixed_dictionaries({"name": NAMES}, optional={"value": TEXTS}),
    st.builds(
        lambda name, kind, of, key: {
            "name": name,
            "valueFrom": {f"{kind}KeyRef": {"name": of, "key": key, "optional": True}},
        },
        NAMES, REFERENCES, HOLDERS, NAMES,
    ),
)  # fmt: skip
SOURCE = st.builds(
    lambda kind, of, more: {f"{kind}Ref": {"name": of, "optional": True}, **more},
    REFERENCES, HOLDERS, st.fixed_dictionaries({}, optional={"prefix": st.just("P_")}),
)  # fmt: skip
HELD = st.dictionaries(
    st.sampled_from([(kind, name) for kind in ("ConfigMap", "Secret") for name in ("one", "two")]),
    st.dictionaries(NAMES, TEXTS, max_size=4),
)


@given(env=st.lists(ENTRY, max_size=8), sources=st.lists(SOURCE, max_size=4), objects=HELD)
def test_two_readings_of_kubernetes_agree(
    env: list[dict[str, Any]],
    sources: list[dict[str, Any]],
    objects: dict[tuple[str, str], dict[str, str]],
) -> None:
    container = {"env": env, "envFrom": sources}
    found = resolve_environment(container, looking_up(objects), {})
    assert sorted((each.name, each.value.reveal()) for each in found.values()) == kubelet(
        container, objects
    )


@given(st.text(), st.text("ABC", min_size=1), st.text())
def test_a_doubled_dollar_keeps_any_text(text: str, name: str, value: str) -> None:
    known = {name: Variable(name=name, value=Secret(value), source="value")}
    assert expand(text.replace("$", "$$"), known) == text


@pytest.mark.parametrize("text", ["$(" * 65_000, f"){'$(A' * 40_000}", f"{'$' * 65_000}$("])
def test_a_reference_that_is_not_closed_takes_no_time_and_is_a_text(text: str) -> None:
    known = {"A": Variable(name="A", value=Secret("x"), source="value")}
    started = time.process_time()
    assert expand(text, known) == text.replace("$$", "$")
    assert time.process_time() - started < 2


def test_data_of_a_secret() -> None:
    manifest: Manifest = {
        "kind": "Secret",
        "data": {"A": base64.b64encode(b"a").decode(), "B": "Yg==\n", "N": None},
        "stringData": {"A": "wins"},
    }
    assert data_of(manifest) == {"A": "wins", "B": "b", "N": ""}
    assert data_of({"kind": "ConfigMap", "data": {"A": "YQ=="}}) == {"A": "YQ=="}
    assert data_of({"kind": "ConfigMap"}) == {}


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"KEY": "sk-not-base64"}, "data.KEY is not base64"),
        ({"KEY": base64.b64encode(b"\xff\xfe").decode()}, "data.KEY is not base64 of text"),
        ({"KEY": 5}, "KEY under data is no text"),
        ({"KEY": True}, "KEY under data is no text"),
        ({"KEY": ["a"]}, "KEY under data is no text"),
        (["a"], "data under data is no text"),
    ],
)
def test_data_that_no_secret_can_hold(data: object, words: str) -> None:
    with refused(words, error=ValueError):
        data_of({"kind": "Secret", "data": data})


SHOWN = [
    ("PORT", "8080", "value", "8080"),
    ("BYPASS_MODEL_ACCESS_CONTROL", "True", "value", "True"),
    ("WEBUI_AUTH", "False", "value", "False"),
    ("DATABASE_URL", "postgres://me:p4ss@db:5432/x", "value", "postgres://•••@db:5432/x"),
    ("OPENAI_API_KEY", "sk-1", "value", None),
    ("DB_PASS", "p4ss", "value", None),
    ("ANYTHING", "sk-1", "Secret s, key k", None),
    ("ANYTHING", "sk-1", "envFrom Secret s", None),
]


@pytest.mark.parametrize(("name", "value", "source", "shown"), SHOWN)
def test_what_a_report_shows(name: str, value: str, source: str, shown: str | None) -> None:
    variable = Variable(name=name, value=Secret(value), source=source)
    assert variable.shown() == (shown or f"(fingerprint {Secret(value).fingerprint})")
