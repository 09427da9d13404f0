"""What a cluster needs before pods of the story can run in it: names, and storage."""

from collections.abc import Callable
from pathlib import Path

from kubernetes import client, config, utils
from kubernetes.client import ApiException
from urllib3.exceptions import HTTPError

from domain.waiting import Say, eventually

_FILES = tuple(Path(__file__).with_name(name) for name in ("storage.yaml", "coredns.yaml"))
_NAMESPACE = "kube-system"
_LAST = "kube-dns"
"""The Service that is created last: where it is, the others are."""
_TIMEOUT = 120.0
"""Seconds; on two idle cores nothing here takes more than ten."""
_NOT_YET = (HTTPError, ApiException)


class Objects:
    """The objects of a cluster, as its administrator sees them."""

    def __init__(self, kubeconfig: Path, *, alive: Callable[[], None], say: Say) -> None:
        configuration = client.Configuration()
        config.load_kube_config(  # type: ignore[no-untyped-call]  # its annotations lack a type
            str(kubeconfig), client_configuration=configuration
        )
        configuration.retries = False
        configuration.proxy = None
        self._api = client.ApiClient(configuration)
        self._alive = alive
        self._say = say

    def wait_for_api(self) -> None:
        """Return once the API server serves.

        Raises:
            AssertionError, ApiException, urllib3's HTTPError: it does not.
        """

        def serves() -> None:
            self._alive()
            client.CoreV1Api(self._api).read_namespace(_NAMESPACE)

        eventually(
            serves, what="the API server", timeout=_TIMEOUT, transient=_NOT_YET, say=self._say
        )

    def create(self) -> None:
        """Create them, unless they are there."""
        core = client.CoreV1Api(self._api)
        services = core.list_namespaced_service(_NAMESPACE, field_selector=f"metadata.name={_LAST}")
        if not services.items:
            for file in _FILES:
                utils.create_from_yaml(self._api, str(file))  # type: ignore[no-untyped-call]  # likewise

    def wait_until_ready(self) -> None:
        """Return once pods can be started and find names.

        Raises:
            AssertionError, ApiException, urllib3's HTTPError: they cannot.
        """

        def ready() -> None:
            self._alive()
            nodes = client.CoreV1Api(self._api).list_node().items
            conditions = [
                each for node in nodes if node.status for each in node.status.conditions or ()
            ]
            assert [each.status for each in conditions if each.type == "Ready"] == ["True"], (
                "it is not"
            )
            names = client.AppsV1Api(self._api).read_namespaced_deployment("coredns", _NAMESPACE)
            assert names.status, "CoreDNS is not looked after yet"
            assert names.status.available_replicas, "CoreDNS does not serve yet"

        eventually(
            ready, what="the node to be ready", timeout=_TIMEOUT, transient=_NOT_YET, say=self._say
        )
