"""What a cluster needs before pods of the story can run in it: names, and storage."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from kubernetes import client, config, utils
from kubernetes.client import ApiException
from urllib3.exceptions import HTTPError

from acceptance.waiting import Progress, eventually

_FILES = tuple(Path(__file__).with_name(name) for name in ("storage.yaml", "coredns.yaml"))
_NAMESPACE = "kube-system"
_LAST = "kube-dns"
"""The Service that is created last: where it is, the others are."""
_TIMEOUT = 120.0
"""Seconds; on two idle cores nothing here takes more than ten."""
_ANSWER_TIMEOUT = 10.0
"""Seconds for one answer; without etcd, the API server takes its time for a refusal."""


class Objects:
    """The objects of a cluster, as its administrator sees them."""

    def __init__(self, kubeconfig: Path, *, alive: Callable[[], None], say: Progress) -> None:
        """See the methods.

        Args:
            kubeconfig: the administrator's.
            alive: raises if nothing is to be waited for any more.
            say: shows what is waited for.
        """
        configuration = client.Configuration()
        config.load_kube_config(  # type: ignore[no-untyped-call]  # its annotations lack a type
            str(kubeconfig), client_configuration=configuration
        )
        configuration.retries = False
        configuration.proxy = None
        api = client.ApiClient(configuration)
        self._api = api
        self._core = client.CoreV1Api(api)
        self._apps = client.AppsV1Api(api)
        self._alive = alive
        self._say = say

    def close(self) -> None:
        """Close the connections to the API server."""
        self._api.close()  # type: ignore[no-untyped-call]  # likewise

    def wait_for_api(self) -> None:
        """Return once the API server serves.

        Raises:
            AssertionError: it does not; says why.
        """
        self._wait(self._check_serves, what="the API server")

    def create(self) -> None:
        """Create them, unless they are there."""
        last = self._core.list_namespaced_service(
            _NAMESPACE,
            field_selector=f"metadata.name={_LAST}",
            _request_timeout=_ANSWER_TIMEOUT,
        )
        if not last.items:
            for file in _FILES:
                utils.create_from_yaml(self._api, str(file), _request_timeout=_ANSWER_TIMEOUT)  # type: ignore[no-untyped-call]  # likewise

    def wait_until_ready(self) -> None:
        """Return once pods can be started and find names.

        Raises:
            AssertionError: they cannot; says why.
        """
        self._wait(self._check_ready, what="the node to be ready")

    def _wait(self, question: Callable[[], None], *, what: str) -> None:
        def asked() -> None:
            self._alive()
            with _unreachable_is_not_yet():
                question()

        eventually(asked, what=what, timeout=_TIMEOUT, say=self._say)

    def _check_serves(self) -> None:
        self._core.read_namespace(_NAMESPACE, _request_timeout=_ANSWER_TIMEOUT)

    def _check_ready(self) -> None:
        conditions = [
            condition
            for node in self._core.list_node(_request_timeout=_ANSWER_TIMEOUT).items
            if node.status
            for condition in node.status.conditions or ()
        ]
        ready = [each.status for each in conditions if each.type == "Ready"]
        assert ready == ["True"], "its kubelet says that it is not"
        names = self._apps.read_namespaced_deployment(
            "coredns", _NAMESPACE, _request_timeout=_ANSWER_TIMEOUT
        )
        assert names.status, "CoreDNS is not looked after yet"
        assert names.status.available_replicas, "CoreDNS does not serve yet"


@contextmanager
def _unreachable_is_not_yet() -> Iterator[None]:
    try:
        yield
    except ApiException as error:
        raise AssertionError(f"answers {error.status} {error.reason}") from error
    except HTTPError as error:
        raise AssertionError(f"{type(error).__name__}") from error
