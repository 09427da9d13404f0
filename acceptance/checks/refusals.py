"""Why nobody answered: whose fault it is, in words, and what its owner can do.

What decides is the exception's class, which LiteLLM puts before its words, then the status; of a
provider's own words only those that no class and no status tell apart. Numbers in a text are no
status. Seen on LiteLLM 1.106.2 and Open WebUI 0.12.4.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from http import HTTPStatus

from acceptance.contract.values import Model
from acceptance.errors import Inconclusive
from acceptance.message import excerpt, explain


class Whose(Enum):
    """Who can have caused a refusal."""

    OWNER = "the owner, by the configuration"
    OWNER_UNLESS_AS_AGREED = "the owner, unless LiteLLM is known to ask for what was agreed on"
    PROVIDER_UNLESS_ELSEWHERE = "an external provider, unless LiteLLM is known to ask elsewhere"
    PROVIDER = "an external provider, and nobody else"
    NOBODY = "whoever asked too soon: it passes by itself"


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """One kind of refusal."""

    reason: str
    """In words; empty where the error does not tell."""
    whose: Whose
    fix: str
    passing: bool = False
    """Whether a second question may well be answered."""
    resting: bool = False
    """Whether LiteLLM asks nobody for a while, so that the reason is not told."""
    of_litellm: bool = False
    """Whether LiteLLM refuses a name by itself, and asked nobody."""
    of_all: bool = False
    """Whether LiteLLM says so by itself, whatever is asked for: told of the first model."""


_SERVER = (
    "look whether its server runs, and whether api_base in LiteLLM's configuration leads there"
)
_UNTOLD = Refusal(reason="", whose=Whose.OWNER, fix="look at LiteLLM's log for this question")
_NO_KEY = Refusal(
    reason="it does not accept LiteLLM's key ({status})",
    whose=Whose.OWNER,
    fix="a 401 or 403 is a key that LiteLLM lacks or that the provider does not know: compare "
    "the variable's name in the Secret with os.environ/… in the configuration (${…} is sent as it "
    "stands), and look whether the key is this provider's own",
)
_QUOTA = Refusal(
    reason="no quota or credit left",
    whose=Whose.PROVIDER,
    fix="look at the account at the provider",
)
_LIMIT = Refusal(
    reason="quota or rate limit ({status})",
    whose=Whose.PROVIDER,
    fix="ask again later, or raise the limit",
)
_NO_MODEL = Refusal(
    reason="it no longer has this model ({status}), or never had one of this name at this address",
    whose=Whose.OWNER_UNLESS_AS_AGREED,
    fix="compare `model` in LiteLLM's configuration with what its server offers, and the path of "
    "api_base with its manual (of the entry, or of litellm_settings for all of them); a model that "
    "was withdrawn must be replaced",
)
_REGION = Refusal(
    reason="it does not serve the country that LiteLLM asks from ({status})",
    whose=Whose.PROVIDER,
    fix="let LiteLLM's requests leave elsewhere, or take another provider",
)
_ACCOUNT = Refusal(
    reason="the account that the key belongs to may not use this ({status})",
    whose=Whose.OWNER,
    fix="look at the account or project at the provider, and whether LiteLLM has the key of the "
    "right one",
)
_TOO_LONG = Refusal(
    reason="the question is longer than it takes ({status})",
    whose=Whose.OWNER,
    fix="the page sends Open WebUI's tools with each question: give the model a longer context "
    "(vLLM: --max-model-len), or switch its tools off in Admin Settings > Models",
)
_POLICY = Refusal(
    reason="a guardrail or a content filter refuses the question ({status})",
    whose=Whose.OWNER,
    fix="look at guardrails in LiteLLM's configuration, and at the content filter of the account "
    "at the provider",
)
_PAGE = Refusal(
    reason="a web page answers in place of its API ({status})",
    whose=Whose.OWNER_UNLESS_AS_AGREED,
    fix="look where api_base leads from inside LiteLLM's pod, its path too: to a login page, to a "
    "proxy, or to the provider's own page for whom it blocks",
)
_NO_NAME = Refusal(
    reason="its name does not resolve",
    whose=Whose.OWNER,
    fix="correct the host in api_base, or look at the DNS that LiteLLM uses",
)
_NO_CERTIFICATE = Refusal(
    reason="its certificate is not accepted: does the name lead elsewhere?",
    whose=Whose.OWNER,
    fix="look where the name leads from inside of LiteLLM's container",
)
_NO_TLS = Refusal(
    reason="it does not speak TLS at this address",
    whose=Whose.OWNER,
    fix="correct the scheme (http or https) or the port of api_base",
)
_UNSENDABLE = Refusal(
    reason="it was not asked: no header can hold LiteLLM's key for it",
    whose=Whose.OWNER,
    fix="write the key into the Secret anew, without a line feed at its end (printf, or echo -n, "
    "before base64) and without typographic quotes",
)
_SLOW = Refusal(
    reason="it does not answer in time", whose=Whose.PROVIDER_UNLESS_ELSEWHERE, fix=_SERVER
)
_UNREACHED = Refusal(
    reason="it cannot be reached", whose=Whose.PROVIDER_UNLESS_ELSEWHERE, fix=_SERVER
)
_BROKEN = Refusal(
    reason="its answer breaks inside LiteLLM",
    whose=Whose.OWNER,
    fix="look at LiteLLM's log for this question: what answers at api_base is not what this kind "
    "of provider answers, or it broke off",
)
_TROUBLE = Refusal(
    reason="it is in trouble (5xx)",
    whose=Whose.PROVIDER,
    fix="look at its server's log",
    passing=True,
)
_REQUEST = Refusal(
    reason="it refuses the request ({status})",
    whose=Whose.OWNER,
    fix="look which parameter its server does not take: of the entry in LiteLLM's configuration, "
    "or of the model in Open WebUI (Admin Settings > Models); litellm_settings.drop_params: true "
    "leaves it out",
)

_OF_LITELLM = (
    (
        r"api_key client option must be set|Missing credentials|Missing (?:\w+ )*API [Kk]ey",
        replace(_NO_KEY, reason="LiteLLM has no key for it"),
    ),
    (
        r"(?i:this is a mock (?:\w+ )*(?:error|exception))",
        Refusal(
            reason="LiteLLM plays this error itself, and asked nobody",
            whose=Whose.OWNER,
            fix="take mock_response, mock_timeout and mock_testing_… out of the entry's "
            "litellm_params in LiteLLM's configuration",
        ),
    ),
    (
        r"Budget has been exceeded|ExceededBudget|crossed budget",
        Refusal(
            reason="LiteLLM's own budget is spent",
            whose=Whose.OWNER,
            fix="raise max_budget of what the words name (the key, its user or team, the provider, "
            "the whole gateway), or wait until budget_duration is over",
        ),
    ),
    (
        # who rests is listed; nobody does where an entry has its own limit
        (
            r"No deployments available.*cooldown_list=\[\]"
            r"|No deployments available for selected model\."
            r"|Deployment over (?:user-)?defined|Model rate limit exceeded"
            r"|max_parallel_requests slots"
        ),
        Refusal(
            reason="LiteLLM may ask none of its entries now, by their own limits or checks",
            whose=Whose.NOBODY,
            fix="raise rpm, tpm or max_parallel_requests in the entry's litellm_params, or look "
            "what enable_pre_call_checks leaves of them",
        ),
    ),
    (
        r"No deployments available",
        Refusal(
            reason="LiteLLM lets it rest after a failure (cooldown), which hides the reason",
            whose=Whose.OWNER,
            fix="look in LiteLLM's log for the failure before it; cooldown_time and allowed_fails "
            "in router_settings say how long it rests",
            resting=True,
        ),
    ),
    (
        r"Limit type: \w+",
        Refusal(
            reason="LiteLLM's own limit for this key is reached (429)",
            whose=Whose.NOBODY,
            fix="raise rpm_limit, tpm_limit or max_parallel_requests of the key",
        ),
    ),
    (
        r"can only access models?=|not allowed to access model|key_model_access_denied",
        Refusal(
            reason="the key of Open WebUI may not use this model",
            whose=Whose.OWNER,
            fix="add the model to the key's (or its team's) models in LiteLLM",
            of_litellm=True,
        ),
    ),
    (
        (
            r"No connected db|Invalid proxy server token|Virtual Key expected|No api key passed"
            r"|Malformed API Key"
        ),
        Refusal(
            reason="LiteLLM refuses the key of Open WebUI",
            whose=Whose.OWNER,
            of_all=True,
            fix="compare the key of the connection with LiteLLM's: general_settings.master_key of "
            "its configuration wins over LITELLM_MASTER_KEY",
        ),
    ),
    (
        # the second where a wildcard makes LiteLLM look further (1.80 to 1.108)
        r"Invalid model name passed in|You passed in model=.*?\. There (?:is no|are no healthy)",
        Refusal(
            reason="LiteLLM has no model of this name",
            whose=Whose.OWNER,
            fix="compare the name, and its spaces, with model_name in LiteLLM's configuration",
            of_litellm=True,
        ),
    ),
    (
        r"is currently paused and cannot accept requests",
        Refusal(
            reason="it is paused in LiteLLM",
            whose=Whose.OWNER,
            fix="take it out of its pause in LiteLLM's page, or `blocked` out of the entry's "
            "model_info",
            of_litellm=True,
        ),
    ),
    (
        r"'user' param not passed in",
        Refusal(
            reason="LiteLLM wants to be told who asks (enforce_user_param), and is not",
            whose=Whose.OWNER,
            of_all=True,
            fix="take enforce_user_param out of general_settings in LiteLLM's configuration: Open "
            "WebUI sends no `user` with a question",
        ),
    ),
    (
        # what comes of a provider's error begins with a class of LiteLLM's
        r"^Internal Server Error$",
        Refusal(
            reason="LiteLLM itself breaks, and tells nobody why",
            whose=Whose.OWNER,
            of_all=True,
            fix="look at LiteLLM's log for this question, then at general_settings in its "
            "configuration: enforce_user_param, custom_auth and hooks break every question so",
        ),
    ),
    (
        r"^Model not found",
        Refusal(
            reason="Open WebUI has no such model",
            whose=Whose.OWNER,
            fix="look at the model selector: what it does not list cannot be asked",
        ),
    ),
    (
        r"^null$",  # 0.7.2: an error before anybody is asked becomes this answer
        Refusal(
            reason="Open WebUI fails before it asks anybody",
            whose=Whose.OWNER,
            fix="look at Open WebUI's log (GLOBAL_LOG_LEVEL=DEBUG shows why), at this model's own "
            "settings (Admin Settings > Models), and at its filters",
        ),
    ),
    (
        r"Open WebUI: Server Connection Error",
        Refusal(
            reason="LiteLLM breaks off, is not there, or is slower than Open WebUI waits",
            whose=Whose.OWNER,
            fix="where it took as long as AIOHTTP_CLIENT_TIMEOUT of Open WebUI says, raise that; "
            "else look whether LiteLLM runs, and at the last lines of its log",
        ),
    ),
)
"""What LiteLLM and Open WebUI say in their own name, whatever the status."""

_STATUS = {
    "AuthenticationError": 401,
    "PaymentRequiredError": 402,
    "PermissionDeniedError": 403,
    "NotFoundError": 404,
    "Timeout": 408,
    "RateLimitError": 429,
    "BadRequestError": 400,
    "ContextWindowExceededError": 400,
    "ContentPolicyViolationError": 400,
    "UnsupportedParamsError": 400,
    "UnprocessableEntityError": 422,
    "InternalServerError": 500,
    "APIConnectionError": 500,
    "BadGatewayError": 502,
    "ServiceUnavailableError": 503,
}
"""Status by LiteLLM's class; `APIError` may carry any, and `MidStreamFallbackError` wraps one."""
_CLASS = re.compile(r"\blitellm\.(?:exceptions\.)?(?P<name>[A-Z]\w+)")
_TOLD = re.compile(r'^Error code: (?P<sdk>\d{3})\b|"code": *"?(?P<json>\d{3})\b')
"""A status within a text: as OpenAI's client begins, or as a provider's JSON has it."""

_WAITED = re.compile(r"(?:timeout value|Timeout passed)=(?P<seconds>\d+(?:\.\d+)?)\b")
"""How LiteLLM (1.80.17, 1.106.2) ends the words of a timeout of its own."""
_TRIED = re.compile(r"Cannot connect to host ([^\s:/]+)")
"""How LiteLLM (aiohttp, 1.106.2) says where it found nobody: a proxy's host, where it has one."""
_PATIENT = 10.0
"""Seconds in which an external provider begins to answer, when nothing is wrong with it."""
_BY_STATUS: Mapping[int, Refusal] = {
    401: _NO_KEY,
    402: _QUOTA,
    403: _NO_KEY,
    404: _NO_MODEL,
    408: _SLOW,
    429: _LIMIT,
    498: _LIMIT,  # Groq, for a tier that is full
}
_REQUESTED = (400, 401, 403, 404, 405, 422)
_SAID: tuple[tuple[tuple[int, ...], str, Refusal], ...] = (
    (
        (*_REQUESTED, 429),
        (
            r"insufficient_quota|exceeded your current quota|credit balance|have any credits"
            r"|billing_(?:not_active|hard_limit)|check your billing|Billing hard limit"
        ),
        _QUOTA,
    ),
    (
        (400, 403),
        (
            r"API_KEY_INVALID|API key (?:not valid|expired)|reported as leaked"
            r"|(?i:invalid[ _]api[ _]key)"
        ),
        _NO_KEY,
    ),
    (
        _REQUESTED,
        r"model_decommissioned|been decommissioned|invalid_model|Invalid model\b",
        _NO_MODEL,
    ),
    (_REQUESTED, r"User location is not supported|(?i:country, region, or territory)", _REGION),
    (
        _REQUESTED,
        r"not have access to model|been used in project|been restricted|must be verified",
        _ACCOUNT,
    ),
    (
        _REQUESTED,
        r"maximum context length|context_length_exceeded|ContextWindowExceeded",
        _TOO_LONG,
    ),
    (
        _REQUESTED,
        (
            r"(?i:guardrail|content_filter|(content|request) blocked|blocked by [A-Z]"
            r"|violated [\w ]+(policy|threshold)|(attack|threats) detected)|ContentPolicyViolation"
        ),
        _POLICY,
    ),
    (_REQUESTED, r"(?i:<!doctype html|<html)", _PAGE),
)
"""What a provider says with a status that means several things; the first that fits.

In the words of Anthropic, Gemini, Groq, Mistral, OpenAI and xAI, as LiteLLM 1.106.2 hands them on.
"""
_CONNECTING = (
    (
        (
            r"Name or service not known|getaddrinfo|nodename nor servname|name resolution"
            r"|No address associated"
        ),
        _NO_NAME,
    ),
    (r"WRONG_VERSION_NUMBER|wrong version number|record layer failure", _NO_TLS),
    (
        r"CERTIFICATE_VERIFY|certificate verify|SSLCertVerification|Hostname mismatch",
        _NO_CERTIFICATE,
    ),
    (
        (
            r"Error parsing chunk|Traceback|payload is not completed|incomplete chunked read"
            r"|peer closed connection|the stream broke off"
        ),
        _BROKEN,
    ),
    (
        (
            r"control character detected in headers|Illegal header value"
            r"|'ascii' codec can't encode character"
        ),
        _UNSENDABLE,
    ),
    (r"Cannot connect to host|[Cc]onnection error|Connect call failed|refused", _UNREACHED),
    (r"timed out|Timeout on reading", _SLOW),
)
"""What a 5xx of LiteLLM's own, which means anything, says of a connection."""


def refusal(error: str, status: int | None = None) -> Refusal:
    """What an error means.

    Args:
        error: the whole of it, never cut for display.
        status: of the answer, or the one that came within a stream; None where nobody told one.
    """
    for pattern, known in _OF_LITELLM:
        if re.search(pattern, error):
            return known
    told = _status(error, status)
    connecting = (known for pattern, known in _CONNECTING if re.search(pattern, error))
    if told in (None, HTTPStatus.REQUEST_TIMEOUT) and (hurried := _hurried(error)):
        return hurried
    if told is None:
        return next(connecting, _UNTOLD)
    said = (
        known for told_with, words, known in _SAID if told in told_with and re.search(words, error)
    )
    if meant := next(said, _BY_STATUS.get(told)):
        by_itself = meant is _POLICY and not _CLASS.search(error)  # what providers say has a class
        return replace(_named(meant, told), of_all=by_itself)
    if told >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return next(connecting, _TROUBLE)
    return _named(_REQUEST, told) if told >= HTTPStatus.BAD_REQUEST else next(connecting, _UNTOLD)


def _hurried(error: str) -> Refusal | None:
    """That LiteLLM waits for less than a provider may take; None where it is patient."""
    waited = _WAITED.search(error)
    if not waited or float(waited["seconds"]) >= _PATIENT:
        return None
    return Refusal(
        reason=f"it does not answer within the {waited['seconds']} s that LiteLLM waits for it",
        whose=Whose.OWNER,
        fix="raise timeout (stream_timeout) of the entry in LiteLLM's configuration, or "
        "request_timeout in litellm_settings; if it is long enough, look why its server is slow",
    )


def _seen_from(known: Refusal, error: str, model: Model) -> Refusal:
    """The same; the owner's where LiteLLM did not reach whom it asks in the provider's place."""
    tried, provider = _TRIED.search(error), model.provider
    if not tried or provider.service or known.whose is not Whose.PROVIDER_UNLESS_ELSEWHERE:
        return known
    if provider.serves_at(tried[1], namespace=""):
        return known
    return replace(
        known,
        whose=Whose.OWNER,
        fix=f"LiteLLM tried {tried[1]}: look at HTTPS_PROXY and ALL_PROXY in its environment, and "
        "at api_base in its configuration",
    )


def _named(known: Refusal, status: int) -> Refusal:
    reason = known.reason.format(status=status)
    return known if reason == known.reason else replace(known, reason=reason)


def _status(error: str, status: int | None) -> int | None:
    """The status that the error stands for: of its class, of its answer, or within its text.

    The first class counts: a chain of fallbacks names its first model's trouble first. LiteLLM
    1.106.2 makes one class of Gemini's and DeepSeek's 400, 402 and 403, so the status of the answer
    tells more than that one does.
    """
    classes = [found["name"] for found in _CLASS.finditer(error) if found["name"] in _STATUS]
    of_class = _STATUS[classes[0]] if classes else None
    within = _TOLD.search(error)
    told = [status, int(within["sdk"] or within["json"]) if within else None]
    if of_class is None:
        return next((each for each in told if each and each >= HTTPStatus.BAD_REQUEST), None)
    if set(classes) == {"BadRequestError"}:
        exact = (
            each for each in told if each and of_class < each < HTTPStatus.INTERNAL_SERVER_ERROR
        )
        return next(exact, of_class)
    return of_class


def refused(
    model: Model,
    error: str,
    where: str,
    *,
    status: int | None = None,
    as_agreed: bool | None = None,
) -> Exception:
    """The error for a model that gave no answer.

    What only an external provider can have caused says nothing of the wiring, so that is
    Inconclusive; all else is the owner's own until shown otherwise, an AssertionError.

    Args:
        model: who should have answered.
        error: the whole of what was said.
        where: which question it was.
        status: of the answer, where there was one.
        as_agreed: whether the gateway asks for the right model at the right address: a provider
            that does not know it then has withdrawn it. None where that is not known.
    """
    known = _seen_from(refusal(error, status), error, model)
    said = f"it said: {excerpt(error, 160)}"
    theirs = {
        Whose.PROVIDER: True,
        Whose.PROVIDER_UNLESS_ELSEWHERE: as_agreed is not False,
        Whose.OWNER_UNLESS_AS_AGREED: as_agreed is True,
    }
    if theirs.get(known.whose) and model.provider.service is None:
        return Inconclusive(
            f"{model.name}: {model.provider.name} refused: {known.reason}. "
            f"The wiring as far as the gateway is right; {said}"
        )
    if known.whose is Whose.NOBODY:
        return Inconclusive(f"{model.name}: {known.reason}: {known.fix}; {said}")
    because = f"{known.reason}: " if known.reason else ""
    return AssertionError(
        explain(
            f"{model.name} does not answer.",
            expected="an answer",
            found=f"{because}{excerpt(error)}",
            where=where,
            fix=known.fix,
        )
    )
