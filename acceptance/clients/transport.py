"""JSON over HTTP with limits: what comes back is JSON of bearable size, in time, or an error."""

import re
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from acceptance.errors import SetupError
from acceptance.json_values import parsed
from acceptance.message import excerpt, explain
from acceptance.spans import Kind, span

if TYPE_CHECKING:
    import httpx

LARGEST_BODY = 8_000_000
"""Bytes; 300 models are 0.3 MB."""
TIMEOUT = 30.0
"""Seconds for a whole answer, unless a client is told otherwise."""
_IDLE = 2.0
"""Seconds after which an idle connection is not used again: Uvicorn, which serves both programs,
closes one after 5 (0.54), and a port-forward passes that on too late for a request on its way."""
_IDENTITY = r"[0-9a-f]{8}-[0-9a-f-]{27}"
"""In a path: of a chat, or of an account."""
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_PAGES = ("<!doctype", "<html")
_PROXIES = ("ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY")
_CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR")
"""Variables by which whoever runs the suite says how addresses outside are reached (httpx 0.28)."""


class UnexpectedAnswerError(AssertionError):
    """The other side answered what its API does not promise, or did not answer at all."""


class UnreachableError(UnexpectedAnswerError):
    """No HTTP answer came: refused, reset, name not found, or too slow."""


class UnsendableError(UnreachableError):
    """Nobody was asked, since a key holds what no HTTP header can carry."""


class TooLargeError(Exception):
    """A body is larger than anything that the API promises."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """Status and body of one answer; `json` is None where the body is something else."""

    status: int
    json: Any
    text: str
    location: str = ""
    """Where it sends whoever asks, if it does; that is never followed."""

    @property
    def error(self) -> str:
        """What the other side says went wrong, cut for display; never empty."""
        return excerpt(self.told)

    @property
    def told(self) -> str:
        """What the other side says went wrong, in its own words and whole; never empty."""
        body = self.json
        if isinstance(body, dict):
            body = body.get("detail") or body.get("error") or body
        if isinstance(body, dict):
            body = body.get("message") or body
        if self.text.lstrip().lower().startswith(_PAGES):
            return "a web page"
        return (body if isinstance(body, str) else self.text).strip() or "an empty answer"


class Api:
    """One server's JSON API, with one connection pool and one deadline a request."""

    def __init__(
        self,
        base_url: str,
        *,
        name: str,
        timeout: float = TIMEOUT,
        headers: Callable[[], Mapping[str, str]] = dict,
    ) -> None:
        """Prepare requests to `base_url`; nothing is sent yet.

        Args:
            base_url: scheme, host and port.
            name: what people call the server.
            timeout: seconds for a whole answer.
            headers: asked for each request, so that a renewed session is used at once.

        Raises:
            SetupError: `base_url` is no address, or the environment names a proxy or certificates
                that cannot be used.
        """
        import httpx  # noqa: PLC0415  # listing scenarios stays fast

        from acceptance.clients.deadline import watch  # noqa: PLC0415  # likewise

        self.base_url = base_url.rstrip("/")
        self._name = name
        self._timeout = timeout
        self._headers = headers
        try:
            parts = urlsplit(base_url)
            away = parts.hostname not in _LOOPBACK
            httpx.URL(self.base_url)
        except (ValueError, httpx.InvalidURL) as error:
            raise SetupError(f"The address of {name} is no URL: {base_url} ({error})") from error
        try:
            self.client = httpx.Client(
                base_url=self.base_url,
                timeout=timeout,
                trust_env=away,
                verify=_certificates(parts.scheme, away=away),
                limits=httpx.Limits(keepalive_expiry=_IDLE),
            )
        except (ImportError, OSError, ValueError, httpx.InvalidURL) as error:
            raise SetupError(_unusable(name, self.base_url, error)) from error
        watch(self.client)

    def close(self) -> None:
        """Give the connections back."""
        self.client.close()

    def get(self, path: str, **parameters: str) -> Reply:
        """The answer to a GET, whatever its status.

        Raises:
            UnreachableError: none came within the deadline.
            UnexpectedAnswerError: it is larger than anything that the API promises.
        """
        # empty parameters would take away those that the path brings (httpx 0.28)
        return self._send("GET", path, params=parameters or None)

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
        if reply.status != HTTPStatus.OK:
            raise self.unlike(path, "200 and a JSON object", f"{reply.status} and {reply.error}")
        if not isinstance(reply.json, dict):
            # what should have been settings or a session may hold keys: it is not quoted
            raise self.unlike(path, "200 and a JSON object", f"200 and {_kind(reply)}")
        return cast("Mapping[str, Any]", reply.json)

    def objects_in(self, body: Mapping[str, Any], field: str, path: str) -> list[dict[str, Any]]:
        """The list of JSON objects under a field of an answer; raises like `mapping`."""
        value = body.get(field)
        if isinstance(value, list) and all(isinstance(each, dict) for each in value):
            return value
        found = "a list of other things" if isinstance(value, list) else type(value).__name__
        raise self.unlike(path, f"a list of objects under {field}", found)

    def unlike(self, path: str, expected: str, found: str) -> UnexpectedAnswerError:
        """The error for an answer that is not what the API promises."""
        return UnexpectedAnswerError(
            explain(
                f"{self._name} does not answer as its API does.",
                expected=expected,
                found=found,
                where=f"GET {self.base_url}{path}",
                fix=f"check that the address is {self._name}'s, and its version",
            )
        )

    def _send(self, method: str, path: str, **content: Any) -> Reply:  # noqa: ANN401  # httpx's own
        import httpx  # noqa: PLC0415  # listing scenarios stays fast

        from acceptance.clients.deadline import ending  # noqa: PLC0415  # likewise

        headers = self._headers()
        until = time.monotonic() + self._timeout
        try:
            with (
                ending(until),
                asked(self._name, method, path),
                self.client.stream(method, path, headers=headers, **content) as answer,
            ):
                text = read(answer, until=until)
        except TooLargeError as error:
            raise self.unlike(path, f"at most {LARGEST_BODY:,} bytes", "more") from error
        except (httpx.RequestError, httpx.InvalidURL, UnicodeError, TimeoutError) as error:
            raise self.unreachable(path, error) from error
        location = answer.headers.get("location", "")
        return Reply(status=answer.status_code, json=parsed(text), text=text, location=location)

    def unreachable(self, path: str, error: Exception) -> UnreachableError:
        """The error for an answer that did not come."""
        import httpx  # noqa: PLC0415  # listing scenarios stays fast

        distrusted = "CERTIFICATE_VERIFY_FAILED" in str(error)
        unsent = isinstance(error, httpx.LocalProtocolError | UnicodeError)
        if unsent:  # its own words quote the header, and the key in it
            return UnsendableError(f"{self._name}: a key holds what no HTTP header can carry")
        return UnreachableError(
            explain(
                f"{self._name} does not answer.",
                expected="an answer over HTTP",
                found=f"{type(error).__name__}: {error}",
                where=f"{self.base_url}{path}",
                fix="SSL_CERT_FILE=/path/to/ca.pem names an authority of your own"
                if distrusted
                else f"check that {self._name} runs and that the address is right",
            )
        )


def _certificates(scheme: str, *, away: bool) -> "ssl.SSLContext | bool":
    """Who is trusted: those that the environment names, on this machine as well."""
    import httpx  # noqa: PLC0415  # listing scenarios stays fast

    if scheme == "https":
        return httpx.create_ssl_context()
    return True if away else _unused_certificates()


@cache
def _unused_certificates() -> ssl.SSLContext:
    """What httpx wants without TLS, too, read once: it takes as long as ten requests (0.28)."""
    import httpx  # noqa: PLC0415  # listing scenarios stays fast

    return httpx.create_ssl_context(trust_env=False)


def _unusable(name: str, address: str, error: Exception) -> str:
    """What is said of an environment in which no address outside can be asked."""
    names = _CERTIFICATES if isinstance(error, OSError) else _PROXIES
    match error:
        case ImportError():
            found = "a SOCKS proxy, for which the package socksio would have to be installed"
        case OSError():
            found = f"{type(error).__name__}: {error}"
        case _:  # its words may quote the address, and a password in it
            found = "a proxy whose address cannot be used"
    return explain(
        f"{name} cannot be asked from here.",
        expected="certificates that can be read, and no proxy or one of HTTP",
        found=found,
        where=f"environment: {' or '.join(names)}; for {address}",
        fix="correct or unset that variable; NO_PROXY names hosts that are reached without a proxy",
    )


def asked(who: str, method: str, path: str) -> AbstractContextManager[None]:
    """Note that a program is asked while what is inside lasts; identities are left out."""
    shown = re.sub(_IDENTITY, "…", path.partition("?")[0])
    return span(Kind.REQUEST, f"{who}: {method} {shown}")


def chunks(answer: "httpx.Response", *, until: float) -> Iterator[bytes]:
    """The pieces of a body, as they come.

    Raises:
        TimeoutError: pieces still come after `until`, on the monotonic clock.
        TooLargeError: they are more than `LARGEST_BODY`.
    """
    size = 0
    for chunk in answer.iter_bytes():
        size += len(chunk)
        if size > LARGEST_BODY:
            raise TooLargeError
        if time.monotonic() > until:
            raise TimeoutError("its answer has no end within the deadline")
        yield chunk


def read(answer: "httpx.Response", *, until: float) -> str:
    """The whole body as text; raises like `chunks`."""
    return b"".join(chunks(answer, until=until)).decode(errors="replace")


def _kind(reply: Reply) -> str:
    if reply.text.lstrip().lower().startswith(_PAGES):
        return "a web page"
    if reply.json is None:
        return f"{len(reply.text)} characters that are no JSON object"
    return f"a JSON {type(reply.json).__name__}"
