"""Why nobody answered is told in words, with what helps; whose fault it is decides the class."""

import pytest

from acceptance.checks.refusals import refusal, refused
from acceptance.errors import Inconclusive
from tests.story import MODELS

REFUSALS = {
    "litellm.RateLimitError: Error code 429 insufficient_quota": "no quota or credit left",
    "Error code: 402 - payment required": "no quota or credit left",
    "litellm.RateLimitError: GroqException - Rate limit reached": "quota or rate limit (429)",
    "litellm.Timeout: Connection timed out": "not answer in time",
    "litellm.APIConnectionError: Connection error.": "cannot be reached",
    "litellm.InternalServerError: 503 overloaded": "in trouble (5xx)",
    'litellm.BadRequestError: AnthropicException - b\'{"error": {"message": "Your credit balance '
    'is too low to access the Anthropic API."}}': "no quota or credit left",
    "litellm.BadRequestError: OpenAIException - Billing hard limit has been reached": "no quota",
    "litellm.RateLimitError: OpenAIException - Your account is not active, please check your "
    "billing details on our website.": "no quota",
    "litellm.BadRequestError: Vertex_ai_betaException - User location is not supported for the "
    "API use.": "does not serve the country",
}
"""What the owner cannot have caused."""


@pytest.mark.parametrize(("error", "words"), REFUSALS.items())
def test_an_external_provider_that_refuses_proves_nothing(error: str, words: str) -> None:
    name = "groq/llama-3.3-70b-versatile"  # F118, H34
    made = refused(MODELS[name], error, "asked")
    assert isinstance(made, Inconclusive)
    assert str(made).startswith(f"{name}: Groq refused: ")
    assert words in str(made)
    assert error[:40] in str(made)


OWN = {
    "litellm.NotFoundError: The model has been decommissioned": "no longer has this model (404)",
    "Cannot connect to host api.groq.com: Name or service not known": "does not resolve",
    "SSLCertVerificationError: CERTIFICATE_VERIFY_FAILED": "does the name lead elsewhere",
    "litellm.InternalServerError: GroqException - [SSL: WRONG_VERSION_NUMBER]": "speak TLS",
    "litellm.APIConnectionError: Error parsing chunk: Traceback": "breaks inside LiteLLM",
    "litellm.InternalServerError: InternalServerError: MistralException - Forbidden control "
    "character detected in headers. Potential header injection attack.": "no header can hold",
    "litellm.InternalServerError: GroqException - 'ascii' codec can't encode character "
    "'\\u201c' in position 10": "no header can hold",
    "litellm.BadRequestError: GroqException - bad thing": "refuses the request (400)",
    'litellm.BadRequestError: GroqException - {"message": "The model `m` has been decommissioned", '
    '"code": "model_decommissioned"}': "no longer has this model (400)",
    "litellm.BadRequestError: MistralException - Invalid model: mistral-smal": "this model (400)",
    "litellm.NotFoundError: OpenAIException - Project `p` does not have access to model `m`": (
        "the account that the key belongs to"
    ),
    "litellm.NotFoundError: GroqException - <html><head><title>404 Not Found": "a web page answers",
    "litellm.ContextWindowExceededError: maximum context length is 4096 tokens": "is longer than",
    'litellm.BadRequestError: {"error": "Violated guardrail policy"}': "a guardrail or a content",
    "litellm.BadRequestError: Content blocked: keyword 'the' detected": "a guardrail or a content",
    "litellm.BadRequestError: Blocked by Prompt Security, Violations: x": "a guardrail or a",
    'litellm.BadRequestError: {"error": "Violated content safety policy"}': "a guardrail or a",
    "litellm.Timeout: APITimeoutError - Request timed out. - timeout value=1.0, time taken=1.01 "
    "seconds": "within the 1.0 s that LiteLLM waits",
}
"""What may be the configuration's, and is until shown otherwise."""


@pytest.mark.parametrize(("error", "words"), OWN.items())
def test_what_the_owner_may_have_caused_is_his_until_shown_otherwise(
    error: str, words: str
) -> None:
    made = refused(MODELS["groq/llama-3.3-70b-versatile"], error, "asked")

    assert isinstance(made, AssertionError)
    assert f"found     {words}" in str(made) or words in str(made)
    assert error[:40] in str(made)


def test_a_model_is_withdrawn_only_where_the_gateway_asks_for_the_right_one() -> None:
    name, error = "groq/mixtral-8x7b-32768", "litellm.NotFoundError: GroqException - no model"

    assert isinstance(refused(MODELS[name], error, "asked", as_agreed=True), Inconclusive)
    assert isinstance(refused(MODELS[name], error, "asked"), AssertionError)
    assert isinstance(refused(MODELS["vllm-qwen"], error, "asked", as_agreed=True), AssertionError)


def test_an_address_that_is_known_to_be_another_is_the_owners() -> None:
    name, error = "groq/mixtral-8x7b-32768", "litellm.InternalServerError: Cannot connect to host"

    assert isinstance(refused(MODELS[name], error, "asked"), Inconclusive)
    assert isinstance(refused(MODELS[name], error, "asked", as_agreed=True), Inconclusive)
    assert isinstance(refused(MODELS[name], error, "asked", as_agreed=False), AssertionError)


@pytest.mark.parametrize("error", ["", "odd", "request req_140234 failed", "a credential"])
def test_words_that_tell_nothing(error: str) -> None:
    assert refusal(error).reason == ""


TOLD_BY_CLASS = {
    "litellm.RateLimitError: GroqException - Rate limit exceeded for api_key: org-x. "
    "Requested 403, please wait 401 ms": "rate limit (429)",
    f"litellm.NotFoundError: GroqException - {'x' * 365}": "(404)",
    "litellm.AuthenticationError: OpenAIException - key of 429 characters": "key (401)",
    "litellm.InternalServerError: GroqException - insufficient_quota was 402": "in trouble",
    "litellm.NotFoundError: no model\nlitellm.RateLimitError: the second": "(404)",
}


@pytest.mark.parametrize(("error", "words"), TOLD_BY_CLASS.items())
def test_the_class_decides_and_no_number_in_a_text(error: str, words: str) -> None:
    assert words in refusal(error, 500).reason


@pytest.mark.parametrize("length", [401, 402, 403, 404, 429, 503])
def test_the_length_of_an_error_is_no_status(length: int) -> None:
    beginning = "litellm.BadRequestError: MistralException - "
    error = beginning + "x" * (length - len(beginning))

    made = refused(MODELS["mistral/mistral-small-latest"], error, "asked")

    assert f"({length} characters)" in str(made)
    assert isinstance(made, AssertionError)
    assert "refuses the request (400)" in str(made)


BY_STATUS = {
    400: "refuses the request (400)",
    401: "key (401)",
    402: "no quota",
    403: "key (403)",
    404: "(404)",
    408: "in time",
    429: "(429)",
    500: "5xx",
    529: "5xx",
}


@pytest.mark.parametrize(("status", "words"), BY_STATUS.items())
def test_the_status_decides_where_there_is_no_class(status: int, words: str) -> None:
    gemini = 'b\'{"error": {"message": "Requested 403", "type": "t"}}\''
    assert words in refusal(gemini, status).reason
    assert words in refusal(f"litellm.APIError: GroqException - {gemini}", status).reason


def test_gemini_says_400_to_a_key() -> None:
    told = "litellm.BadRequestError: GeminiException - API key not valid. Please pass a valid one."
    assert "does not accept LiteLLM's key" in refusal(told, 400).reason


MADE_ONE_CLASS = {
    402: "no quota",
    403: "key (403)",
    404: "no longer has this model (404)",
    498: "rate limit (498)",
    500: "refuses the request (400)",  # Open WebUI's own, or the whole chain's
}


@pytest.mark.parametrize(("status", "words"), MADE_ONE_CLASS.items())
def test_the_status_tells_more_than_a_class_that_litellm_makes_of_many(
    status: int, words: str
) -> None:
    assert words in refusal("litellm.BadRequestError: DeepseekException - no", status).reason


def test_what_broke_off_is_told_by_what_broke_it() -> None:
    told = "litellm.MidStreamFallbackError: litellm.RateLimitError: vertex_ai_betaException - slow"
    assert refusal(told, 500).reason == "quota or rate limit (429)"


def test_a_status_within_the_json_of_a_provider() -> None:
    told = 'b\'{"error": {"code": 429, "message": "Requested 403", "status": "EXHAUSTED"}}\''
    assert refusal(told).reason == "quota or rate limit (429)"  # a stored turn has no status


OF_THE_GATEWAY = {
    "litellm.InternalServerError: OpenAIException - Missing credentials.": "no key",
    "litellm.InternalServerError: The api_key client option must be set": "no key",
    "No deployments available for selected model, Try again in 5 seconds.": "cooldown",
    "No deployments available for selected model, Try again in 60 seconds. Passed model=a. "
    "pre-call-checks=True, cooldown_list=[]": "by their own limits",
    "No deployments available for selected model.": "by their own limits",
    "litellm.RateLimitError: Deployment has all max_parallel_requests slots in use.": (
        "by their own limits"
    ),
    "litellm.RateLimitError: No deployments available - crossed budget for provider: groq": (
        "own budget is spent"
    ),
    "Budget has been exceeded! Key=sk-...1 Current cost: 2.1, Max budget: 2.0": "own budget",
    "Rate limit exceeded for api_key: 88dc. Limit type: requests. Current limit: 1": "own limit",
    "litellm.RateLimitError: this is a mock rate limit error": "plays this error itself",
    "litellm.Timeout: This is a mock timeout error": "plays this error itself",
    "litellm.InternalServerError: This is a mock exception for model=a, to trigger a fallback": (
        "plays this error itself"
    ),
    "Authentication Error, Invalid proxy server token passed": "refuses the key of Open WebUI",
    "key not allowed to access model. This key can only access models=['a']": "may not use",
    "/chat/completions: Invalid model name passed in model=vllm-qwen ": "no model of this name",
    "litellm.BadRequestError: You passed in model=invented-1. There are no healthy deployments for "
    "this model LiteLLM: model group 'invented-1' failed": "no model of this name",
    "Internal Server Error": "LiteLLM itself breaks",
    "'user' param not passed in. 'enforce_user_param'=True": "wants to be told who asks",
    "litellm.BadRequestError: You passed in model=a b. There is no 'model_name' with this string": (
        "no model of this name"
    ),
}


@pytest.mark.parametrize(("error", "words"), OF_THE_GATEWAY.items())
def test_what_litellm_says_in_its_own_name_is_not_the_providers(error: str, words: str) -> None:
    assert words in refusal(error, 429).reason
    assert "Groq refused" not in str(
        refused(MODELS["groq/mixtral-8x7b-32768"], error, "x", status=429)
    )


FIXES = {
    "litellm.AuthenticationError: 401 Incorrect API key provided": "a key that LiteLLM lacks",
    "Open WebUI: Server Connection Error": "look whether LiteLLM runs",
    "null": "look at Open WebUI's log",
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


def test_a_proxy_that_is_not_reached_is_the_owners() -> None:  # Q797
    def made(host: str) -> Exception:
        error = f"litellm.InternalServerError: GroqException - Cannot connect to host {host}:3128"
        return refused(MODELS["groq/mixtral-8x7b-32768"], error, "asked", as_agreed=True)

    assert isinstance(made("proxy.home.example"), AssertionError)
    assert "LiteLLM tried proxy.home.example: look at HTTPS_PROXY" in str(
        made("proxy.home.example")
    )
    assert isinstance(made("api.groq.com"), Inconclusive)


def test_a_key_is_the_owners_own_wherever_the_model_is() -> None:
    made = refused(MODELS["mistral/mistral-small-latest"], "Error code: 401 Unauthorized", "asked")

    assert isinstance(made, AssertionError)
    assert "os.environ/" in str(made)
