"""No known secret survives in what is written, in whatever form; nothing else is touched."""

import base64
import html
import json
import re
import secrets
import textwrap
import time
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acceptance.masking import Redactor
from acceptance.secret import MASK, Secret, fingerprint
from acceptance.shapes import secret_in

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
    "URL, in lower case": lambda value: re.sub(
        "%..", lambda found: found[0].lower(), quote(value, safe="")
    ),
    "YAML, in apostrophes": lambda value: value.replace("'", "''"),
    "hexadecimal": lambda value: value.encode().hex(),
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
ESCAPED: dict[str, Callable[[str], str]] = {
    "JSON of Go": lambda value: _go(json.dumps(value)[1:-1]),
    "JSON of PHP": lambda value: json.dumps(value)[1:-1].replace("/", "\\/"),
    "JSON, every character": lambda value: "".join(f"\\u{ord(each):04X}" for each in value),
    "JavaScript": lambda value: "".join(f"\\x{ord(each):02x}" for each in value),
    "HTML by numbers": lambda value: "".join(f"&#{ord(each)};" for each in value),
    "HTML by hexadecimal numbers": lambda value: "".join(f"&#x{ord(each):X};" for each in value),
    "HTML of Go": lambda value: html.escape(value).replace("&#x27;", "&#39;").replace("+", "&#43;"),
    "XML": lambda value: html.escape(value).replace("&#x27;", "&apos;"),
    "URL, every character": lambda value: "".join(f"%{each:02x}" for each in value.encode()),
    "URL, as a browser's script does": lambda value: quote(value, safe="!'()*"),
    "URL in a URL": lambda value: quote(quote(value, safe="")),
    "URL in JSON of Go": lambda value: _go(json.dumps(quote(value, safe="'"))[1:-1]),
    "shell": lambda value: value.replace("'", "'\\''"),
    "shell, in both quotes": lambda value: value.replace("'", "'\"'\"'"),
    "CSV": lambda value: value.replace('"', '""'),
    "JSON in HTML": lambda value: html.escape(json.dumps(value)[1:-1]),
    "base64 of base64": lambda value: base64.b64encode(base64.b64encode(value.encode())).decode(),
    "base64 in lines": lambda value: "\n".join(
        textwrap.wrap(base64.b64encode(value.encode()).decode(), 9)
    ),
}
WRAPPED: dict[str, Callable[[str], str]] = {
    "wrapped": lambda value: "\n".join(textwrap.wrap(value, 7)),
    "wrapped and indented": lambda value: "\n      ".join(textwrap.wrap(value, 7)),
}


def _go(text: str) -> str:
    """What Go's encoding/json does besides."""
    return re.sub("[<>&']", lambda found: f"\\u{ord(found[0]):04x}", text)


ALL = EXACT | ESCAPED | WRAPPED


@pytest.mark.parametrize("form", ALL.values(), ids=ALL)
def test_every_form_is_masked_as_a_whole(form: Callable[[str], str]) -> None:
    redact = Redactor([Secret("another-secret"), Secret(VALUE)])
    assert redact(f"before {form(VALUE)} after") == f"before {MASK} after"


@pytest.mark.parametrize("form", WITHIN.values(), ids=WITHIN.keys())
def test_a_quoted_text_around_the_secret(form: Callable[[str], str]) -> None:
    masked = Redactor([Secret(VALUE)])(form(VALUE))
    assert MASK in masked
    assert not [part for part in ("pl4nted", "s3cret", "lue") if part in masked], masked


@pytest.mark.parametrize("change", [str.lower, str.upper])
def test_a_key_in_the_place_of_a_host_which_has_no_case(change: Callable[[str], str]) -> None:
    redact = Redactor([Secret("Zq7wKp93xLmTvR2nB8")])
    assert redact(f"http://{change('Zq7wKp93xLmTvR2nB8')}:4000") == f"http://{MASK}:4000"


def test_a_registrys_sign_in_within_a_secret() -> None:
    signed_in = {"auths": {"r.example": {"auth": base64.b64encode(f"u:{VALUE}".encode()).decode()}}}
    masked = Redactor([Secret(VALUE)])(base64.b64encode(json.dumps(signed_in).encode()).decode())
    kept = b"".join(
        base64.b64decode(piece[: len(piece) // 4 * 4]) for piece in masked.split(MASK)
    ).decode(errors="replace")
    assert MASK in masked
    assert base64.b64encode(VALUE.encode()).decode()[4:12] not in kept


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


PEM = "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n"
LINEAR = 10.0
"""Seconds within which a busy machine does what grows with the text, and nothing that squares."""


@pytest.mark.parametrize(
    "secret",
    [
        PEM.format("\n".join(secrets.token_urlsafe(48) for _ in range(460))),
        secrets.token_urlsafe(22_500),
        "ab" * 15_000,
        "[" + "a" * 30_000,
        "a" * 30_000 + "\nb",
    ],
    ids=["a CA bundle", "one line", "periodic", "a file", "a periodic file"],
)
@pytest.mark.parametrize("text", ["a" * 400_000, "x = 1, y = 2\n" * 30_000])
def test_masking_takes_time_by_the_text_alone(secret: str, text: str) -> None:
    many = [Secret(secrets.token_urlsafe(24)) for _ in range(500)]
    started = time.process_time()
    redact = Redactor([Secret(secret), *many])
    masked = redact(f"{text}{secret}{text}")
    assert time.process_time() - started < LINEAR
    assert secret.strip() not in masked
    assert MASK in masked


def test_a_file_is_masked_line_by_line_where_its_lines_are_keys() -> None:
    lines = [secrets.token_hex(16).upper() + secrets.token_hex(16) for _ in range(20)]
    redact = Redactor([Secret(PEM.format("\n".join(lines)))])
    assert lines[7] not in redact(f"10:00 INFO {lines[7]} was read")
    indented = "".join(f"\n    {line}" for line in lines)
    assert not [line for line in lines if line in redact(f"ca: |{indented}\n")]


@pytest.mark.parametrize(
    ("file", "secret"),
    [
        ("model_list:\n- litellm_params:\n    api_key: not-a-known-shape\n", "not-a-known-shape"),
        ('{"auths": {"ghcr.io": {"password": "p4sswordOfGhcr"}}}', "p4sswordOfGhcr"),
        ("postgresql://webui:p4ss-of-postgres@db:5432/x", "p4ss-of-postgres"),
        ("[client]\npassword = p4ss-of-mysql\n", "p4ss-of-mysql"),
        ("export PROXY_MASTER_KEY='k3y-of-the-proxy'\n", "k3y-of-the-proxy"),
    ],
)
def test_what_is_secret_within_a_secret_is_one_by_itself(file: str, secret: str) -> None:
    redact = Redactor([Secret(file)])
    assert redact(f"refused: {secret}") == f"refused: {MASK}"
    for known in ("http://litellm.ml.svc.cluster.local:4000/v1", "model_list", "ghcr.io"):
        assert redact(known) == known


def test_what_an_address_says_behind_its_question_mark_is_known_wherever_it_is_cut() -> None:
    address = "https://host.example/v1?alt=sse&key=c4n4ry-query"
    redact = Redactor(map(Secret, secret_in("OPENAI_API_BASE_URL", address)))
    assert (
        redact("url='https://host.exa...ey=c4n4ry-query'") == f"url='https://host.exa...ey={MASK}'"
    )


WORDS = ["target", "passed", "failure", "testcase", "ACCEPTED", "vllm-qwen", "2026-11-24", "true"]


@pytest.mark.parametrize("word", WORDS)
def test_the_suites_own_words_stay_though_they_are_somebodys_secret(word: str) -> None:
    redact = Redactor([Secret(word), Secret("hunter2-correct-horse")])
    assert redact.own(f"{word} is, {word}s are") == f"{word} is, {word}s are"
    assert redact.own("hunter2-correct-horse") == MASK
    if len(word) >= 6:
        assert redact(f"found {word}") == f"found {MASK}"


def test_a_picture_keeps_each_byte_that_is_no_secret() -> None:
    redact = Redactor([Secret("hunter2-correct-horse"), Secret("passed")])
    picture = bytes(range(256)) * 3
    assert redact.known(picture) == picture
    assert redact.known(picture + b"hunter2-correct-horse") == picture + MASK.encode()


ESCAPING = st.sampled_from([form for name, form in ESCAPED.items() if "base64" not in name])


@given(
    st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=16),
    st.sampled_from([*EXACT.values(), *ESCAPED.values()]),
    ESCAPING,
    AROUND,
)
def test_no_key_survives_two_quotings(
    value: str, inner: Callable[[str], str], outer: Callable[[str], str], around: str
) -> None:
    text = outer(inner(value))
    masked = Redactor([Secret(value)])(f"{around}{text}{around}")
    assert MASK in masked
    assert text not in masked
