"""The cover: everything that a signer needs, escaped, and reachable by the links of a scenario."""

import re
from dataclasses import replace

import pytest

from acceptance.report.cover.page import cover
from tests.report.records import RECORD


def _text(html: str) -> str:
    body = re.sub(r"<(style|script)>.*?</\1>", "", html, flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body))


def test_verdict_then_versions_then_changes_then_rows() -> None:
    text = _text(cover(RECORD, "sha256:1"))

    order = [
        "? INCOMPLETE",
        "Open WebUI 0.12.4",
        "LiteLLM 1.106.2",
        "AC3 was passed, is inconclusive",
        "AC1 the endpoint ✓ passed 1 of 1",
        "sha256:1",
    ]
    locators = [text.index(each) for each in order]
    assert locators == sorted(locators)


@pytest.mark.parametrize(
    ("changes", "previous", "expected"),
    [
        ((), "", "The first record"),
        ((), "sha256:0", "Nothing changed"),
        (("<new>",), "sha256:0", "&lt;new&gt;"),
    ],
)
def test_it_says_what_changed(changes: tuple[str, ...], previous: str, expected: str) -> None:
    assert expected in cover(replace(RECORD, changes=changes, previous=previous), "")


def test_a_partial_run_says_so_before_anything_else() -> None:
    text = _text(cover(replace(RECORD, partial="interrupted, 3 of 5"), ""))

    assert "A partial report. Interrupted, 3 of 5." in text
    assert text.index("A partial report") < text.index("Open WebUI 0.12.4")
    assert "A partial report" not in _text(cover(RECORD, ""))


def test_what_comes_from_outside_is_escaped() -> None:
    html = cover(replace(RECORD, notes=("<script>alert(1)</script>",)), "")

    assert "<script>alert" not in html
    assert '<td data-title="declared">&lt;d&gt;</td>' in html


def test_each_row_is_the_aim_of_a_link() -> None:
    html = cover(RECORD, "")

    assert re.findall(r'<tr id="(story-[^"]+)"', html) == ["story-AC1", "story-AC3", "story-1.1"]
