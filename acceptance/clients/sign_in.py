"""Signing in to Open WebUI: by its form, by LDAP, by a proxy's word, or with a token."""

from dataclasses import dataclass, replace
from http import HTTPStatus

from acceptance.clients.transport import Api, Reply, UnexpectedAnswerError
from acceptance.errors import SetupError
from acceptance.json_values import mapping
from acceptance.message import explain
from acceptance.secret import Secret
from acceptance.target import Account

_CHECK = "check the account's settings (--help lists them), or approve the account"
_ANOTHER = (
    "a session's token ends with its session: take a new one; for an API key look whether they are "
    "allowed (Admin Settings > General, ENABLE_API_KEYS) and at all endpoints"
)
_WAIT = "wait three minutes, in which nobody else signs in with this account"
"""Open WebUI 0.12.4 lets an account sign in 15 times in that time (`routers/auths.py`)."""
_ELSEWHERE = (
    "give ACCEPTANCE_ACCOUNT_TOKEN (of an ordinary user ACCEPTANCE_USER_TOKEN): an API key "
    "(Settings > Account), or a session's token (localStorage.token in the browser's console)"
)
_BEHIND = (
    "give an address behind it, where nobody is asked who he is: a port of the host or of the "
    "container, a port-forward, an ssh -L"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Session:
    """What Open WebUI gives to whoever signed in."""

    token: Secret
    role: str
    """`admin` or `user`."""
    by_form: bool = True
    """Whether the page's form for e-mail and password would give one as well."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Ways:
    """How people sign in, by what Open WebUI tells everybody: `GET /api/config` (0.6 to 0.12)."""

    form: bool
    ldap: bool
    proxy: bool
    """Whether it takes a proxy's word for who asks (`WEBUI_AUTH_TRUSTED_EMAIL_HEADER`)."""
    providers: tuple[str, ...]
    """Of single sign-on."""


def sign_in(api: Api, account: Account, *, name: str) -> Session:
    """A session; of a token, what it is good for.

    Args:
        api: Open WebUI's, which sends the account's token where there is one.
        account: who signs in.
        name: what the account is called.

    Raises:
        SetupError: nobody can be judged for: unreachable, refused, or pending approval.
    """
    try:
        return _by_token(api, account) if account.token.reveal() else _by_name(api, account)
    except UnexpectedAnswerError as error:
        raise SetupError(str(error)) from error
    except _RefusedError as refusal:
        raise SetupError(
            explain(
                f"The {name} cannot sign in to Open WebUI.",
                expected="a session for an approved account",
                found=refusal.found,
                where=f"{api.base_url}, account {account.email or '(none named)'}",
                fix=refusal.fix,
            )
        ) from refusal


class _RefusedError(Exception):
    def __init__(self, found: str, fix: str) -> None:
        super().__init__(found)
        self.found = found
        self.fix = fix


def _by_token(api: Api, account: Account) -> Session:
    """Ask who the token's owner is: `GET /api/v1/auths/`, for session and API key alike."""
    reply = api.get("/api/v1/auths/")
    role = mapping(reply.json).get("role")
    if reply.status == HTTPStatus.OK and role in ("admin", "user"):
        return Session(token=account.token, role=str(role))
    told = reply.error if reply.status != HTTPStatus.OK else f"the role {role!r}"
    if reply.json is None:
        raise _in_front(reply)
    raise _RefusedError(f"{reply.status}: {told}", _ANOTHER)


def _by_name(api: Api, account: Account) -> Session:
    """By the form, or by LDAP where that refuses; a proxy's header goes with the request."""
    secret = account.password.reveal()
    reply = api.post("/api/v1/auths/signin", {"email": account.email, "password": secret})
    found = _told(reply)
    if session := _session(reply):
        return replace(session, by_form=not account.header)
    if reply.status == HTTPStatus.TOO_MANY_REQUESTS:
        raise _RefusedError(found, _WAIT)
    if reply.json is None:
        raise _in_front(reply)
    ways = _ways(api)
    if ways.ldap and not account.header:
        reply = api.post("/api/v1/auths/ldap", {"user": account.email, "password": secret})
        if session := _session(reply):
            return replace(session, by_form=False)
        found = f"{found}; by LDAP, {_told(reply)}"
    raise _RefusedError(found, _what_helps(ways, account, reply.status))


def _what_helps(ways: _Ways, account: Account, status: int) -> str:
    if ways.proxy and not account.header:
        return (
            "it takes the word of a proxy for who asks: name the header "
            f"(--trusted-header, its WEBUI_AUTH_TRUSTED_EMAIL_HEADER), or {_ELSEWHERE}"
        )
    closed = status == HTTPStatus.FORBIDDEN or not (ways.form or ways.ldap)
    if ways.providers and closed:  # ENABLE_PASSWORD_AUTH=False shows in no setting
        by = ", ".join(ways.providers)
        return f"people sign in by {by} alone, which needs a person: {_ELSEWHERE}"
    if ways.ldap:
        return f"{_CHECK}; for LDAP its user name stands in the place of the e-mail"
    return _CHECK


def _ways(api: Api) -> _Ways:
    """How people sign in, as Open WebUI tells everybody."""
    told = mapping(api.get("/api/config").json)
    features = mapping(told.get("features"))
    return _Ways(
        form=features.get("enable_login_form") is not False,
        ldap=features.get("enable_ldap") is True,
        proxy=features.get("auth_trusted_header") is True,
        providers=tuple(mapping(mapping(told.get("oauth")).get("providers"))),
    )


def _in_front(reply: Reply) -> _RefusedError:
    """What answers speaks no JSON, as Open WebUI's API always does."""
    leads = f" to {reply.location}" if reply.location else ""
    found = f"{reply.status}{leads}, {reply.error}: not Open WebUI's API, but something before it"
    return _RefusedError(found, _BEHIND)


def _session(reply: Reply) -> Session | None:
    told = mapping(reply.json)
    if reply.status != HTTPStatus.OK or not told.get("token"):
        return None
    if told.get("role") == "pending":
        raise _RefusedError("the account waits for an administrator's approval", _CHECK)
    return Session(token=Secret(str(told["token"])), role=str(told.get("role")))


def _told(reply: Reply) -> str:
    told = reply.error if reply.status != HTTPStatus.OK else "an answer without a session"
    return f"{reply.status}: {told}"
