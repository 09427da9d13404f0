"""A connection to the API server that stays open, as exec and port-forward need it.

The official client opens one without any deadline (37.0.2), so a server that accepts and never
answers would be waited for without end. This is its `stream.ws_client.create_websocket`, with one.
"""

import json
import ssl
from collections.abc import Iterable
from functools import partial
from typing import Any

from acceptance.waiting import within

_PROTOCOLS = "v5.channel.k8s.io,v4.channel.k8s.io"
"""What the API server may choose from (Kubernetes 1.34)."""
_USUAL = {"accept", "content-type", "user-agent"}


class NotOpenedError(Exception):
    """The API server answered, and did not open it."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def open_stream(
    configuration: Any,  # noqa: ANN401  # kubernetes.client.Configuration, which is untyped
    url: str,
    headers: Iterable[tuple[str, str]],
    *,
    timeout: float,
) -> Any:  # noqa: ANN401  # `websocket.WebSocket`, untyped
    """An open connection without a deadline of its own; close it.

    Args:
        configuration: address, certificates and proxy.
        url: with the query, by HTTP's name.
        headers: of the request; those that every request has are not sent.
        timeout: seconds for opening it.

    Raises:
        NotOpenedError: another status than that of an open connection.
        OSError: no answer came.
    """
    import websocket  # noqa: PLC0415  # comes with the client, and is only needed here
    from kubernetes.stream import ws_client  # noqa: PLC0415  # the client is slow to import

    proxied: dict[str, Any] = ws_client.websocket_proxycare({}, configuration, url, {})  # type: ignore[no-untyped-call]
    sent = [f"{name}: {value}" for name, value in headers if name.lower() not in _USUAL]
    stream = websocket.WebSocket(sslopt=_tls(configuration))
    address = ws_client.get_websocket_url(url)  # type: ignore[no-untyped-call]
    header = [f"sec-websocket-protocol: {_PROTOCOLS}", *sent]
    connect = partial(stream.connect, address, header=header, timeout=timeout, redirect_limit=0)
    try:
        within(timeout, lambda: connect(**proxied))
    except websocket.WebSocketBadStatusException as error:
        body = (error.resp_body or b"").decode("utf-8", "replace")
        message = message_of(body) or str(error.status_message)
        raise NotOpenedError(error.status_code, message) from error
    except websocket.WebSocketException as error:
        raise ConnectionError(f"{type(error).__name__}: {error}") from error
    except TimeoutError:
        stream.shutdown()  # type: ignore[no-untyped-call]  # wakes who is left waiting for it
        raise
    stream.settimeout(None)
    return stream


def _tls(configuration: Any) -> dict[str, Any]:  # noqa: ANN401  # likewise
    options = {
        "ca_certs": configuration.ssl_ca_cert,
        "certfile": configuration.cert_file,
        "keyfile": configuration.key_file,
        "server_hostname": configuration.tls_server_name,
    }
    required = ssl.CERT_REQUIRED if configuration.verify_ssl else ssl.CERT_NONE
    return {"cert_reqs": required, **{name: each for name, each in options.items() if each}}


def message_of(body: str) -> str:
    """The message of a Status object; the text itself where it is none."""
    try:
        return str(json.loads(body)["message"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return body
