"""Open WebUI as one account uses it; checked with 0.7.2 to 0.12.4."""

import time
from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from acceptance.budget import Budget
from acceptance.checks.credential import KEY_HEADERS, TYPED_IN
from acceptance.checks.proof import Answer, Connection, Listing, Offered, Served, Wiring
from acceptance.clients.sign_in import sign_in
from acceptance.clients.streaming import Question, ask
from acceptance.clients.transport import TIMEOUT, Api
from acceptance.errors import NotProven, SetupError
from acceptance.json_values import mapping, sequence
from acceptance.secret import Secret, fingerprint
from acceptance.target import Account

ANSWER_TIMEOUT = 240.0
"""Seconds; longer than all tiers of the chain need together, a cold Ollama included."""

_BY_KEY = "bearer"
"""The kind of sign-in of a connection that sends its key (`utils/headers.py`, 0.12.4)."""
_BEARER = "Bearer "


class OpenWebUI:
    """Open WebUI's own API, signed in as one account; signs in again when the session died."""

    def __init__(
        self,
        base_url: str,
        account: Account,
        *,
        name: str,
        timeout: float = TIMEOUT,
        budget: Budget | None = None,
    ) -> None:
        self.account = name
        self.budget = budget or Budget()
        """That answers are paid of."""
        self._account = account
        self._token = ""
        self._by_form = True
        self.role = ""
        """`admin` or `user`, once signed in."""
        self.page_keeps_chats = False
        """Whether it was seen to leave it to the page to make chats, as before 0.10."""
        self.api = Api(base_url, name="Open WebUI", timeout=timeout, headers=self.headers)

    def close(self) -> None:
        """Give the connections back."""
        self.api.close()

    def headers(self) -> Mapping[str, str]:
        """What tells Open WebUI who asks."""
        who = self._account
        token = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        return {**token, **({who.header: who.email} if who.header else {})}

    def sign_in(self) -> None:
        """Open a session; raises like `acceptance.clients.sign_in.sign_in`."""
        self._token = self._account.token.reveal()
        session = sign_in(self.api, self._account, name=self.account)
        self._token, self.role = session.token.reveal(), session.role
        self._by_form = session.by_form

    @property
    def page_account(self) -> Account:
        """Who signs in to the page: with the session that is open where its form would not do."""
        return self._account if self._by_form else replace(self._account, token=Secret(self._token))

    def version(self) -> str:
        """Its version: `GET /api/version`, open to all."""
        return str(self.api.mapping("/api/version").get("version") or "unknown")

    def _object(self, path: str) -> Mapping[str, Any]:
        """A JSON object for this account; a token dies with a restart, so one new sign-in."""
        reply = self.api.get(path)
        if reply.status == HTTPStatus.UNAUTHORIZED:
            self.sign_in()
            reply = self.api.get(path)
        return self.api.object_in(reply, path)

    def wiring(self) -> Wiring:
        """The connections in use: `GET /openai/config`, for administrators.

        The environment does not tell: since 0.12 every default is copied into the database at
        the first boot, and the database wins. The answer holds the keys in clear text, so they
        are reduced to fingerprints here.

        Raises:
            NotProven: the account is no administrator.
        """
        if self.role != "admin":
            raise NotProven("the connections in use are shown to administrators only: give one")
        path = "/openai/config"
        config = self._object(path)
        urls = config.get("OPENAI_API_BASE_URLS")
        if not isinstance(urls, list):
            raise self.api.unlike(path, "a list OPENAI_API_BASE_URLS", type(urls).__name__)
        padded = [*sequence(config.get("OPENAI_API_KEYS")), *[""] * len(urls)]
        options = mapping(config.get("OPENAI_API_CONFIGS"))
        return Wiring(
            enabled=bool(config.get("ENABLE_OPENAI_API")),
            connections=tuple(
                _connection(
                    index, str(url), str(key), options.get(str(index), options.get(str(url)))
                )
                for index, (url, key) in enumerate(zip(urls, padded, strict=False))
            ),
        )

    def offered(self) -> Listing:
        """The models in this account's selector, asked for afresh."""
        started = time.monotonic()
        path = "/api/models?refresh=true"
        items = self.api.objects_in(self._object(path), "data", path)
        return Listing(
            account=self.account,
            switched_off=self.switched_off(),
            models=tuple(_offered(item) for item in items),
            seconds=time.monotonic() - started,
        )

    def switched_off(self) -> tuple[str, ...]:
        """Models that are disabled for everybody: `GET /api/v1/models/base`, for administrators."""
        if self.role != "admin":
            return ()
        told = self.api.get("/api/v1/models/base").json
        listed = told if isinstance(told, list) else sequence(mapping(told).get("items"))
        entries = [mapping(each) for each in listed]
        return tuple(str(each.get("id")) for each in entries if each.get("is_active") is False)

    def served_by(self, connection: Connection) -> Served:
        """What a connection's other side lists, asked by Open WebUI itself with its own key.

        Source: `GET /openai/models/{index}`, `routers/openai.py`, for administrators.
        """
        reply = self.api.get(f"/openai/models/{connection.index}")
        data = mapping(reply.json).get("data")
        told = isinstance(data, list) and reply.status == HTTPStatus.OK
        if told and any(isinstance(each, str) for each in sequence(data)):  # Azure's kind, 0.12.4
            return Served(status=reply.status, names=(), error=TYPED_IN)
        return Served(
            status=reply.status,
            names=tuple(str(mapping(each).get("id")) for each in sequence(data)) if told else (),
            error="" if told else f"{reply.status}: {reply.error}",
        )

    def add_user(self, account: Account, *, role: str = "user") -> str:
        """Make an approved user, an ordinary one; returns its identity. For administrators.

        Raises:
            SetupError: Open WebUI makes none.
        """
        body = {
            "name": "Acceptance suite",
            "email": account.email,
            "password": account.password.reveal(),
            "role": role,
        }
        reply = self.api.post("/api/v1/auths/add", body)
        identity = mapping(reply.json).get("id")
        if reply.status != HTTPStatus.OK or not identity:
            raise SetupError(f"Open WebUI makes no ordinary user: {reply.status}, {reply.error}")
        return str(identity)

    def delete_user(self, identity: str) -> None:
        """Remove a user that `add_user` made."""
        self.api.delete(f"/api/v1/users/{identity}")

    def ask(self, question: Question, *, timeout: float = ANSWER_TIMEOUT) -> Answer:
        """The answer to one question.

        Without a chat and streamed, LiteLLM's headers come through (0.12.4).
        """
        return ask(
            self.api,
            "/api/chat/completions",
            question,
            self.headers(),
            timeout=timeout,
            budget=self.budget,
        )


def _connection(index: int, url: str, key: str, given: object) -> Connection:
    options = mapping(given)
    return Connection(
        index=index,
        url=url,
        key_fingerprint=fingerprint(key.strip()),
        enabled=bool(options.get("enable", True)),
        model_ids=tuple(str(name) for name in sequence(options.get("model_ids"))),
        prefix=str(options.get("prefix_id") or ""),
        sent=_sent(mapping(options.get("headers"))),
        identity=_identity(str(options.get("auth_type") or _BY_KEY)),
    )


def _sent(headers: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """The headers that carry a key, with its fingerprint; of others a connection may have any."""
    return tuple(
        (str(name), fingerprint(str(value).strip().removeprefix(_BEARER).strip()))
        for name, value in headers.items()
        if str(name).lower() in KEY_HEADERS or str(value).strip().startswith((_BEARER, "sk-"))
    )


def _identity(auth_type: str) -> str:
    """Whose key is sent, where it is not the connection's; `none` sends no key at all."""
    return "" if auth_type in (_BY_KEY, "none") else auth_type


def _offered(item: Mapping[str, Any]) -> Offered:
    index = item.get("urlIdx")
    return Offered(
        name=str(item.get("id") or ""),
        connection=index if isinstance(index, int) else None,
        base=str(mapping(item.get("info")).get("base_model_id") or ""),
        label=str(item.get("name") or ""),
        owner=str(item.get("owned_by") or ""),
    )
