"""Why nobody answered: whose fault it is, in words, and what its owner can do."""

import re

from domain.contract import Model
from domain.errors import Inconclusive
from domain.message import excerpt, explain

_SERVER = (
    "look whether its server runs, and whether api_base in LiteLLM's configuration leads there"
)
_REFUSALS = (
    (
        r"insufficient_quota|exceeded your current quota|credit|billing|\b402\b",
        "no quota or credit left",
        "look at the account at the provider",
    ),
    (r"RateLimitError|\b429\b", "quota or rate limit (429)", "ask again later, or raise the limit"),
    (
        r"NotFoundError|\b404\b|decommissioned|model_not_found",
        "it no longer has this model (404)",
        "compare `model` in LiteLLM's configuration with what its server offers",
    ),
    (
        r"Name or service not known|getaddrinfo|does not resolve|nodename",
        "its name does not resolve",
        "correct the host in api_base, or look at the DNS that LiteLLM's pod uses",
    ),
    (
        r"CERTIFICATE_VERIFY|certificate verify|SSLError|SSLCertVerification",
        "its certificate is not accepted: does the name lead elsewhere?",
        "look where the name leads from inside LiteLLM's pod",
    ),
    (r"Timeout|timed out", "it does not answer in time", _SERVER),
    (
        r"APIConnectionError|Cannot connect|[Cc]onnection error|refused",
        "it cannot be reached",
        _SERVER,
    ),
    (
        r"InternalServerError|ServiceUnavailable|BadGateway|\b50[0-4]\b|overloaded",
        "it is in trouble (5xx)",
        "look at its server's log",
    ),
)
"""What LiteLLM 1.106.2 writes when a provider refuses, most telling first; in words; what helps."""
_OWN_FAULT = re.compile(
    r"AuthenticationError|api_key|API key|Unauthorized|\b401\b|\b403\b", re.ASCII
)
_NO_GATEWAY = "Server Connection Error"
"""What Open WebUI 0.12.4 says when the gateway itself breaks off or is not there."""


def refusal(error: str) -> str:
    """Why a provider refused, in words; empty when the error does not tell."""
    words, _ = _known(error)
    return words


def refused(model: Model, error: str, where: str) -> Exception:
    """The error for a model that gave no answer.

    An external provider that has no quota or is in trouble says nothing of the wiring, so that is
    Inconclusive; all else is the owner's own, an AssertionError.
    """
    reason = refusal(error)
    external = model.provider.service is None
    if external and reason and not _OWN_FAULT.search(error):
        return Inconclusive(
            f"{model.name}: {model.provider.name} refused: {reason}. "
            f"The wiring as far as the gateway is right; it said: {excerpt(error, 160)}"
        )
    return AssertionError(
        explain(
            f"{model.name} does not answer.",
            expected="an answer",
            found=excerpt(error),
            where=where,
            fix=_fix(error),
        )
    )


def _fix(error: str) -> str:
    if _OWN_FAULT.search(error):
        return (
            "a 401 or 403 is a key that LiteLLM lacks or that the provider does not know: compare "
            "the variable's name in the Secret with os.environ/… in the configuration"
        )
    if _NO_GATEWAY in error:
        return "look whether LiteLLM runs, and at the last lines of its log"
    _, fix = _known(error)
    return fix


def _known(error: str) -> tuple[str, str]:
    """The words for an error and what helps, of the first pattern that it holds."""
    found = ((words, fix) for pattern, words, fix in _REFUSALS if re.search(pattern, error))
    return next(found, ("", "look at LiteLLM's log for this question"))
