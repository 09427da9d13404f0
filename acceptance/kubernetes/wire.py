"""One request to the API server, sent once: status and body, or why no answer came."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from acceptance.kubernetes.stream import open_stream
from acceptance.waiting import within

_TIMEOUT = (5.0, 20.0)
"""Seconds to connect, and for an answer; a whole request takes no longer than both."""
_MOST_BYTES = 100_000_000
"""Of an answer; all pods of a large cluster are a tenth of it."""


class TooLargeError(Exception):
    """The answer is longer than anything that is read here."""


class CertificateError(Exception):
    """The server's certificate is not trusted: no waiting mends that."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """An answer over HTTP."""

    status: int
    text: str
    again: float
    """Seconds that a busy server asks to be left alone (`Retry-After`)."""


class Wire:
    """Address, credentials and connections; for several threads."""

    def __init__(
        self,
        client: Any,  # noqa: ANN401  # kubernetes.client.ApiClient, untyped
        *,
        impersonating: Sequence[tuple[str, str]] = (),
        timeout: tuple[float, float] = _TIMEOUT,
    ) -> None:
        """Open nothing yet.

        Args:
            client: address and credentials.
            impersonating: headers that name somebody else, whose rights count; one name may come
                more than once.
            timeout: seconds to connect, and for an answer.
        """
        self._client = client
        self._impersonating = tuple(impersonating)
        self._timeout = timeout
        self._renewing = threading.Lock()
        self.server: str = client.configuration.host
        """Address of the API server."""

    def close(self) -> None:
        """Close the connections to the server."""
        self._client.close()

    def send(
        self,
        method: str,
        path: str,
        *,
        body: object,
        query: Mapping[str, str],
        content_type: str,
    ) -> Answer:
        """The answer, whatever its status.

        Raises:
            CertificateError: the server is not trusted.
            ConnectionError: no answer came.
            TooLargeError: it is longer than anything that is read here.
        """
        import urllib3  # noqa: PLC0415  # only what asks a cluster pays for its client
        from kubernetes.client.exceptions import ApiException  # noqa: PLC0415  # likewise

        headers = {"Accept": "application/json, */*", "Content-Type": content_type}
        request = self._prepared(method, path, tuple(query.items()), headers, body)
        try:
            answer, data = within(sum(self._timeout), lambda: self._sent(request))
            text = data.decode("utf-8", "replace")
        except ApiException as error:  # the client's word for whatever TLS has to say (37.0.2)
            found = " ".join(str(error.reason).split())
            if "CERTIFICATE_VERIFY_FAILED" in found:
                raise CertificateError(found) from error
            raise ConnectionError(found) from error
        except (urllib3.exceptions.HTTPError, TimeoutError) as error:
            raise ConnectionError(f"{type(error).__name__}: {error}") from error
        again = answer.headers.get("Retry-After", "")
        return Answer(
            status=int(answer.status), text=text, again=float(again) if again.isdecimal() else 0.0
        )

    def _sent(self, request: Any) -> tuple[Any, bytes]:  # noqa: ANN401  # untyped
        """Answer and body; the client's own time begins anew with each byte (37.0.2)."""
        answer = self._client.call_api(*request, _request_timeout=self._timeout)
        body = answer.response.read(_MOST_BYTES + 1, decode_content=True)
        if len(body) > _MOST_BYTES:
            answer.response.close()
            raise TooLargeError(f"an answer of more than {_MOST_BYTES:,} bytes")
        return answer, body

    def open(self, path: str, query: Sequence[tuple[str, str]]) -> Any:  # noqa: ANN401  # untyped
        """A connection that stays open; raises like `open_stream`."""
        _, url, headers, _, _ = self._prepared("GET", path, query, {}, None)
        return open_stream(
            self._client.configuration, url, headers.items(), timeout=self._timeout[1]
        )

    def _prepared(
        self,
        method: str,
        path: str,
        query: Sequence[tuple[str, str]],
        headers: Mapping[str, str],
        body: object,
    ) -> Any:  # noqa: ANN401  # untyped
        import urllib3  # noqa: PLC0415  # likewise

        with self._renewing:  # a token that has expired is renewed here, by one thread
            method, url, prepared, *rest = self._client.param_serialize(
                method=method,
                resource_path=path,
                query_params=list(query),
                header_params=dict(headers),
                body=body,
                auth_settings=["BearerToken"],
            )
        # a file with a token ends in a line feed, which no header can carry: kubectl cuts it off
        named = urllib3.HTTPHeaderDict({name: value.strip() for name, value in prepared.items()})
        for name, value in self._impersonating:
            named.add(name, value)
        return method, url, named, *rest
