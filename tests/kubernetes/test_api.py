"""Asking the API server: what is never asked, and what each way of not answering comes to."""

import os
import time
from collections.abc import Iterator
from contextlib import closing

import pytest
from kubernetes import client

from acceptance.errors import Inconclusive, NotProven, SetupError
from acceptance.kubernetes import wire
from acceptance.kubernetes.api import Api
from acceptance.kubernetes.errors import Conflict, Forbidden, RefusedError
from acceptance.kubernetes.wire import Wire
from acceptance.waiting import eventually
from tests.clients.hostile import Answer, dripping
from tests.clients.hostile import serving as hostile
from tests.kubernetes.server import (
    OPENED,
    Reply,
    Server,
    closed_port,
    refusal,
    serving,
    silent,
)

PODS = "/api/v1/namespaces/apps/pods"
EXEC = f"{PODS}/open-webui-0/exec"


def _api(url: str, *, patience: float = 0.1, timeout: float = 5.0) -> Api:
    configuration = client.Configuration(host=url, retries=False)
    over = Wire(client.ApiClient(configuration), timeout=(timeout, timeout))
    return Api(over, context="unit", patience=patience)


@pytest.fixture
def server() -> Iterator[Server]:
    """A server that answers what it is told."""
    with serving() as up:
        yield up


@pytest.fixture
def api(server: Server) -> Iterator[Api]:
    """Asks it."""
    with closing(_api(server.url)) as asking:
        yield asking


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", f"{PODS}/open-webui-0"),
        ("POST", PODS),
        ("POST", f"{PODS}/open-webui-0/eviction"),
        ("POST", f"{PODS}/open-webui-0/exec"),
        ("PUT", "/api/v1/namespaces/apps/configmaps/config"),
        ("PATCH", "/apis/apps/v1/namespaces/ml/deployments/litellm"),
        ("PATCH", "/apis/apps/v1/namespaces/ml/deployments/litellm/scale"),
        ("POST", "/apis/coordination.k8s.io/v1/namespaces/ml/leases"),
        ("GET", "/api/v1/secrets"),
        ("GET", "/api/v1/nodes"),
        ("GET", "/api/v1/namespaces/apps/services/open-webui/proxy/api/v1/chats"),
        ("GET", f"{PODS}/open-webui-0/proxy"),
        ("GET", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"),
        ("POST", "/apis/authentication.k8s.io/v1/tokenreviews"),
        ("get", PODS),
    ],
)
def test_what_is_not_on_the_list_is_not_sent(
    api: Api, server: Server, method: str, path: str
) -> None:
    with pytest.raises(PermissionError, match="not on the list of what may be asked"):
        api.ask(method, path)
    assert server.asked == []


@pytest.mark.parametrize(
    "path", [f"{PODS}/open-webui-0/attach", f"{PODS}/open-webui-0/proxy", PODS]
)
def test_nor_is_any_other_connection_opened(api: Api, server: Server, path: str) -> None:
    with pytest.raises(PermissionError, match="not on the list"):
        api.websocket(path, [])
    assert server.asked == []


def test_what_is_on_the_list_is_sent_and_a_longer_list_is_another_ones(
    api: Api, server: Server
) -> None:
    path = "/apis/apps/v1/namespaces/ml/deployments/vllm-server"
    asked = f"PATCH {path}"
    server.answers[asked] = [Reply(body={"patched": True})]
    wider = api.with_rights(r"PATCH /apis/apps/v1/namespaces/[^/]+/deployments/[^/]+")
    assert wider.ask("PATCH", path, body={"spec": {}}) == {"patched": True}
    with pytest.raises(PermissionError):
        api.ask("PATCH", path)
    assert server.asked == [asked]


def test_objects_know_their_kind_and_none_is_no_error(api: Api, server: Server) -> None:
    metadata = {"name": "open-webui-0", "namespace": "apps", "uid": "1"}
    item = {"metadata": metadata, "spec": {"containers": [{"name": "c"}]}, "status": {}}
    server.answers[f"GET {PODS}"] = [Reply(body={"kind": "PodList", "items": [item]})]
    server.answers[f"GET {PODS}/open-webui-0"] = [Reply(body=item)]
    assert api.get("Pod", "apps", "open-webui-0") == {**item, "kind": "Pod"}
    assert api.list("Pod", "apps", {"app": "a", "tier": "b"}) == ({**item, "kind": "Pod"},)
    assert server.queries[-1] == "labelSelector=app%3Da%2Ctier%3Db"
    assert api.get("Service", "apps", "open-webui") is None


def test_a_log_that_is_not_there_yet_is_empty(api: Api, server: Server) -> None:
    path = f"{PODS}/open-webui-0/log"
    server.answers[f"GET {path}"] = [
        Reply(body="a line"),
        refusal(400, "container is waiting to start: ContainerCreating"),
    ]
    assert [api.text(path, {}), api.text(path, {})] == ["a line", ""]


@pytest.mark.parametrize(
    ("reply", "error", "words"),
    [
        (refusal(401, "Unauthorized"), SetupError, "does not know these credentials"),
        (refusal(403, 'pods is forbidden: User "a"'), Forbidden, 'forbidden: User "a"'),
        (refusal(409, "already exists"), Conflict, "already exists"),
        (refusal(422, "is invalid"), RefusedError, "422 is invalid"),
        (refusal(400, "is no number"), RefusedError, "400 is no number"),
        (Reply(status=302, headers={"Location": "http://127.0.0.1:1"}), RefusedError, "302"),
        (Reply(body="<html>Sign in"), SetupError, "is no Kubernetes API server"),
    ],
)
def test_each_refusal_has_its_class_and_its_words(
    api: Api, server: Server, reply: Reply, error: type[Exception], words: str
) -> None:
    server.answers[f"GET {PODS}"] = [reply]
    with pytest.raises(error, match=words):
        api.ask("GET", PODS)
    assert len(server.asked) == 1


def test_what_every_api_server_knows_must_be_known(api: Api) -> None:
    with pytest.raises(SetupError, match="What answers is no Kubernetes API server"):
        api.ask_server("GET", "/version")


def test_a_busy_server_is_left_alone_for_as_long_as_it_says(server: Server) -> None:
    busy = refusal(429, "too many requests, please try again later", **{"Retry-After": "3"})
    server.answers["GET /version"] = [busy, Reply(body={"minor": "34"})]
    with closing(_api(server.url, patience=10.0)) as api:
        assert api.ask("GET", "/version") == {"minor": "34"}
    first, second = server.times
    assert 2.9 < second - first < 5


def test_a_server_that_restarts_is_waited_for(server: Server) -> None:
    server.answers["GET /version"] = [refusal(503, "etcd is away"), Reply(body={})]
    with closing(_api(server.url, patience=5.0)) as api:
        assert api.ask("GET", "/version") == {}


def test_one_that_stays_busy_ends_the_run_with_its_own_words(api: Api, server: Server) -> None:
    server.answers["GET /version"] = [refusal(429, "too many requests")]
    with pytest.raises(SetupError, match=r"cannot be asked(?s:.*)found +429 too many requests"):
        api.ask("GET", "/version")


@pytest.fixture
def _no_socket_left() -> Iterator[None]:
    """All that a test opens is closed at its end; the server's half closes a moment later."""
    before = _descriptors()

    def check() -> None:
        assert _descriptors() == before

    yield
    eventually(check, what="sockets to be closed", timeout=3.0, interval=0.01)


def _descriptors() -> list[str]:
    return os.listdir("/dev/fd")  # noqa: PTH208  # names are all


@pytest.mark.usefixtures("_no_socket_left")
@pytest.mark.parametrize(
    "ask", [lambda api: api.ask("GET", PODS), lambda api: api.websocket(EXEC, [])]
)
def test_a_closed_port_and_a_silent_server_end_the_run_in_time(ask: object) -> None:
    assert callable(ask)
    with silent() as never:
        for url, words in ((closed_port(), "refused"), (never, "timed out")):
            started = time.monotonic()
            with closing(_api(url, timeout=0.5)) as api, pytest.raises(SetupError) as raised:
                ask(api)
            assert words in str(raised.value)
            assert f"expected  an answer from {url}" in str(raised.value)
            assert time.monotonic() - started < 5


@pytest.mark.usefixtures("_no_socket_left")
def test_an_open_connection_carries_the_query_and_is_closed_for_good(
    api: Api, server: Server
) -> None:
    server.answers[f"GET {EXEC}"] = [OPENED]
    opened = api.websocket(EXEC, [("command", "a b"), ("command", "c")])
    opened.shutdown()
    assert server.queries == ["command=a%20b&command=c"]


@pytest.mark.parametrize(
    ("reply", "error", "words"),
    [
        (refusal(401, "Unauthorized"), SetupError, "does not know these credentials"),
        (refusal(403, "pods/exec is forbidden"), Forbidden, "pods/exec is forbidden"),
        (refusal(404, 'pods "open-webui-0" not found'), Inconclusive, 'gone .* "open-webui-0"'),
        (refusal(400, "cannot exec in a completed pod"), ConnectionError, "400 cannot exec"),
        (refusal(500, "container not found"), ConnectionError, "500 container not found"),
        *(
            (refusal(status, 'admission webhook "guard" denied the request'), NotProven, "webhook")
            for status in (400, 401, 403, 422, 500)
        ),
    ],
)
def test_a_connection_that_is_not_opened_says_why(
    api: Api, server: Server, reply: Reply, error: type[Exception], words: str
) -> None:
    """Of 400 and 500, the API server is well: it is the container that is not."""
    server.answers |= {f"GET {EXEC}": [reply], "GET /version": [Reply()]}
    with pytest.raises(error, match=words):
        api.websocket(EXEC, [])


def test_a_connection_is_not_sent_elsewhere(api: Api, server: Server) -> None:
    """Credentials would go along."""
    with serving() as other:
        elsewhere = Reply(status=302, headers={"Location": f"{other.url}{EXEC}"})
        server.answers |= {f"GET {EXEC}": [elsewhere], "GET /version": [Reply()]}
        with pytest.raises(ConnectionError):
            api.websocket(EXEC, [])
        assert other.asked == []


def test_whether_a_server_answers_at_once_can_be_told(server: Server) -> None:
    starting = refusal(503, "starting")
    server.answers["GET /version"] = [starting, starting, Reply(body={})]
    with closing(_api(server.url, patience=10.0)) as api:
        with pytest.raises(SetupError, match="503 starting"):
            api.impatient().ask("GET", "/version")
        assert api.ask("GET", "/version") == {}


def test_what_was_waited_for_in_vain_is_not_waited_for_again(server: Server) -> None:
    """Many scenarios look inside a pod, and its node may answer none of them."""
    dead = refusal(500, "error dialing backend: dial tcp 10.0.0.5:10250: connect: refused")
    server.answers |= {f"GET {EXEC}": [dead], "GET /version": [Reply()]}
    with closing(_api(server.url, patience=1.0)) as api:
        for longest in (9.0, 0.8):
            started = time.monotonic()
            with pytest.raises(ConnectionError, match="error dialing backend"):
                api.websocket(EXEC, [])
            assert time.monotonic() - started < longest


def test_while_a_container_starts_again_its_connection_is_waited_for(server: Server) -> None:
    server.answers[f"GET {EXEC}"] = [refusal(500, "container not found"), OPENED]
    with closing(_api(server.url, patience=5.0)) as api:
        api.websocket(EXEC, []).shutdown()


_DRIPS = {
    "a header": dripping(b"HTTP/1.1 200 OK\r\nx: ", b"x"),
    "continue": dripping(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "a body": dripping(b"HTTP/1.1 200 OK\r\ncontent-length: 99999\r\n\r\n", b" "),
    "chunks": dripping(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", b"0"),
    "a body, seldom": dripping(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n", b" ", 0.4),
}


@pytest.mark.parametrize("answer", _DRIPS.values(), ids=_DRIPS)
def test_an_answer_that_is_never_over_is_none(answer: Answer) -> None:
    began = time.monotonic()
    with hostile(answer) as url, closing(_api(url, timeout=0.5)) as api:
        with pytest.raises(SetupError, match="no end within 1 s"):
            api.ask("GET", PODS)
        with pytest.raises(SetupError, match="no end within 1 s"):
            api.text(f"{PODS}/open-webui-0/log", {})
        with pytest.raises((SetupError, ConnectionError)):
            api.websocket(EXEC, ())
    assert time.monotonic() - began < 10


def test_an_answer_that_is_too_long_is_asked_for_once(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "_MOST_BYTES", 1_000)
    server.answers[f"GET {PODS}"] = [Reply(body="x" * 1_001)]
    with (
        closing(_api(server.url, patience=20.0)) as api,
        pytest.raises(SetupError, match="an answer of more than 1,000 bytes"),
    ):
        api.ask("GET", PODS)
    assert len(server.asked) == 1
