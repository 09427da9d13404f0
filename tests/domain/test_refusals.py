"""Why nobody answered is told in words, with what helps; whose fault it is decides the class."""

import pytest

from domain.errors import Inconclusive
from domain.refusals import refusal, refused
from tests.story import MODELS

REFUSALS = {
    "litellm.RateLimitError: Error code 429 insufficient_quota": "no quota or credit left",
    "Error code: 402 - payment required": "no quota or credit left",
    "litellm.RateLimitError: GroqException - Rate limit reached": "quota or rate limit (429)",
    "litellm.NotFoundError: The model has been decommissioned": "no longer has this model",
    "Cannot connect to host api.groq.com: Name or service not known": "does not resolve",
    "SSLCertVerificationError: CERTIFICATE_VERIFY_FAILED": "does the name lead elsewhere",
    "litellm.Timeout: Connection timed out": "not answer in time",
    "litellm.APIConnectionError: Connection error.": "cannot be reached",
    "litellm.InternalServerError: 503 overloaded": "in trouble (5xx)",
}


@pytest.mark.parametrize(("error", "words"), REFUSALS.items())
def test_an_external_provider_that_refuses_proves_nothing(error: str, words: str) -> None:
    name = "groq/llama-3.3-70b-versatile"  # F118, H34
    made = refused(MODELS[name], error, "asked")
    assert isinstance(made, Inconclusive)
    assert str(made).startswith(f"{name}: Groq refused: ")
    assert words in str(made)
    assert error[:40] in str(made)


@pytest.mark.parametrize("error", ["", "odd", "request req_140234 failed", "a credential"])
def test_words_that_tell_nothing(error: str) -> None:
    assert refusal(error) == ""


FIXES = {
    "litellm.AuthenticationError: 401 Incorrect API key provided": "a key that LiteLLM lacks",
    "Open WebUI: Server Connection Error": "look whether LiteLLM runs",
    "litellm.NotFoundError: 404 no such model": "what its server offers",
    "Cannot connect to host vllm-api.ml:8000: Name or service not known": "correct the host",
    "litellm.APIConnectionError: Connection error.": "look whether its server runs",
    "litellm.InternalServerError: 500": "its server's log",
    "odd": "LiteLLM's log for this question",
}


@pytest.mark.parametrize(("error", "fix"), FIXES.items())
def test_a_model_of_the_house_is_the_owners_own_and_he_is_told_what_helps(
    error: str, fix: str
) -> None:
    made = refused(MODELS["vllm-qwen"], error, "asked for vllm-qwen")

    assert isinstance(made, AssertionError)
    assert fix in str(made).partition("fix ")[2]


def test_a_key_is_the_owners_own_wherever_the_model_is() -> None:
    made = refused(MODELS["mistral/mistral-small-latest"], "Error code: 401 Unauthorized", "asked")

    assert isinstance(made, AssertionError)
    assert "os.environ/" in str(made)
