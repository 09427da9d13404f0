"""Secrets that the suite was not told of."""

import pytest

from domain.masking import Redactor
from domain.secret import MASK, Secret
from domain.shapes import without_shapes

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
    ],
)
def test_what_looks_like_a_secret_is_masked(text: str, expected: str) -> None:
    assert expected in without_shapes(text)


@pytest.mark.parametrize(
    "text",
    [
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


def test_pieces_of_nothing_known_change_nothing() -> None:
    assert Redactor([Secret("another-key-of-some-length")])("sk-pl4nted") == "sk-pl4nted"
