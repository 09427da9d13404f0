"""Which cluster is asked, and as whom; and the ways in which that cannot be told."""

import logging
import ssl
import stat
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from kubernetes.config import incluster_config, kube_config

from acceptance.errors import SetupError
from acceptance.kubernetes.connection import connect
from tests.kubernetes.server import OPENED, Reply, Server, kubeconfig, serving
from tests.odd import PLANTED, damaged

SECRET = "super-secret-token"


@pytest.fixture(autouse=True)
def _nobodys(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No kubeconfig of whoever runs the tests, and no pod either."""
    nowhere = str(tmp_path / "none")
    monkeypatch.setattr(kube_config, "KUBE_CONFIG_DEFAULT_LOCATION", nowhere)
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)


@pytest.fixture
def server() -> Iterator[Server]:
    """An API server that knows nothing but its version."""
    with serving() as up:
        up.answers["GET /version"] = [Reply(body={"minor": "34"})]
        yield up


def _ask(path: str, context: str = "") -> tuple[str, list[str]]:
    """The context that was asked for its version, and what was said."""
    said: list[str] = []
    with closing(connect(kubeconfig=path, context=context, say=said.append)) as api:
        assert api.ask("GET", "/version") == {"minor": "34"}
        return api.context, said


def _refused(path: str, context: str = "") -> str:
    with pytest.raises(SetupError) as raised:
        connect(kubeconfig=path, context=context, say=print)
    words = str(raised.value)
    assert all(row in words for row in ("  expected", "  found", "  where", "  fix"))
    assert SECRET not in words
    return words


def test_the_only_context_needs_no_name(tmp_path: Path, server: Server) -> None:
    assert _ask(kubeconfig(tmp_path / "k", "only", server=server.url)) == ("only", [])


def test_of_two_none_is_taken_by_chance(tmp_path: Path, server: Server) -> None:
    path = kubeconfig(tmp_path / "k", "blue", "green", server=server.url)
    text = Path(path).read_text()
    Path(path).write_text(f"{text}current-context: blue\n")  # kubectl would take it
    words = _refused(path)
    assert "It is not clear which cluster to judge." in words
    assert "expected  one of blue, green\n" in words
    assert server.asked == []
    assert _ask(path, "green")[0] == "green"


def test_a_context_that_is_not_there_is_told_which_are(tmp_path: Path) -> None:
    words = _refused(kubeconfig(tmp_path / "k", "blue"), "purple")
    assert words.startswith("There is no such context.\n  expected  one of blue\n")
    assert "found     purple\n" in words


def _broken(text: str) -> str:
    return f"apiVersion: v1\nkind: Config\n{text}"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "is empty"),
        ("{", "ParserError"),
        ("a sentence", "its content is no kubeconfig"),
        ("contexts: 7", "its content is no kubeconfig"),
        (_broken(""), "no context"),
        (_broken("contexts: [{name: only}]"), "Expected key context in"),
        (_broken("contexts: [{name: only, context: {cluster: c}}]"), "object with name c in"),
        (
            _broken(
                "contexts: [{name: only, context: {cluster: c, user: u}}]\n"
                "clusters: [{name: c, cluster: {server: 'http://127.0.0.1:1'}}]\n"
                f"users: [{{name: u, token: {SECRET}}}]"
            ),
            "Expected key user in",
        ),
    ],
)
def test_a_file_that_is_no_kubeconfig_is_named_and_not_quoted(
    tmp_path: Path, text: str, found: str
) -> None:
    path = tmp_path / "k"
    path.write_text(text)
    words = _refused(str(path))
    assert words.startswith("No cluster can be asked.")
    assert found in words
    assert f"where     {path}\n" in words


def test_so_is_one_that_is_missing(tmp_path: Path) -> None:
    assert "found     no such file, and this is no pod\n" in _refused(str(tmp_path / "none"))
    assert "found     no such file, and this is no pod\n" in _refused("", "blue")


def test_a_name_is_never_answered_by_the_pods_own_cluster(service_account: Path) -> None:
    """Whoever names a context means that one, and not the cluster that the run happens to be in."""
    assert service_account.exists()
    assert "no such file" in _refused("", "production")


@pytest.fixture
def service_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: Server) -> Path:
    """A folder as a pod has it; the API server is the one without TLS."""
    (tmp_path / "token").write_text(SECRET)
    (tmp_path / "ca.crt").write_text("a certificate")
    host, port = server.url.removeprefix("http://").split(":")
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", host)
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", port)
    monkeypatch.setattr(incluster_config, "SERVICE_TOKEN_FILENAME", str(tmp_path / "token"))
    monkeypatch.setattr(incluster_config, "SERVICE_CERT_FILENAME", str(tmp_path / "ca.crt"))
    monkeypatch.setattr(incluster_config, "_join_host_port", lambda *both: ":".join(both))
    return tmp_path


@pytest.mark.parametrize("context", ["", "in-cluster"])
def test_in_a_pod_its_service_account_asks(
    service_account: Path, server: Server, context: str
) -> None:
    with closing(connect(kubeconfig="", context=context, say=print)) as api:
        assert (api.context, api.server) == ("in-cluster", server.url.replace("http", "https"))
    (service_account / "token").unlink()
    assert "Service token file does not exist" in _refused("", context)


PLUGIN = """#!{python}
import json, os
assert json.loads(os.environ["KUBERNETES_EXEC_INFO"])["kind"] == "ExecCredential"
print(json.dumps({answer!r}))
"""
VERSION = "client.authentication.k8s.io/v1"


def _plugin(path: Path, answer: Mapping[str, Any]) -> Mapping[str, Any]:
    path.write_text(PLUGIN.format(python=sys.executable, answer=dict(answer)))
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return {"exec": {"command": str(path), "apiVersion": VERSION}}


def test_a_plugin_gives_the_token(tmp_path: Path, server: Server) -> None:
    credential = {"apiVersion": VERSION, "kind": "ExecCredential", "status": {"token": SECRET}}
    user = _plugin(tmp_path / "plugin", credential)
    _ask(kubeconfig(tmp_path / "k", "only", server=server.url, user=user))
    assert server.authorizations == [f"Bearer {SECRET}"]


@pytest.mark.parametrize(
    ("user", "found"),
    [
        ({"exec": {"command": "no-such-program", "apiVersion": VERSION}}, "no-such-program"),
        ({"exec": {"command": "false", "apiVersion": VERSION}}, "process returned 1"),
        ({"exec": {"command": "true", "apiVersion": VERSION}}, "failed to decode process output"),
    ],
)
def test_a_plugin_that_gives_none_is_told_with_its_words(
    tmp_path: Path, server: Server, user: Mapping[str, Any], found: str
) -> None:
    """The client only logs it, and would go on as nobody."""
    handlers = list(logging.getLogger().handlers)
    words = _refused(kubeconfig(tmp_path / "k", "only", server=server.url, user=user))
    assert "found     no credentials: " in words
    assert found in words
    assert server.asked == []
    assert logging.getLogger().handlers == handlers


def test_a_proxy_is_asked_instead(tmp_path: Path, server: Server) -> None:
    """A proxy is told the whole address."""
    server.answers["GET /version"] = [Reply(body={"minor": "34"})]
    far = "http://api.far.example"
    proxied: dict[str, Any] = {"proxy-url": server.url}
    _ask(kubeconfig(tmp_path / "k", "only", server=far, **proxied))
    assert server.asked == ["GET /version"]


@pytest.fixture
def authority() -> trustme.CA:
    """Nobody else's."""
    return trustme.CA()


def _trusted(authority: trustme.CA, path: Path) -> dict[str, Any]:
    authority.cert_pem.write_to_path(str(path))
    return {"certificate-authority": str(path)}


def _tls(authority: trustme.CA, **when: Any) -> ssl.SSLContext:  # noqa: ANN401  # two times
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", **when).configure_cert(context)
    return context


def test_a_server_of_the_kubeconfigs_authority_is_trusted(
    tmp_path: Path, authority: trustme.CA
) -> None:
    with serving(_tls(authority)) as server:
        server.answers["GET /version"] = [Reply(body={"minor": "34"})]
        trusted = _trusted(authority, tmp_path / "ca")
        assert _ask(kubeconfig(tmp_path / "k", "only", server=server.url, **trusted))[1] == []


def _distrusted(path: str) -> str:
    began = time.monotonic()
    with (
        closing(connect(kubeconfig=path, context="", say=print)) as api,
        pytest.raises(SetupError) as raised,
    ):
        api.ask("GET", "/version")
    assert time.monotonic() - began < 5, "no waiting mends it"
    words = str(raised.value)
    assert words.startswith("The API server cannot be asked.")
    assert "certificate-authority, its server and this machine's clock" in words
    return words


def test_a_server_of_another_authority_is_not(tmp_path: Path, authority: trustme.CA) -> None:
    with serving(_tls(trustme.CA())) as server:
        trusted = _trusted(authority, tmp_path / "ca")
        words = _distrusted(kubeconfig(tmp_path / "k", "only", server=server.url, **trusted))
        assert "self-signed certificate" in words or "unable to get local issuer" in words
        assert server.asked == []


@pytest.mark.parametrize(
    ("days", "words"), [((-9, -1), "certificate has expired"), ((1, 9), "is not yet valid")]
)
def test_nor_is_one_whose_time_is_over_or_has_not_come(
    tmp_path: Path, authority: trustme.CA, days: tuple[int, int], words: str
) -> None:
    """So a clock that goes wrong shows, on either side."""
    first, last = (datetime.now(UTC) + timedelta(days=each) for each in days)
    with serving(_tls(authority, not_before=first, not_after=last)) as server:
        trusted = _trusted(authority, tmp_path / "ca")
        assert words in _distrusted(kubeconfig(tmp_path / "k", "o", server=server.url, **trusted))


def test_where_nobody_checks_who_answers_that_is_said_and_no_warning_ends_the_run(
    tmp_path: Path,
) -> None:
    with serving(_tls(trustme.CA())) as server:
        server.answers["GET /version"] = [Reply(body={"minor": "34"})]
        trusting: dict[str, Any] = {"insecure-skip-tls-verify": True}
        path = kubeconfig(tmp_path / "k", "only", server=server.url, **trusting)
        assert _ask(path)[1] == [
            "context only does not check who answers: insecure-skip-tls-verify"
        ]


IMPERSONATED = {
    "token": SECRET,
    "as": "system:serviceaccount:apps:judge",
    "as-uid": "7",
    "as-groups": ["readers", "night"],
    "as-user-extra": {"Reason/why": ["acceptance"]},
}


EXEC = "/api/v1/namespaces/apps/pods/p/exec"


def _ask_by(way: str, path: str, server: Server) -> None:
    """Ask once, over HTTP or by a WebSocket."""
    server.answers[f"GET {EXEC}"] = [OPENED]
    with closing(connect(kubeconfig=path, context="", say=print)) as api:
        if way == "exec":
            api.websocket(EXEC, []).shutdown()
        else:
            api.ask("GET", "/version")


@pytest.mark.parametrize("way", ["HTTP", "exec"])
def test_it_is_judged_with_the_rights_of_whom_a_context_impersonates(
    tmp_path: Path, server: Server, way: str
) -> None:
    _ask_by(way, kubeconfig(tmp_path / "k", "only", server=server.url, user=IMPERSONATED), server)
    (headers,) = server.headers
    assert headers["Impersonate-User"] == "system:serviceaccount:apps:judge"
    assert headers["Impersonate-Uid"] == "7"
    assert headers.get_all("Impersonate-Group") == ["readers", "night"]
    assert headers["Impersonate-Extra-reason%2Fwhy"] == "acceptance"
    assert headers["Authorization"] == f"Bearer {SECRET}"


def test_groups_of_nobody_are_refused_as_kubectl_does(tmp_path: Path) -> None:
    words = _refused(kubeconfig(tmp_path / "k", "only", user={"as-groups": ["readers"]}))
    assert "as-groups or as-user-extra without as" in words


@pytest.mark.parametrize("way", ["HTTP", "exec"])
def test_a_file_with_a_token_may_end_in_a_line_feed(
    tmp_path: Path, server: Server, way: str
) -> None:
    (tmp_path / "token").write_text(f"{SECRET}\n")
    user = {"tokenFile": str(tmp_path / "token")}
    _ask_by(way, kubeconfig(tmp_path / "k", "only", server=server.url, user=user), server)
    assert server.authorizations == [f"Bearer {SECRET}"]


def test_a_socks_proxy_without_its_package_is_told(tmp_path: Path) -> None:
    proxied: dict[str, Any] = {"proxy-url": "socks5://127.0.0.1:1"}
    file = kubeconfig(tmp_path / "config", "lab", **proxied)
    with pytest.raises(SetupError, match=r"No cluster can be asked\.\n.*\n.*SOCKS"):
        connect(kubeconfig=file, context="lab", say=print)


_TOKEN = f"{PLANTED}-token"
_USER: dict[str, Any] = {
    "token": _TOKEN,
    "client-certificate-data": "QQ==",
    "client-key-data": "QQ==",
    "as": "x",
    "as-groups": ["g"],
    "as-user-extra": {"a": ["b"]},
    "username": "u",
    "password": _TOKEN,
    "auth-provider": {"name": "oidc", "config": {"id-token": "a.b.c"}},
}
_CLUSTER = {"server": "https://127.0.0.1:1", "proxy-url": "http://127.0.0.1:1"}
_KUBECONFIG = {
    "contexts": [{"name": "a", "context": {"cluster": "c", "user": "u"}}],
    "clusters": [{"name": "c", "cluster": _CLUSTER}],
    "users": [{"name": "u", "user": _USER}],
}


@settings(max_examples=80)
@given(
    config=damaged(_KUBECONFIG),
    kept=st.sets(st.sampled_from([*_USER]), max_size=3),
)
def test_a_kubeconfig_of_any_shape_is_read_or_refused(
    tmp_path: Path, config: dict[str, Any], kept: set[str]
) -> None:
    with suppress(KeyError, TypeError, AttributeError, IndexError):  # the damage is there
        user = config["users"][0]["user"]
        config["users"][0]["user"] = {name: user[name] for name in kept & set(user)}
    file = tmp_path / "config"
    file.write_text(yaml.safe_dump(config))
    try:
        connect(kubeconfig=str(file), context="", say=lambda _line: None)
    except SetupError as error:
        assert _TOKEN not in str(error)  # noqa: PT017  # whether it is raised is left open
