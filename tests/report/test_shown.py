"""Text from outside: read where it is shown, and acting nowhere."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acceptance.shown import code, comment, line, markdown, visible, whole, whole_in

ANY = st.text(st.characters(), max_size=60)
"""Any text that Python can hold: halves of characters, controls, marks of direction too."""
ACTING = st.lists(
    st.sampled_from(
        [*"ab1 \n\r\t<>[]()!*_`#@&;|~$\\-+=.:/'\"\x1b\x07\x9b\u202e\u200b\u2028\u00ad\ud83d\ude00",
         "<!-- acceptance: ", " -->", "http://", "](x)", "**", "@ada", "#1", "- ", "1. ", "&lt;"]
    ),
    max_size=20,
).map("".join)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("well \U0001f600", "well \U0001f600"),
        ("\ud83d\ude00", "\U0001f600"),
        ("a\ud83d b", "a\ufffd b"),
        ("\ude00\ud83d", "\ufffd\ufffd"),
        ("\udcff", "\ufffd"),
    ],
)
def test_halves_that_stand_together_are_joined_and_others_replaced(
    text: str, expected: str
) -> None:
    assert whole(text) == expected
    assert whole_in({text: [text, 1, None]}) == {expected: [expected, 1, None]}


@given(ANY)
def test_a_whole_text_can_be_written_and_is_told_as_it_was(text: str) -> None:
    whole(text).encode()
    assert whole(whole(text)) == whole(text)
    if text.isascii():
        assert whole(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\x1b[31mred\x1b]0;title\x07", r"\x1b[31mred\x1b]0;title\x07"),
        ("\x9b2J", r"\x9b2J"),
        ("gpt\u202e4o", r"gpt\u202e4o"),
        ("gpt-4\u200bo\ufeff\u00ad", r"gpt-4\u200bo\ufeff\xad"),
        ("a\rb\r\nc\td", "a\\rb\nc\td"),
        ("a\u2028b\u3164", r"a\u2028b\u3164"),
        ("Größe, 模型, \U0001f600", "Größe, 模型, \U0001f600"),
    ],
)
def test_what_would_act_or_hide_is_shown(text: str, expected: str) -> None:
    assert visible(text) == expected


@given(ANY)
def test_nothing_visible_acts_and_it_stays_as_it_is(text: str) -> None:
    shown = visible(text)
    acting = {"Cc", "Cf", "Zl", "Zp"}
    assert not [
        sign for sign in shown if unicodedata.category(sign) in acting and sign not in "\n\t"
    ]
    assert visible(shown) == shown
    assert "\n" not in line(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<img src=x onerror=alert(1)>", "&lt;img src=x onerror=alert(1)&gt;"),
        ("[here](http://evil.example)", r"\[here\](http://evil.example)"),
        ("![x](y)", r"!\[x\](y)"),
        ("a | b", r"a \| b"),
        ("`a` *b* ~~c~~ $d$", r"\`a\` \*b\* \~\~c\~\~ \$d\$"),
        ("gpt_4_o _x_", r"gpt_4_o \_x\_"),
        ("# title", r"\# title"),
        ("- item", r"\- item"),
        ("1. item", r"1\. item"),
        ("---", r"\---"),
        ("@ada #12", "@<!-- -->ada #<!-- -->12"),
        ("<!-- acceptance: ACCEPTED -->", "&lt;!-- acceptance: ACCEPTED --&gt;"),
        ("a\n\n## b", "a ## b"),
        ("&lt;b&gt; & c", "&amp;lt;b&amp;gt; & c"),
        ("vllm-qwen 0.12.4, http://litellm.ml.svc:4000/v1", "vllm-qwen 0.12.4, http://litellm.ml.svc:4000/v1"),
    ],
)  # fmt: skip
def test_markup_is_shown_and_does_nothing(text: str, expected: str) -> None:
    assert markdown(text) == expected


@given(ACTING)
def test_no_text_is_markup(text: str) -> None:
    shown = markdown(text)
    plain = shown.replace("<!-- -->", "")
    assert "\n" not in shown
    assert "<" not in plain
    assert not re.search(r"(?<!\\)(?:\\\\)*[`*\[\]|~$]", plain), shown
    assert not re.match(r"\s*(?:[-+#>=]|\d+[.)]\s)", shown), shown
    shown.encode()


@given(ACTING)
def test_a_code_span_holds_all_of_it(text: str) -> None:
    span = code(text)
    assert "\n" not in span
    if not span:
        assert not line(text)
        return
    fence = re.match("`+", span)
    assert fence
    assert span.endswith(fence[0])
    inside = span[len(fence[0]) : -len(fence[0])]
    assert fence[0] not in re.findall("`+", inside)
    assert not re.search(r"(?<!\\)\|", inside)


@given(ACTING)
def test_a_comment_ends_where_it_ends(text: str) -> None:
    assert re.fullmatch("<!-- (?:(?!--)[^<>\n])* -->", comment(text)), comment(text)
