"""JSON over HTTP with limits: what comes back is JSON of bearable size, in time, or an error."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlsplit

import httpx

from domain.message import excerpt, explain

_LARGEST_BODY = 8_000_000
"""Bytes; 300 models are 0.3 MB."""
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class UnexpectedAnswerError(AssertionError):
    """The other side answered what its API does not promise, or did not answer at all."""


class UnreachableError(UnexpectedAnswerError):
    """No HTTP answer came: refused, reset, name not found, or too slow."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """Status and body of one answer; `json` is None where the body is something else."""

    status: int
    json: Any
    text: str

    @property
    def error(self) -> str:
        """What the other side says went wrong, in its own words."""
        body = self.json
        if isinstance(body, dict):
            body = body.get("detail") or body.get("error") or body
        if isinstance(body, dict):
            body = body.get("message") or body
        return excerpt(str(body) if body is not None else self.text)


class Api:
    """One server's JSON API, with one connection pool and one deadline a request."""

    def __init__(
        self,
        base_url: str,
        *,
        name: str,
        timeout: float = 30.0,
        headers: Callable[[], Mapping[str, str]] = dict,
    ) -> None:
        """Prepare requests to `base_url`; nothing is sent yet.

        Args:
            base_url: scheme, host and port.
            name: what people call the server.
            timeout: seconds for a whole answer.
            headers: asked for each request, so that a renewed session is used at once.
        """
        self.base_url = base_url.rstrip("/")
        self._name = name
        self._timeout = timeout
        self._headers = headers
        away = urlsplit(base_url).hostname not in _LOOPBACK
        self.client = httpx.Client(base_url=self.base_url, timeout=timeout, trust_env=away)

    def close(self) -> None:
        """Give the connections back."""
        self.client.close()

    def get(self, path: str, **parameters: str) -> Reply:
        """The answer to a GET, whatever its status.

        Raises:
            UnreachableError: none came within the deadline.
            UnexpectedAnswerError: it is larger than anything that the API promises.
        """
        return self._send("GET", path, params=parameters)

    def post(self, path: str, body: Any) -> Reply:  # noqa: ANN401  # any JSON
        """The answer to a POST, sent once; raises like `get`."""
        return self._send("POST", path, json=body)

    def delete(self, path: str) -> Reply:
        """The answer to a DELETE; raises like `get`."""
        return self._send("DELETE", path)

    def mapping(self, path: str, **parameters: str) -> Mapping[str, Any]:
        """The JSON object behind a path that must answer 200.

        Raises:
            UnexpectedAnswerError: another status, or something that is no JSON object.
        """
        return self.object_in(self.get(path, **parameters), path)

    def object_in(self, reply: Reply, path: str) -> Mapping[str, Any]:
        """The JSON object of an answer to a GET that must be 200; raises like `mapping`."""
        if reply.status != httpx.codes.OK or not isinstance(reply.json, dict):
            page = "the web page" if reply.text.lstrip().lower().startswith("<!doctype") else ""
            raise UnexpectedAnswerError(
                explain(
                    f"{self._name} does not answer as its API does.",
                    expected="200 and a JSON object",
                    found=f"{reply.status} and {page or reply.error}",
                    where=f"GET {self.base_url}{path}",
                    fix=f"check that the address is {self._name}'s, and its version",
                )
            )
        return cast("Mapping[str, Any]", reply.json)

    def _send(self, method: str, path: str, **content: Any) -> Reply:  # noqa: ANN401  # httpx's own
        deadline = time.monotonic() + self._timeout
        body = bytearray()
        try:
            with self.client.stream(method, path, headers=self._headers(), **content) as answer:
                for chunk in answer.iter_bytes():
                    body += chunk
                    self._check(len(body), deadline, path)
        except (httpx.TransportError, httpx.InvalidURL) as error:
            raise self.unreachable(path, error) from error
        text = body.decode(errors="replace")
        return Reply(status=answer.status_code, json=_parsed(text), text=text)

    def _check(self, size: int, deadline: float, path: str) -> None:
        if size > _LARGEST_BODY:
            raise UnexpectedAnswerError(f"{self._name} sends more than 8 MB for {path}")
        if time.monotonic() > deadline:
            raise self.unreachable(path, TimeoutError(f"no end after {self._timeout:.0f} s"))

    def unreachable(self, path: str, error: Exception) -> UnreachableError:
        """The error for an answer that did not come."""
        return UnreachableError(
            explain(
                f"{self._name} does not answer.",
                expected="an answer over HTTP",
                found=f"{type(error).__name__}: {error}",
                where=f"{self.base_url}{path}",
                fix=f"check that {self._name} runs and that the address is right",
            )
        )


def _parsed(text: str) -> Any:  # noqa: ANN401  # any JSON
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
