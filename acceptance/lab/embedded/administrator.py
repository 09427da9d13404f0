"""The administrator of the lab's Open WebUI: the account that judges it."""

import httpx

from acceptance.errors import SetupError
from acceptance.json_values import mapping
from acceptance.message import excerpt, explain
from acceptance.resources import Environment
from acceptance.secret import Secret
from acceptance.target import Account

_TIMEOUT = 30.0
"""Seconds for an answer of a program that has just started."""
SIGNED_UP = (
    "Open WebUI made no administrator of WEBUI_ADMIN_EMAIL, as before 0.7.0: the lab signed that "
    "account up as the first user"
)


def administrator_in(environment: Environment) -> Account:
    """The account that Open WebUI makes of its own environment.

    Raises:
        SetupError: it is another program's environment.
    """
    switched_off = environment.get("WEBUI_AUTH")
    if switched_off and switched_off.value.reveal().lower() == "false":
        return Account(email="", password=Secret(""))  # Open WebUI 0.12.4 signs anybody in so
    if "WEBUI_ADMIN_EMAIL" not in environment:  # the image brings it
        raise SetupError(
            explain(
                "Open WebUI is not behind its Service.",
                expected="a Service that leads to pods of Open WebUI",
                found="another program",
                where="the Service that is named as Open WebUI's",
                fix="name the Service of Open WebUI, in the contract's profile or as an option",
            )
        )
    trusted = environment.get("WEBUI_AUTH_TRUSTED_EMAIL_HEADER")
    return Account(
        email=environment["WEBUI_ADMIN_EMAIL"].value.reveal(),
        password=environment["WEBUI_ADMIN_PASSWORD"].value,
        header=trusted.value.reveal().strip() if trusted else "",
    )


def sign_up_first(address: str, account: Account) -> bool:
    """Sign the administrator up where Open WebUI has nobody yet, as whoever opens it first does.

    Its releases before 0.7.0 pass over WEBUI_ADMIN_EMAIL (0.6.43; 0.7.2 makes the account).

    Returns:
        whether it had to be done.

    Raises:
        SetupError: it takes no first user.
    """
    password = account.password.reveal()
    if not (account.email and password):
        return False
    with httpx.Client(base_url=address, timeout=_TIMEOUT, trust_env=False) as page:
        if not _has_nobody(page):
            return False
        form = {"name": "Administrator", "email": account.email, "password": password}
        try:
            reply = page.post("/api/v1/auths/signup", json=form)
        except httpx.HTTPError as error:
            raise SetupError(_refused(address, type(error).__name__)) from error
        if reply.is_error and _has_nobody(page):  # else another replica's pod was quicker
            raise SetupError(_refused(address, f"{reply.status_code}: {reply.text}"))
    return True


def _has_nobody(page: httpx.Client) -> bool:
    try:
        return mapping(page.get("/api/config").json()).get("onboarding") is True
    except (httpx.HTTPError, ValueError):
        return False  # whoever signs in is told what is wrong


def _refused(address: str, found: str) -> str:
    return explain(
        "Open WebUI has no account, and lets nobody sign up.",
        expected="an administrator made of WEBUI_ADMIN_EMAIL (since 0.7.0), or a first user who "
        "signs up",
        found=excerpt(" ".join(found.split()), 200),
        where=f"{address}/api/v1/auths/signup",
        fix="correct what is found; if it is forbidden, take ENABLE_INITIAL_ADMIN_SIGNUP=false out",
    )
