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
        ("litellm --api-key s3cr3t --port 4000", f"--api-key {MASK} --port 4000"),
        ("curl --user me:s3cr3t http://h", f"--user me:{MASK} http://h"),
        ("PGPASSWORD=s3cr3t psql", f"PGPASSWORD={MASK} psql"),
        ("  password: |\n    s3cr3t\n  user: x", f"  password: |\n    {MASK}\n  user: x"),
        ("api_key: >-\n  s3cr3t\n  s3cr3t2\nuser: x", f"api_key: >-\n  {MASK}\nuser: x"),
        ("api_key:\n  s3cr3t", f"api_key:\n  {MASK}"),
        ("<password>s3cr3t</password>", f"<password>{MASK}</password>"),
        ("https://0123456789abcdef01@github.com/x", f"https://{MASK}@github.com/x"),
        ("Authorization=Bearer%20s3cr3ts3cr3t", f"Bearer%20{MASK}"),
        ('"auth": "dXNlcjpwYXNzd29yZA=="', f'"auth": "{MASK}"'),
        ("[('x-api-key', 's3cr3t'), ('a', 'b')]", f"('x-api-key', '{MASK}'), ('a', 'b')"),
        ("[(b'authorization', b's3cr3t')]", f"(b'authorization', b'{MASK}')"),
        ("{b'x-api-key': b's3cr3t'}", f"{{b'x-api-key': b'{MASK}'}}"),
        ("Ocp-Apim-Subscription-Key: s3cr3t1", f"Ocp-Apim-Subscription-Key: {MASK}"),
        ("Endpoint=sb://x/;SharedAccessKey=abc=", f"SharedAccessKey={MASK}"),
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
        "api_key:\n  name: open-webui-secrets\n  key: OPENAI_API_KEY",
        "secret:\n  secretName: x",
        "password: |\n  $(PASSWORD)",
        "pass --drill=NAME --key-alias my-alias-2 and --api-key $KEY",
        "--api-key --port 4000, --key os.environ/KEY",
        "http://open-webui-with-a-long-name@litellm:4000",
        '"auth": "none"',
        "POST https://litellm-0123456789abcdef.example/v1",
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
    [
        *("-eyJabcdefgh", "hf_", "SG.", "a_password=", "://a:", "&a.", " ", "glpat-", "api_key:"),
        *("\n", "key:\n ", "a_key: |\n  b\n", "--a-", "--key ", "<password>", "'cookie', ", "-u a"),
        *("://a1", "\n \n", "\ttoken:\r\n\t", '"auth":"', "bearer%20", "-a-key"),
    ],
)
def test_looking_for_shapes_takes_time_by_the_text_alone(piece: str) -> None:
    started = time.process_time()
    without_shapes(piece * (500_000 // len(piece)))
    assert time.process_time() - started < 20
