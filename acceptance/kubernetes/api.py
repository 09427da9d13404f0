"""The Kubernetes API server: one way to ask it, a list of what may be asked, errors for people."""

import json
import re
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import Any, TypeVar

from acceptance.errors import Inconclusive, SetupError
from acceptance.kubernetes import errors
from acceptance.kubernetes.errors import Forbidden, of_admission
from acceptance.kubernetes.promised import broken_promise, is_name
from acceptance.kubernetes.stream import NotOpenedError, message_of
from acceptance.kubernetes.wire import Answer, CertificateError, TooLargeError, Wire
from acceptance.message import excerpt
from acceptance.resources import Manifest
from acceptance.spans import Kind, span
from acceptance.waiting import Progress, eventually, quiet

T = TypeVar("T")
PATHS: Mapping[str, str] = {
    "ConfigMap": "/api/v1/namespaces/{}/configmaps",
    "Pod": "/api/v1/namespaces/{}/pods",
    "Secret": "/api/v1/namespaces/{}/secrets",
    "Service": "/api/v1/namespaces/{}/services",
    "DaemonSet": "/apis/apps/v1/namespaces/{}/daemonsets",
    "Deployment": "/apis/apps/v1/namespaces/{}/deployments",
    "ReplicaSet": "/apis/apps/v1/namespaces/{}/replicasets",
    "StatefulSet": "/apis/apps/v1/namespaces/{}/statefulsets",
    "HorizontalPodAutoscaler": "/apis/autoscaling/v2/namespaces/{}/horizontalpodautoscalers",
    "EndpointSlice": "/apis/discovery.k8s.io/v1/namespaces/{}/endpointslices",
    "Event": "/api/v1/namespaces/{}/events",
    "Lease": "/apis/coordination.k8s.io/v1/namespaces/{}/leases",
}
"""Where the API server keeps the kinds that are read (Kubernetes 1.34)."""
QUESTIONS = (
    r"GET /version",
    r"GET /api/v1/namespaces/kube-system",
    r"GET /(api/v1|apis/[^/]+/[^/]+)/namespaces/[^/]+/[a-z]+(/[^/]+(/log)?)?",
    r"POST /apis/authorization\.k8s\.io/v1/selfsubjectaccessreviews",
    r"POST /apis/authentication\.k8s\.io/v1/selfsubjectreviews",
    r"CONNECT /api/v1/namespaces/[^/]+/pods/[^/]+/(exec|portforward)",
)
"""All that a run without a drill may ask: none of it changes an object."""
_PATIENCE = 20.0
"""Seconds for an API server that is busy or restarts, before the run ends."""
_AT_ONCE = 0.3
"""Seconds: time for a second try, should a connection that was kept open have ended quietly."""
_BUSY = {429, 500, 502, 503, 504}


class Api:
    """Asks the API server; refuses by itself whatever is not on its list. For several threads."""

    def __init__(
        self,
        wire: Wire,
        *,
        context: str,
        may: Iterable[str] = (),
        say: Progress = quiet,
        patience: float = _PATIENCE,
    ) -> None:
        """Ask nothing yet.

        Args:
            wire: carries address and credentials.
            context: what the user calls this cluster.
            may: patterns of `METHOD path` that are allowed beside `QUESTIONS`.
            say: shows what a wait is waiting for.
            patience: seconds for a server that is busy or restarts.
        """
        self._wire = wire
        self._say = say
        self._patience = patience
        self._in_vain = set[str]()
        """What was not opened within the time for a server that is busy."""
        self._may = re.compile("|".join((*QUESTIONS, *may)))
        self.context = context
        self.server = wire.server
        """Address of the API server."""

    def with_rights(self, *may: str) -> "Api":
        """The same server, with more on the list of what may be asked."""
        return Api(
            self._wire, context=self.context, may=may, say=self._say, patience=self._patience
        )

    def impatient(self) -> "Api":
        """The same server, for whoever wants to know whether it answers at once."""
        return Api(self._wire, context=self.context, patience=_AT_ONCE)

    def close(self) -> None:
        """Close the connections to the server."""
        self._wire.close()

    def get(self, kind: str, namespace: str, name: str) -> Manifest | None:
        """An object; None where there is none, or none can have that name. Raises like `ask`."""
        if not (is_name(name) and is_name(namespace)):
            return None
        found = self.ask("GET", f"{PATHS[kind].format(namespace)}/{name}")
        return None if found is None else self._promised(kind, found)

    def list(
        self,
        kind: str,
        namespace: str,
        labels: Mapping[str, str],
        fields: Mapping[str, str] | None = None,
    ) -> tuple[Manifest, ...]:
        """The objects with these labels and fields; all of them where none is given.

        Raises like `ask`.
        """
        selectors = {"labelSelector": labels, "fieldSelector": fields or {}}
        query = {
            name: ",".join(f"{key}={value}" for key, value in wanted.items())
            for name, wanted in selectors.items()
            if wanted
        }
        found = self.ask("GET", PATHS[kind].format(namespace), query=query)
        items = found.get("items") or [] if isinstance(found, dict) else found or []
        if not isinstance(items, list):
            raise self._no_api_server(f"a list of {kind} that is none")
        return tuple(self._promised(kind, item) for item in items)

    def _promised(self, kind: str, item: Any) -> Manifest:  # noqa: ANN401  # any JSON
        if found := broken_promise(kind, item):
            raise self._no_api_server(found)
        return {**({"status": {}} if kind == "Pod" else {}), **item, "kind": kind}

    def _no_api_server(self, found: str) -> SetupError:
        return SetupError(errors.no_api_server(self.context, self.server, found))

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
        answer = self._answer(method, path, body, query or {}, content_type)
        if answer.status == HTTPStatus.NOT_FOUND:
            return None
        self._require_success(answer, f"{method} {path}")
        try:
            return json.loads(answer.text)
        except (ValueError, RecursionError) as error:
            raise self._no_api_server(f"{answer.status} {answer.text}") from error

    def ask_server(self, method: str, path: str, *, body: object = None) -> Mapping[str, Any]:
        """The answer to what every API server knows; raises like `ask`."""
        found = self.ask(method, path, body=body)
        if not isinstance(found, dict):
            raise self._no_api_server(f"nothing under {path}")
        return found

    def text(self, path: str, query: Mapping[str, str]) -> str:
        """An answer that is no JSON, as logs are; empty where there is none. Raises like `ask`."""
        answer = self._answer("GET", path, None, query, "application/json")
        if answer.status in (
            HTTPStatus.NOT_FOUND,
            HTTPStatus.BAD_REQUEST,
        ):  # 400: the container has not begun
            return ""
        self._require_success(answer, f"GET {path}")
        return answer.text

    def websocket(self, path: str, query: Iterable[tuple[str, str]]) -> Any:  # noqa: ANN401
        """An open connection for exec or port-forward (`websocket.WebSocket`, untyped).

        Raises:
            Forbidden: these rights do not allow it.
            Inconclusive: what it should lead to is gone.
            NotProven: an admission policy refuses it.
            ConnectionError: what it should lead to does not answer; the API server does.
            SetupError: the server does not answer, or not to these credentials.
            PermissionError: it is not on the list of what may be asked; nothing was sent.
        """
        self._require_listed("CONNECT", path)
        asked = tuple(query)

        def once() -> Any:  # noqa: ANN401  # untyped
            try:
                return self._wire.open(path, asked)
            except NotOpenedError as error:
                if error.status in _BUSY and not of_admission(str(error)):
                    raise AssertionError(f"{error.status} {excerpt(str(error))}") from error
                raise
            except OSError as error:
                raise AssertionError(f"{type(error).__name__}: {excerpt(str(error))}") from error

        try:
            return self._patiently(once, self._patience_for(path))
        except NotOpenedError as error:
            raise self._not_opened(error, path) from error
        except AssertionError as error:
            self._in_vain.add(path)
            with suppress(Forbidden):
                self.ask("GET", "/version")  # or else it is the API server that does not answer
            raise ConnectionError(str(error)) from error

    def _not_opened(self, error: NotOpenedError, path: str) -> Exception:
        match error.status:
            case _ if of_admission(str(error)):
                return self._error(error.status, str(error), f"CONNECT {path}")
            case HTTPStatus.NOT_FOUND:
                return Inconclusive(f"gone while it was judged: {error}")
            case HTTPStatus.UNAUTHORIZED | HTTPStatus.FORBIDDEN:
                return self._error(error.status, str(error), f"CONNECT {path}")
            case status:
                return ConnectionError(f"{status} {excerpt(str(error))}")

    def _require_listed(self, method: str, path: str) -> None:
        if not self._may.fullmatch(f"{method} {path}"):
            raise PermissionError(f"{method} {path} is not on the list of what may be asked")

    def _answer(
        self, method: str, path: str, body: object, query: Mapping[str, str], content_type: str
    ) -> Answer:
        self._require_listed(method, path)
        busy, again = "", 0.0

        def once() -> Answer:
            nonlocal busy, again
            assert time.monotonic() >= again, busy
            try:
                with span(Kind.REQUEST, f"API server: {method} {path}"):
                    answer = self._wire.send(
                        method, path, body=body, query=query, content_type=content_type
                    )
            except ConnectionError as error:
                raise AssertionError(str(error)) from error
            busy = f"{answer.status} {excerpt(message_of(answer.text))}"
            again = time.monotonic() + answer.again
            assert answer.status not in _BUSY or of_admission(answer.text), busy
            return answer

        try:
            return self._patiently(once, self._patience)
        except TooLargeError as error:
            raise self._no_api_server(str(error)) from error
        except (AssertionError, CertificateError) as error:
            raise SetupError(errors.unreachable(self.context, self.server, str(error))) from error

    def _patience_for(self, path: str) -> float:
        """Less for what was waited for before, and did not come: many scenarios ask for it."""
        return min(self._patience, _AT_ONCE) if path in self._in_vain else self._patience

    def _patiently(self, once: Callable[[], T], patience: float) -> T:
        return eventually(
            once,
            what=f"the API server of {self.context}",
            timeout=patience,
            interval=min(1.0, patience),
            say=self._say,
        )

    def _require_success(self, answer: Answer, asked: str) -> None:
        if answer.status // 100 != 2:  # noqa: PLR2004  # success, as HTTP numbers it
            raise self._error(answer.status, message_of(answer.text), asked)

    def _error(self, status: int, message: str, asked: str) -> Exception:
        return errors.refusal(
            status, message, asked=asked, context=self.context, server=self.server
        )
