"""A life on a deployment, and what is left of it afterwards; seen with Open WebUI 0.7.2 to 0.12.4.

What only a database knows is lost by an upgrade, and never by a fresh installation: accounts,
connections that somebody saved, models of the workspace, groups, conversations.
"""

import json
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from http import HTTPStatus
from typing import Any

from acceptance.clients.answers import nonce
from acceptance.clients.conversation import Conversation, words_of
from acceptance.clients.open_webui import OpenWebUI
from acceptance.clients.transport import Reply
from acceptance.errors import NotProven, SetupError
from acceptance.json_values import mapping, sequence
from acceptance.message import excerpt
from acceptance.secret import Secret, fingerprint
from acceptance.shapes import secret_in
from acceptance.target import Account
from acceptance.waiting import Progress

_ADMINISTRATOR, _SECOND, _USER = "the administrator", "another administrator", "an ordinary user"
_TO_ALL, _TO_GROUP, _HIDDEN = "rehearsal-assistant", "rehearsal-for-a-group", "rehearsal-hidden"
_GROUP = "Rehearsal"
_MODELS = 2
"""With which a conversation is held."""
_ANSWER_TIMEOUT = 60.0
"""Seconds for the answer of a model of the workspace."""


class Kind(StrEnum):
    """What of a deployment its users would miss."""

    SIGN_IN = "sign-in"
    OFFER = "model"
    ANSWER = "answer"
    CONVERSATION = "conversation"
    GROUP = "group"
    CONNECTION = "connection"
    SETTING = "setting"


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """One thing that somebody looked at, and how it was."""

    kind: Kind
    whose: str
    """The account that looked."""
    what: str
    """Empty where the look itself failed."""
    value: str
    well: bool = True


class Life:
    """People who use Open WebUI: what they did is looked at again after an upgrade."""

    def __init__(self, administrator: Account, say: Progress) -> None:
        """Nobody has done anything yet.

        Args:
            administrator: the deployment's own.
            say: shows progress.
        """
        self._accounts = {
            _ADMINISTRATOR: administrator,
            _SECOND: _account("second-administrator"),
            _USER: _account("ordinary-user"),
        }
        self._say = say
        self._chats: dict[str, tuple[str, ...]] = {}
        """The conversations of each account."""
        self.left_out: list[str] = []
        """What this version did not let them do, so that it is not compared."""

    def live(self, address: str) -> None:
        """Do all that a database has to keep; what is not taken is left out, and said."""
        with self._as(_ADMINISTRATOR, address) as administrator:
            ordinary = self._made(administrator, _USER, "user")
            self._made(administrator, _SECOND, "admin")
            with self._trying("connections as the page saves them"):
                saved = administrator.api.mapping("/openai/config")
                _taken(administrator.api.post("/openai/config/update", dict(saved)))
            served = [each.name for each in administrator.offered().models]
            members = []
            with self._trying("a group with an ordinary user in it"):
                members.append(_group(administrator, [ordinary]))
            for model, readers, hidden in (
                (_TO_ALL, ["*"], False),
                (_TO_GROUP, members, False),
                (_HIDDEN, ["*"], True),
            ):
                with self._trying(f"the workspace model {model}"):
                    form = _workspace_model(model, served[0], readers, hidden=hidden)
                    _taken(administrator.api.post("/api/v1/models/create", form))
        for account in (_ADMINISTRATOR, _USER):
            with self._trying(f"a conversation of {account}"), self._as(account, address) as page:
                self._talk(account, page)

    def _made(self, administrator: OpenWebUI, account: str, role: str) -> str:
        """The account's identity; empty where it could not be made."""
        made = [""]
        with self._trying(f"the account of {account}"):
            made.append(administrator.add_user(self._accounts[account], role=role))
        return made[-1]

    def _talk(self, account: str, page: OpenWebUI) -> None:
        """One conversation with the first models that this account is offered."""
        wanted = [each.name for each in page.offered().models][:_MODELS]
        conversation = Conversation(page, say=self._say)  # not as a context: it stays
        for model in wanted:
            conversation.ask(model, nonce())
        self._chats[account] = (conversation.chat,) if conversation.chat else ()

    @contextmanager
    def _as(self, account: str, address: str) -> Iterator[OpenWebUI]:
        page = OpenWebUI(address, self._accounts[account], name=account)
        try:
            page.sign_in()
            yield page
        finally:
            page.close()

    @contextmanager
    def _trying(self, what: str) -> Iterator[None]:
        try:
            yield
        except (AssertionError, SetupError, NotProven) as error:
            self.left_out.append(f"{what}: {_found(error)}")

    def look(self, address: str) -> tuple[Seen, ...]:
        """How all of it is now, for each account; nothing of it is changed."""
        return tuple(seen for account in self._accounts for seen in self._look_as(account, address))

    def _look_as(self, account: str, address: str) -> Iterator[Seen]:
        try:
            with self._as(account, address) as page:
                yield Seen(kind=Kind.SIGN_IN, whose=account, what="it", value=f"role {page.role}")
                looks: list[tuple[Kind, Callable[[OpenWebUI, str], list[Seen]]]] = [
                    (Kind.OFFER, _offers),
                    (Kind.ANSWER, _answers),
                    (Kind.CONVERSATION, self._conversations),
                ]
                if account == _ADMINISTRATOR:
                    looks += [
                        (Kind.GROUP, _groups),
                        (Kind.CONNECTION, _connections),
                        (Kind.SETTING, _settings),
                    ]
                for kind, each in looks:
                    yield from _seen(kind, account, partial(each, page, account))
        except (AssertionError, SetupError) as error:
            yield _unseen(Kind.SIGN_IN, account, error)

    def _conversations(self, page: OpenWebUI, account: str) -> list[Seen]:
        listed = sequence(page.api.get("/api/v1/chats/").json)
        known = {str(mapping(each).get("id")) for each in listed}
        return [
            Seen(
                kind=Kind.CONVERSATION,
                whose=account,
                what=f"conversation {number}",
                value=f"{len(said)} messages, {fingerprint(json.dumps(said))}"
                + ("" if chat in known else "; it is not listed"),
            )
            for number, chat in enumerate(self._chats.get(account, ()), start=1)
            for said in [words_of(page, chat)]
        ]


def _seen(kind: Kind, account: str, look: Callable[[], list[Seen]]) -> list[Seen]:
    try:
        return look()
    except (AssertionError, SetupError, NotProven) as error:
        return [_unseen(kind, account, error)]


def _unseen(kind: Kind, account: str, error: BaseException) -> Seen:
    return Seen(kind=kind, whose=account, what="", value=_found(error), well=False)


def _found(error: BaseException) -> str:
    """The line of a message that says what was found."""
    lines = [line.strip() for line in str(error).splitlines()]
    told = next((line for line in lines if line.startswith("found ")), "")
    return excerpt(told.removeprefix("found").strip() or lines[0], 300)


def _account(name: str) -> Account:
    password = Secret(secrets.token_urlsafe(18))
    return Account(email=f"{name}@rehearsal.example", password=password)


def _taken(reply: Reply) -> Mapping[str, Any]:
    assert reply.status == HTTPStatus.OK, f"{reply.status}: {reply.error}"
    return mapping(reply.json)


def _group(administrator: OpenWebUI, users: list[str]) -> str:
    """A group with these members; its identity."""
    form = {"name": _GROUP, "description": "made by a rehearsal"}
    group = str(_taken(administrator.api.post("/api/v1/groups/create", form)).get("id"))
    path = f"/api/v1/groups/id/{group}/users/add"
    _taken(administrator.api.post(path, {"user_ids": users}))
    return group


def _workspace_model(
    name: str, base: str, readers: Sequence[str], *, hidden: bool
) -> Mapping[str, Any]:
    """The form of a model in front of another one, which itself is entered nowhere.

    Without capabilities, which the page always sends, 0.7.2 answers nothing. Who may read it is
    said as `access_control` until 0.7.2, as `access_grants` since 0.8.12; each passes over the
    other.
    """
    everybody = "*" in readers
    grants = [
        {
            "principal_type": "user" if everybody else "group",
            "principal_id": each,
            "permission": "read",
        }
        for each in readers
    ]
    rights = {"group_ids": list(readers), "user_ids": []}
    return {
        "id": name,
        "name": name,
        "base_model_id": base,
        "params": {},
        "meta": {"description": "made by a rehearsal", "hidden": hidden, "capabilities": {}},
        "is_active": True,
        "access_grants": grants,
        "access_control": None if everybody else {"read": rights, "write": {**rights}},
    }


def _offers(page: OpenWebUI, account: str) -> list[Seen]:
    path = "/api/models?refresh=true"
    listed = page.api.objects_in(page.api.mapping(path), "data", path)
    return [
        Seen(
            kind=Kind.OFFER,
            whose=account,
            what=str(each.get("id")),
            value=f"shown as {each.get('name')}" + (", hidden" if _is_hidden(each) else ""),
        )
        for each in listed
        if each.get("owned_by") != "arena"
    ]


def _is_hidden(model: Mapping[str, Any]) -> bool:
    return bool(mapping(mapping(model.get("info")).get("meta")).get("hidden"))


def _answers(page: OpenWebUI, account: str) -> list[Seen]:
    """Of the models of the workspace: those of the gateway are judged by the contract."""
    offered = [each.name for each in page.offered().models]
    return [_answer(page, account, model) for model in (_TO_ALL, _TO_GROUP) if model in offered]


def _answer(page: OpenWebUI, account: str, model: str) -> Seen:
    """Within a conversation, as the page asks."""
    seen = Seen(kind=Kind.ANSWER, whose=account, what=model, value="answers")
    try:
        with Conversation(page, timeout=_ANSWER_TIMEOUT) as conversation:
            turn = conversation.ask(model, nonce())
    except AssertionError as error:
        return replace(seen, value=_found(error), well=False)
    return seen if turn.returned else replace(seen, value=turn.error or turn.text, well=False)


def _groups(page: OpenWebUI, account: str) -> list[Seen]:
    reply = page.api.get("/api/v1/groups/")
    names = [str(mapping(each).get("name")) for each in sequence(reply.json)]
    return [Seen(kind=Kind.GROUP, whose=account, what=name, value="is there") for name in names]


def _connections(page: OpenWebUI, account: str) -> list[Seen]:
    wiring = page.wiring()
    switched = "switched on" if wiring.enabled else "switched off"
    return [
        Seen(
            kind=Kind.CONNECTION,
            whose=account,
            what=f"connection {each.index + 1}",
            value=f"{each.url}, key {each.key_fingerprint}, "
            f"{switched if each.enabled else 'disabled'}",
        )
        for each in wiring.connections
    ]


def _settings(page: OpenWebUI, account: str) -> list[Seen]:
    """What the database holds, whatever the environment says (`/api/v1/configs/export`)."""
    return [
        Seen(kind=Kind.SETTING, whose=account, what=name, value=_shown(name, value))
        for name, value in _flat(page.api.mapping("/api/v1/configs/export"))
    ]


def _flat(value: object, name: str = "") -> Iterator[tuple[str, object]]:
    """Each value by its path: one file of nested settings until 0.8.12, a row for each later."""
    if isinstance(value, dict) and value:
        for key, each in value.items():
            yield from _flat(each, f"{name}.{key}" if name else str(key))
    else:
        yield name, value


def _shown(name: str, value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return fingerprint(text) if [*secret_in(name.rpartition(".")[2], text)] else excerpt(text, 80)
