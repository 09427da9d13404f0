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


_SERVER = (
    "look whether its server runs, and whether api_base in LiteLLM's configuration leads there"
)
_UNTOLD = Refusal(reason="", whose=Whose.OWNER, fix="look at LiteLLM's log for this question")
_NO_KEY = Refusal(
    reason="it does not accept LiteLLM's key ({status})",
    whose=Whose.OWNER,
    fix="a 401 or 403 is a key that LiteLLM lacks or that the provider does not know: compare "
    "the variable's name in the Secret with os.environ/… in the configuration",
)
_QUOTA = Refusal(
    reason="no quota or credit left",
    whose=Whose.PROVIDER,
    fix="look at the account at the provider",
)
_LIMIT = Refusal(
    reason="quota or rate limit (429)",
    whose=Whose.PROVIDER,
    fix="ask again later, or raise the limit",
)
_NO_MODEL = Refusal(
    reason="it no longer has this model (404), or never had one of this name at this address",
    whose=Whose.OWNER,
    fix="compare `model` in LiteLLM's configuration with what its server offers, and the path of "
    "api_base with its manual; a model that was withdrawn must be replaced",
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
_SLOW = Refusal(reason="it does not answer in time", whose=Whose.PROVIDER, fix=_SERVER)
_UNREACHED = Refusal(reason="it cannot be reached", whose=Whose.PROVIDER, fix=_SERVER)
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

_BAD_KEY = re.compile(r"API_KEY_INVALID|API key not valid|invalid[ _]api[ _]key", re.IGNORECASE)
"""What Gemini says of a key, with 400."""
_OF_LITELLM = (
    (
        r"api_key client option must be set|Missing credentials|Missing (?:\w+ )*API [Kk]ey",
        replace(_NO_KEY, reason="LiteLLM has no key for it"),
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
            fix="compare the key of the connection with LITELLM_MASTER_KEY of LiteLLM",
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
        r"^Model not found",
        Refusal(
            reason="Open WebUI has no such model",
            whose=Whose.OWNER,
            fix="look at the model selector: what it does not list cannot be asked",
        ),
    ),
    (
        r"Open WebUI: Server Connection Error",
        Refusal(
            reason="LiteLLM breaks off, or is not there",
            whose=Whose.OWNER,
            fix="look whether LiteLLM runs, and at the last lines of its log",
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
    "MidStreamFallbackError": 503,
}
"""Status by LiteLLM's class; `APIError` may carry any, and tells none."""
_CLASS = re.compile(r"\blitellm\.(?:exceptions\.)?(?P<name>[A-Z]\w+)")
_TOLD = re.compile(r'^Error code: (?P<sdk>\d{3})\b|"code": *"?(?P<json>\d{3})\b')
"""A status within a text: as OpenAI's client begins, or as a provider's JSON has it."""

_BY_STATUS: Mapping[int, Refusal] = {
    401: _NO_KEY,
    402: _QUOTA,
    403: _NO_KEY,
    404: _NO_MODEL,
    408: _SLOW,
    429: _LIMIT,
}
_OUT_OF_QUOTA = re.compile(r"insufficient_quota|exceeded your current quota|credit balance")
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
    if told is not None and (of_status := _BY_STATUS.get(_meant(told, error))):
        return _named(of_status, told)
    connecting = (known for pattern, known in _CONNECTING if re.search(pattern, error))
    if told is None:
        return next(connecting, _UNTOLD)
    if told >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return next(connecting, _TROUBLE)
    return _named(_REQUEST, told) if told >= HTTPStatus.BAD_REQUEST else next(connecting, _UNTOLD)


def _meant(status: int, error: str) -> int:
    """The status that a provider means, where it has one for several things."""
    if status == HTTPStatus.TOO_MANY_REQUESTS and _OUT_OF_QUOTA.search(error):
        return HTTPStatus.PAYMENT_REQUIRED
    if status == HTTPStatus.BAD_REQUEST and _BAD_KEY.search(error):
        return HTTPStatus.UNAUTHORIZED
    return status


def _named(known: Refusal, status: int) -> Refusal:
    reason = known.reason.format(status=status)
    return known if reason == known.reason else replace(known, reason=reason)


def _status(error: str, status: int | None) -> int | None:
    """The status that the error stands for: of its class, of its answer, or within its text.

    The first class counts: a chain of fallbacks names its first model's trouble first.
    """
    for found in _CLASS.finditer(error):
        if found["name"] in _STATUS:
            return _STATUS[found["name"]]
    if status is not None and status >= HTTPStatus.BAD_REQUEST:
        return status
    within = _TOLD.search(error)
    return int(within["sdk"] or within["json"]) if within else None


def refused(
    model: Model, error: str, where: str, *, status: int | None = None, as_agreed: bool = False
) -> Exception:
    """The error for a model that gave no answer.

    What only an external provider can have caused says nothing of the wiring, so that is
    Inconclusive; all else is the owner's own until shown otherwise, an AssertionError.

    Args:
        model: who should have answered.
        error: the whole of what was said.
        where: which question it was.
        status: of the answer, where there was one.
        as_agreed: whether the gateway is known to ask for the right model at the right address:
            a provider that does not know it then has withdrawn it.
    """
    known = refusal(error, status)
    said = f"it said: {excerpt(error, 160)}"
    theirs = known.whose is Whose.PROVIDER or (known is _NO_MODEL and as_agreed)
    if theirs and model.provider.service is None:
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
