"""Secrets that the suite was not told of."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acceptance.masking import Redactor
from acceptance.secret import MASK, Secret
from acceptance.shapes import without_shapes

_KEY = "sk-pl4nted-0123456789abcdef"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Incorrect API key provided: sk-proj-abc_DEF123456.", f"provided: {MASK}."),
        ("key gsk_0123456789abcdefABCD", f"key {MASK}"),
        ("key=AIzaSyD-0123456789abc", f"key={MASK}"),
        ('{"token":"eyJhbGciOiJIUzI1NiJ9.eyJpZCI6IjEifQ.c2ln"}', f'{{"token":"{MASK}"}}'),
        ("Authorization: Bearer 0123456789abcdef", f"Authorization: Bearer {MASK}"),
        ("authorization: basic dXNlcjpwYXNzd29yZA==", f"authorization: basic {MASK}"),
        ("http://user:pa55@proxy.example:3128/x", f"http://{MASK}@proxy.example:3128/x"),
        ("GET /v1beta/models?alt=sse&key=abc HTTP", f"?alt=sse&key={MASK} HTTP"),
        ("?alt=sse&amp;key=abc", f"&amp;key={MASK}"),
        ("?X-Amz-Signature=abc&x=1", f"?X-Amz-Signature={MASK}&x=1"),
        ("api_key: s3cr3t\n", f"api_key: {MASK}\n"),
        ('{"config.yaml": "api_key: s3cr3t\\n  model: x"}', f"api_key: {MASK}\\n  model: x"),
        ("    api_key: 'lower case words'\n", f"api_key: '{MASK}'"),
        ('"client_secret": "abc",', f'"client_secret": "{MASK}",'),
        ('{\\"password\\": \\"abc\\"}', f'{{\\"password\\": \\"{MASK}\\"}}'),
        ("password: x\n", f"password: {MASK}\n"),
        ("token: abc-def\r\nnext: 1", f"token: {MASK}\r\nnext: 1"),
        ("POSTGRES_PASSWORD=postgres psql", f"POSTGRES_PASSWORD={MASK} psql"),
        ("{'apiKey': 'abc', 'x': 1}", f"{{'apiKey': '{MASK}', 'x': 1}}"),
        ("x-api-key: abc123", f"x-api-key: {MASK}"),
        ("Authorization: Bearer x1", f"Authorization: Bearer {MASK}"),
        ("authorization: abc", f"authorization: {MASK}"),
        ("Cookie: token=abc; theme=dark\r\n", f"Cookie: {MASK}\r\n"),
        ("'set-cookie': 'sid=abc; Path=/'", f"'set-cookie': '{MASK}'"),
        ("-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----", f"-----{MASK}"),
    ],
)
def test_what_looks_like_a_secret_is_masked(text: str, expected: str) -> None:
    assert expected in without_shapes(text)


_BODY = "0123456789abcdefABCDEF0123456789abcdef"
PREFIXES = (
    "ghp_", "gho_", "github_pat_", "glpat-", "hf_", "xai-", "nvapi-", "pplx-", "sk-ant-api03-",
    "sk-proj-", "sk-or-v1-", "gsk_", "csk-", "AIza", "r8_", "npm_", "xoxb-", "tvly-", "ya29.",
    "lsv2_pt_", "hvs.", "fw_", "whsec_", "pk-lf-",
)  # fmt: skip


@pytest.mark.parametrize("prefix", PREFIXES)
def test_a_key_of_a_provider_is_known_by_its_beginning(prefix: str) -> None:
    for text in (
        f"{prefix}{_BODY}",
        f'"{prefix}{_BODY}"',
        f"x_{prefix}{_BODY}",
        f"\\n{prefix}{_BODY}",
    ):
        assert _BODY[-16:] not in without_shapes(text), text


def test_a_key_of_aws_is_known_by_its_beginning() -> None:
    assert without_shapes("id AKIAIOSFODNN7EXAMPLE refused") == f"id {MASK} refused"


@pytest.mark.parametrize(
    "text",
    [
        "api_key: os.environ/OPENAI_API_KEY\n",
        "api_key: null\n",
        "OPENAI_API_KEY = (fingerprint 1a2b3c4d)  (Secret open-webui-secrets, key OPENAI_API_KEY)",
        "LITELLM_KEY=$(MASTER_KEY)",
        "max_tokens: 64, completion_tokens=5",
        "secretKeyRef: {name: open-webui-secrets, key: OPENAI_API_KEY}",
        "the token: it has expired",
        "Secret open-webui-secrets: no key of this name",
        "xai-grok-4-fast-reasoning, global-endpoint-v2-something, npm-run-all-of-it-2",
        "claude-sonnet-4-20250514, llama-3.3-70b-versatile, task_ghp_",
        "connection #0 http://litellm.ml.svc.cluster.local:4000/v1",
        "the key sk-1234 is LiteLLM's own example",
        "task-4_2 and ask-somebody-else-about-it",
        "GET /api/models?refresh=true&monkey=1 -> 200",
        "x-litellm-model-id: 0123456789abcdef0123456789abcdef",
        "a bearer of bad news, basic arithmetic",
        "os.environ/OPENAI_API_KEY",
    ],
)
def test_what_a_reader_needs_stays(text: str) -> None:
    assert without_shapes(text) == text


@pytest.mark.parametrize("cut", range(4, len(_KEY) - 3))
def test_a_key_cut_in_two_by_a_log_is_masked_but_for_a_short_rest(cut: int) -> None:
    text = f"10:00 INFO {_KEY[:cut]}\n10:01 INFO {_KEY[cut:]}\n"

    masked = Redactor([Secret(_KEY)])(text)

    assert MASK in masked
    left = [part for part in (_KEY[:cut], _KEY[cut:]) if part in masked]
    assert all(len(part) < 10 for part in left), masked
    assert masked.startswith("10:00 INFO ")
    assert masked.endswith("\n")


def test_a_word_that_is_a_piece_of_a_secret_stays() -> None:
    redact = Redactor([Secret("administrator@lab.example"), Secret("2026-11-24 and so on")])
    for text in ("Secret open-webui-administrator", "started 2026-11-24 "):
        assert redact(text) == text
    assert redact("as administrator@lab.example") == f"as {MASK}"


def test_pieces_of_nothing_known_change_nothing() -> None:
    assert Redactor([Secret("another-key-of-some-length")])("sk-pl4nted") == "sk-pl4nted"


_PROSE = st.lists(
    st.sampled_from([*"aA1-_.:=/@&?\"'\\ \n\t%{}", "key", "token", "://", "eyJ", "sk-"])
).map("".join)


@given(_PROSE, st.sampled_from(PREFIXES), _PROSE)
def test_whatever_stands_around_a_key_it_is_masked_and_twice_is_as_once(
    before: str, prefix: str, after: str
) -> None:
    once = without_shapes(f"{before} {prefix}{_BODY} {after}")
    assert _BODY not in once
    assert without_shapes(once) == once


@pytest.mark.parametrize(
    "piece",
    ["-eyJabcdefgh", "hf_", "SG.", "a_password=", "://a:", "&a.", " ", "glpat-", "api_key:"],
)
def test_looking_for_shapes_takes_time_by_the_text_alone(piece: str) -> None:
    started = time.process_time()
    without_shapes(piece * (500_000 // len(piece)))
    assert time.process_time() - started < 20
