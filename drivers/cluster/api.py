"""The Kubernetes API server: one way to ask it, a list of what may be asked, errors for people."""

import json
import re
import threading
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

from domain.errors import NotProven, SetupError
from domain.kubernetes import Manifest
from domain.message import excerpt, explain
from domain.waiting import Say, eventually, quiet

PATHS: Mapping[str, str] = {
    "ConfigMap": "/api/v1/namespaces/{}/configmaps",
    "Event": "/api/v1/namespaces/{}/events",
    "Pod": "/api/v1/namespaces/{}/pods",
    "Secret": "/api/v1/namespaces/{}/secrets",
    "Service": "/api/v1/namespaces/{}/services",
    "DaemonSet": "/apis/apps/v1/namespaces/{}/daemonsets",
    "Deployment": "/apis/apps/v1/namespaces/{}/deployments",
    "ReplicaSet": "/apis/apps/v1/namespaces/{}/replicasets",
    "StatefulSet": "/apis/apps/v1/namespaces/{}/statefulsets",
    "HorizontalPodAutoscaler": "/apis/autoscaling/v2/namespaces/{}/horizontalpodautoscalers",
    "Lease": "/apis/coordination.k8s.io/v1/namespaces/{}/leases",
}
"""Where the API server keeps the kinds that this suite reads (Kubernetes 1.34)."""
QUESTIONS = (
    r"GET .*",
    r"POST /apis/authorization\.k8s\.io/v1/selfsubjectaccessreviews",
    r"POST /apis/authentication\.k8s\.io/v1/selfsubjectreviews",
)
"""All that a run without a drill may ask: these change nothing."""
_TIMEOUT = (5.0, 20.0)
"""Seconds to connect, and for an answer."""
_PATIENCE = 20.0
"""Seconds for an API server that is busy or restarts, before the run ends."""
_NOT_FOUND, _CONFLICT, _FORBIDDEN, _UNAUTHORIZED = 404, 409, 403, 401
_BUSY = {429, 500, 502, 503, 504}


class Forbidden(NotProven):
    """These rights do not allow a question."""


class RefusedError(SetupError):
    """The API server understands the question, and does not answer it."""


class Conflict(Exception):  # noqa: N818  # the API's own word (409): somebody else was faster
    """The object was made or changed by somebody else."""


class Api:
    """Asks the API server; refuses by itself whatever is not on its list."""

    def __init__(
        self,
        client: Any,  # noqa: ANN401  # kubernetes.client.ApiClient, which is untyped
        *,
        context: str,
        may: Iterable[str] = (),
        say: Say = quiet,
    ) -> None:
        """Ask nothing yet.

        Args:
            client: carries address and credentials.
            context: what the user calls this cluster.
            may: patterns of `METHOD path` that are allowed beside `QUESTIONS`.
            say: shows what a wait is waiting for.
        """
        self._client = client
        self._say = say
        self._may = re.compile("|".join((*QUESTIONS, *may)))
        self._one_at_a_time = threading.Lock()
        self.context = context
        self.server: str = client.configuration.host
        """Address of the API server."""

    def with_rights(self, *may: str) -> "Api":
        """The same server, with more on the list of what may be asked."""
        return Api(self._client, context=self.context, may=may, say=self._say)

    def close(self) -> None:
        """Close the connections to the server."""
        self._client.close()

    def get(self, kind: str, namespace: str, name: str) -> Manifest | None:
        """An object; None where there is none. Raises like `ask`."""
        found = self.ask("GET", f"{PATHS[kind].format(namespace)}/{name}")
        return found and {**found, "kind": kind}

    def list(self, kind: str, namespace: str, labels: Mapping[str, str]) -> tuple[Manifest, ...]:
        """The objects with these labels; all of them where no label is given."""
        selector = ",".join(f"{key}={value}" for key, value in labels.items())
        query = {"labelSelector": selector} if selector else {}
        found = self.ask("GET", PATHS[kind].format(namespace), query=query) or {}
        return tuple({**item, "kind": kind} for item in found.get("items") or ())

    def ask(
        self,
        method: str,
        path: str,
        *,
        body: object = None,
        query: Mapping[str, str] | None = None,
        content_type: str = "application/json",
    ) -> Any:  # noqa: ANN401  # any JSON
        """The answer as JSON; None for 404. Waits for a server that is busy, up to 20 s.

        Raises:
            Forbidden: these rights do not allow it.
            Conflict: somebody else changed the object.
            RefusedError: it answers with another error.
            SetupError: the server does not answer, or not to these credentials.
            PermissionError: it is not on the list of what may be asked; nothing was sent.
        """
        text = self._answer(method, path, body, query or {}, content_type)
        return None if text is None else json.loads(text)

    def text(self, path: str, query: Mapping[str, str]) -> str:
        """An answer that is no JSON, as logs are; raises like `ask`."""
        return self._answer("GET", path, None, query, "application/json") or ""

    def _answer(
        self, method: str, path: str, body: object, query: Mapping[str, str], content_type: str
    ) -> str | None:
        if not self._may.fullmatch(f"{method} {path}"):
            raise PermissionError(f"{method} {path} is not on the list of what may be asked")

        def once() -> tuple[int, str]:
            status, text = self._send(method, path, body, query, content_type)
            assert status not in _BUSY, f"{status} {excerpt(_message(text))}"
            return status, text

        try:
            status, text = eventually(
                once,
                what=f"the API server of {self.context}",
                timeout=_PATIENCE,
                interval=1.0,
                say=self._say,
            )
        except AssertionError as error:
            raise SetupError(self._unreachable(str(error))) from error
        if status == _NOT_FOUND:
            return None
        if not 200 <= status < 300:  # noqa: PLR2004  # success
            self._refuse(status, _message(text), f"{method} {path}")
        return text

    def _send(
        self, method: str, path: str, body: object, query: Mapping[str, str], content_type: str
    ) -> tuple[int, str]:
        import urllib3  # noqa: PLC0415  # only what asks a cluster pays for its client

        request = self._client.param_serialize(
            method=method,
            resource_path=path,
            query_params=list(query.items()),
            header_params={"Accept": "application/json, */*", "Content-Type": content_type},
            body=body,
            auth_settings=["BearerToken"],
        )
        try:
            response = self._client.call_api(*request, _request_timeout=_TIMEOUT)
            return int(response.status), response.read().decode("utf-8", "replace")
        except urllib3.exceptions.SSLError as error:
            raise SetupError(self._unreachable(f"{error}")) from error
        except urllib3.exceptions.HTTPError as error:
            raise AssertionError(f"{type(error).__name__}: {error}") from error

    def _refuse(self, status: int, message: str, asked: str) -> NoReturn:
        if status == _FORBIDDEN:
            raise Forbidden(f"these rights do not allow it: {excerpt(message)}")
        if status == _CONFLICT:
            raise Conflict(message)
        if status == _UNAUTHORIZED:
            raise SetupError(
                explain(
                    "The API server does not know these credentials.",
                    expected="credentials that are valid now",
                    found=f"401 {excerpt(message)}",
                    where=f"context {self.context}, {self.server}",
                    fix="sign in again (an expired token or certificate?): kubectl auth whoami",
                )
            )
        raise RefusedError(
            explain(
                "The API server refuses a question.",
                expected="an answer",
                found=f"{status} {excerpt(message)}",
                where=f"{asked}, context {self.context}",
                fix="read the message; kubectl shows the same",
            )
        )

    def _unreachable(self, found: str) -> str:
        return explain(
            "The API server cannot be asked.",
            expected=f"an answer from {self.server}",
            found=excerpt(found),
            where=f"context {self.context}",
            fix="check the address, the certificate and the network: kubectl version",
        )

    def websocket(self, path: str, query: Iterable[tuple[str, str]]) -> Any:  # noqa: ANN401
        """An open connection for exec or port-forward (`websocket.WebSocket`, untyped).

        Raises:
            Forbidden: these rights do not allow it.
            ConnectionError: it cannot be opened now: the pod is gone, or the server is.
        """
        from kubernetes.stream import ws_client  # noqa: PLC0415  # the client is slow to import

        query = list(query)
        with self._one_at_a_time:  # refreshing a token is not safe for threads
            _, url, headers, _, _ = self._client.param_serialize(
                method="GET",
                resource_path=path,
                query_params=query,
                header_params={},
                auth_settings=["BearerToken"],
            )
        lower = {name.lower(): value for name, value in headers.items()}
        try:
            address = ws_client.get_websocket_url(url)  # type: ignore[no-untyped-call]
            return ws_client.create_websocket(  # type: ignore[no-untyped-call]
                self._client.configuration, address, lower
            )
        except Exception as error:
            if getattr(error, "status_code", 0) == _FORBIDDEN or "403" in str(error)[:40]:
                raise Forbidden(f"these rights do not allow {path.rpartition('/')[2]}") from error
            raise ConnectionError(f"{type(error).__name__}: {excerpt(str(error))}") from error


def _message(text: str) -> str:
    """The message of a Status object; the text itself where it is none."""
    try:
        return str(json.loads(text)["message"])
    except (ValueError, KeyError, TypeError):
        return text
