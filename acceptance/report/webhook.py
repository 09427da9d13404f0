"""A webhook that is told of a night: ntfy, whatever takes Slack's messages, or anything for JSON.

Sources: docs.ntfy.sh/publish; docs.slack.dev, "Sending messages using incoming webhooks".
"""

import json
from dataclasses import dataclass
from email.header import Header
from http import HTTPStatus
from urllib.parse import urlsplit

import httpx

from acceptance.errors import SetupError
from acceptance.message import explain
from acceptance.report.announcement import KINDS, Announcement
from acceptance.resources import is_address
from acceptance.secret import Secret
from acceptance.waiting import eventually, within

_ANSWER_SECONDS = 5.0
_SECONDS = 20.0
"""After which nobody tries again: a run must not wait long for a telephone."""
_PAUSE_SECONDS = 2.0
_BUSY = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}
_LONGEST = 3000
"""Bytes; ntfy makes a file of a message above 4,096."""
_LONGEST_TITLE = 200
"""Characters, which a header may spell with twelve each."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Webhook:
    """An address that takes messages.

    Whoever knows the address can write there, or read, as with ntfy: it is a secret.
    """

    kind: str
    address: Secret
    token: Secret
    """For whoever wants one (`Authorization: Bearer`); may be empty."""

    def __post_init__(self) -> None:
        if self.kind not in KINDS[1:]:
            raise SetupError(self._unusable(f"--announce={self.kind}", "the kind"))
        address, token = self.address.reveal(), self.token.reveal()
        if not (is_address(address) and address.isascii() and address.isprintable()):
            raise SetupError(self._unusable("no such address (it is not shown)", "the address"))
        if not (token.isascii() and token.isprintable()):
            raise SetupError(self._unusable("a token that no header can hold", "the token"))

    def tell(self, told: Announcement) -> None:
        """Send it; tries again for 20 seconds where the webhook is away, or busy.

        Raises:
            SetupError: it was not taken. Nothing of address and token is in the message.
        """
        headers, body = self._written(told)
        try:
            # nothing is followed: the message is for whoever was named
            with httpx.Client(
                headers=headers, timeout=_ANSWER_SECONDS, follow_redirects=False
            ) as client:
                eventually(
                    lambda: self._send(client, body),
                    what="the webhook to take the message",
                    timeout=_SECONDS,
                    interval=_PAUSE_SECONDS,
                    transient=(httpx.TransportError, TimeoutError),
                )
        except AssertionError as error:
            raise SetupError(self._problem(str(error))) from None
        # settings of the machine as well: a proxy that is none, certificates that are not there
        except (ImportError, OSError, ValueError, httpx.HTTPError, httpx.InvalidURL) as error:
            # its own words may hold the address
            raise SetupError(self._problem(type(error).__name__)) from None

    def _send(self, client: httpx.Client, body: bytes) -> None:
        """Send it once; a second time tells it twice at worst, where the first answer was lost."""

        def post() -> int:
            with client.stream("POST", self.address.reveal(), content=body) as answer:
                return answer.status_code  # nobody reads more of it

        status = within(_ANSWER_SECONDS, post)
        if status in _BUSY or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise AssertionError(f"it answers {status}")
        if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            raise SetupError(self._problem(f"it answers {status}"))

    def _written(self, told: Announcement) -> tuple[dict[str, str], bytes]:
        """Headers and body, in the words of its kind."""
        token = self.token.reveal()
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        title, text = told.title[:_LONGEST_TITLE], _cut("\n".join(told.said))
        if self.kind == "ntfy":
            name = Header(title, maxlinelen=_LONGEST).encode()  # as it is, where it is ASCII
            priority, tag = ("default", "white_check_mark") if told.accepted else ("high", "x")
            more = {"Title": name, "Priority": priority, "Tags": tag}
            return {**headers, **more, "Content-Type": "text/plain; charset=utf-8"}, text.encode()
        content: dict[str, object] = {"text": _unlinked(f"{title}\n{text}")}
        if self.kind == "json":
            content = {"title": title, "accepted": told.accepted, "text": text}
        body = json.dumps(content, ensure_ascii=False).encode()
        return {**headers, "Content-Type": "application/json"}, body

    def _problem(self, found: str) -> str:
        address = urlsplit(self.address.reveal())
        return explain(
            "The webhook was not told, and the verdict stands.",
            expected=f"a 2xx answer within {_ANSWER_SECONDS:.0f} s",
            found=found,
            where=f"{address.scheme}://{address.hostname}, --announce={self.kind}",
            fix="correct the address, or what answers there; the next run makes up for it",
        )

    def _unusable(self, found: str, what: str) -> str:
        return explain(
            f"The webhook cannot be told: {what} is of no use.",
            expected=f"--announce={'|'.join(KINDS[1:])}, and ACCEPTANCE_ANNOUNCE_URL=http(s)://…",
            found=found,
            where="options, ACCEPTANCE_… variables or pyproject.toml",
            fix="correct it, or leave both out",
        )


def _unlinked(text: str) -> str:
    """The text as Slack shows it: no link, no mention of a person, nor of everybody there."""
    plain = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return plain.replace("@", "@\N{ZERO WIDTH SPACE}")  # what takes Slack's messages reads `@here`


def _cut(text: str) -> str:
    """As much as a message takes."""
    return text.encode()[:_LONGEST].decode(errors="ignore")
