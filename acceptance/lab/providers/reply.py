"""What goes over the wire, including the ways in which a real server breaks off."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from enum import Enum, auto
from typing import Any

from starlette.types import Receive, Scope, Send

Json = dict[str, Any]
_SEVERAL_BYTES = 0xC0
"""The first byte of a character of several in UTF-8 is at least this."""


class Ending(Enum):
    """What follows the last frame."""

    PROPER = auto()
    ABORT = auto()
    """The connection is closed in the middle of the body."""
    SILENCE = auto()
    """Nothing, until the client goes away."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """An HTTP response as an ASGI application; its body is always chunked."""

    status: int | None
    """None: the request is accepted and never answered."""
    media_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    frames: tuple[bytes, ...] = ()
    ending: Ending = Ending.PROPER
    delay: float = 0.0
    """Seconds before the first byte."""
    pace: float = 0.0
    """Seconds between two frames."""

    @property
    def lasts(self) -> float:
        """Seconds that it takes at least, from its beginning to its last frame."""
        return self.delay + self.pace * max(0, len(self.frames) - 1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        del scope
        await asyncio.sleep(self.delay)
        if self.status is not None:
            await self._send(self.status, send)
        if self.ending is Ending.SILENCE:
            while (await receive())["type"] != "http.disconnect":
                pass

    async def _send(self, status: int, send: Send) -> None:
        headers = {
            "date": formatdate(usegmt=True),
            "content-type": self.media_type,
            **self.headers,
        }
        encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": status, "headers": encoded})
        for frame in self.frames:
            for piece in _across_a_character(frame):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
                await asyncio.sleep(self.pace)
        if self.ending is Ending.PROPER:
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        # ABORT: the server closes a connection whose application returns without a last frame.


def _across_a_character(frame: bytes) -> tuple[bytes, ...]:
    """A frame in two where it holds a character of several bytes, as the network may cut it."""
    inside = next((index + 1 for index, byte in enumerate(frame) if byte >= _SEVERAL_BYTES), 0)
    return (frame[:inside], frame[inside:]) if inside else (frame,)


def json_bytes(body: object) -> bytes:
    """The body as the providers write it: compact, text unescaped."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
