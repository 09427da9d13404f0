"""No known secret survives in what is written, in whatever form; nothing else is touched."""

import base64
import html
import json
import textwrap
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.masking import Redactor
from domain.secret import MASK, Secret, fingerprint

VALUE = "sk-pl4nted/\"s3cret\\+välue'=="
EXACT: dict[str, Callable[[str], str]] = {
    "plain": str,
    "repr": lambda value: repr(value)[1:-1],
    "JSON": lambda value: json.dumps(value)[1:-1],
    "JSON, unescaped": lambda value: json.dumps(value, ensure_ascii=False)[1:-1],
    "JSON in JSON": lambda value: json.dumps(json.dumps(value)[1:-1])[1:-1],
    "HTML": html.escape,
    "HTML, quotes as they are": lambda value: html.escape(value, quote=False),
    "URL": lambda value: quote(value, safe=""),
    "URL path": quote,
    "URL query": quote_plus,
    "base64": lambda value: base64.b64encode(value.encode()).decode(),
    "base64, URL-safe": lambda value: base64.urlsafe_b64encode(value.encode()).decode(),
    "base64, unpadded": lambda value: base64.b64encode(value.encode()).decode().rstrip("="),
}
WITHIN: dict[str, Callable[[str], str]] = {
    "repr of a text": lambda value: repr(f"""the key's "{value}"\n"""),
    "repr of JSON": lambda value: repr(json.dumps({"the key's": value})),
    "JSON of JSON": lambda value: json.dumps({"body": json.dumps({"key": value})}),
    "JSON of repr": lambda value: json.dumps(repr({"key": value})),
}
WRAPPED: dict[str, Callable[[str], str]] = {
    "wrapped": lambda value: "\n".join(textwrap.wrap(value, 7)),
    "wrapped and indented": lambda value: "\n      ".join(textwrap.wrap(value, 7)),
}


@pytest.mark.parametrize("form", [*EXACT.values(), *WRAPPED.values()], ids=[*EXACT, *WRAPPED])
def test_every_form_is_masked_as_a_whole(form: Callable[[str], str]) -> None:
    redact = Redactor([Secret("another-secret"), Secret(VALUE)])
    assert redact(f"before {form(VALUE)} after") == f"before {MASK} after"


@pytest.mark.parametrize("form", WITHIN.values(), ids=WITHIN.keys())
def test_a_quoted_text_around_the_secret(form: Callable[[str], str]) -> None:
    masked = Redactor([Secret(VALUE)])(form(VALUE))
    assert MASK in masked
    assert not [part for part in ("pl4nted", "s3cret", "lue") if part in masked], masked


@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
@pytest.mark.parametrize("before", ["", "u", "us", "use", "user:", "Bearer "])
@pytest.mark.parametrize("after", ["", "\n", ":more", "xyz"])
def test_base64_of_a_text_around_the_secret(
    encode: Callable[[bytes], bytes], before: str, after: str
) -> None:
    written = encode(f"{before}{VALUE}{after}".encode()).decode()
    masked = Redactor([Secret(VALUE)])(f"Authorization: Basic {written}")
    assert MASK in masked
    kept = masked.removeprefix("Authorization: Basic ").replace(MASK, "")
    around = len(base64.b64encode(f"{before}{after}".encode()))
    assert len(kept) <= around + 4


SECRETS = st.text(st.characters(codec="utf-8"), min_size=6).filter(
    lambda text: len(text.strip()) > 5
)
AROUND = st.text("ab •\n\"'\\{}", max_size=12)


@given(SECRETS)
def test_no_secret_survives(value: str) -> None:
    redact = Redactor([Secret(value)])
    value = value.strip()
    for name, form in EXACT.items():
        assert redact(form(value)) == MASK, name
    for name, form in WITHIN.items():
        assert MASK in redact(form(value)), name


@given(st.text(), st.lists(st.from_regex(r"[a-z0-9]{20}", fullmatch=True), max_size=5))
def test_a_text_without_a_secret_is_unchanged(text: str, values: list[str]) -> None:
    assert Redactor(map(Secret, values))(text) == text


@given(st.lists(SECRETS, min_size=1, max_size=4), st.text(max_size=40))
def test_masking_twice_changes_nothing_more(values: list[str], text: str) -> None:
    redact = Redactor(map(Secret, values))
    once = redact(f"{text}{values[0]}{text}")
    assert values[0].strip() not in once or values[0].strip() in MASK * 3
    assert redact(once).count(MASK) >= 1


def test_a_secret_within_a_longer_one() -> None:
    redact = Redactor([Secret("sk-short"), Secret("sk-short-and-long")])
    assert redact("sk-short-and-long sk-short") == f"{MASK} {MASK}"


@pytest.mark.parametrize("value", ["", "key", "12345", "  key  "])
def test_what_is_too_short_would_mask_ordinary_words(value: str) -> None:
    assert Redactor([Secret(value)])("a key of 12345 pieces") == "a key of 12345 pieces"


def test_a_secret_learnt_later_is_masked_from_then_on() -> None:
    redact = Redactor()
    assert redact("token-123456") == "token-123456"
    redact.add(Secret("token-123456\n"))
    assert redact("token-123456") == MASK


def test_a_secret_cannot_be_printed_by_accident() -> None:
    secret = Secret(VALUE)
    for shown in (str(secret), repr(secret), f"{secret}", "%s" % secret, repr({"key": [secret]})):  # noqa: UP031  # each way
        assert VALUE not in shown
    assert bool(secret)
    assert not Secret("")
    assert secret == Secret(VALUE)


def test_fingerprints() -> None:
    assert fingerprint("") == "(empty)"
    assert fingerprint("a") != fingerprint("b")
    assert Secret("a").fingerprint == fingerprint("a")
    assert len(fingerprint("\udcff")) == 8  # bytes of an environment that are no text
