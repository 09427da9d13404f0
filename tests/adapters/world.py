"""A cluster on which the story is deployed, as the contract tests see it."""

from contextlib import AbstractContextManager
from typing import Protocol

from acceptance.cluster import Cluster
from acceptance.resources import ServiceName

OPEN_WEBUI = ServiceName(namespace="apps", name="open-webui", port=80)
GATEWAY = ServiceName(namespace="ml", name="litellm", port=4000)
GATEWAY_URL = "http://litellm.ml.svc.cluster.local:4000"


class World(Protocol):
    """One adapter with the manifests of the lab applied, and what only its owner can do."""

    @property
    def cluster(self) -> Cluster:
        """The adapter."""

    def edited(self, variable: str, value: str) -> AbstractContextManager[None]:
        """While it lasts, Open WebUI's newest template has one more variable; no pod restarts."""

    def out_of_order(self) -> AbstractContextManager[None]:
        """While it lasts, the gateway's only pod does not serve."""
