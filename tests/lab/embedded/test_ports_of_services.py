"""Which port of a Service is the program's, where nobody says."""

from types import SimpleNamespace
from typing import Any, cast

from acceptance.lab.embedded.cluster import EmbeddedCluster
from acceptance.lab.embedded.manifests import DEFAULT, Manifests
from acceptance.lab.embedded.network import Network
from acceptance.lab.embedded.plan import plan_pods
from acceptance.lab.embedded.programs import LITELLM
from acceptance.resources import Manifest, ServiceName

METRICS = {"name": "metrics", "port": 9090, "targetPort": 9090}


def _found(*before: Manifest, named: int = 0) -> int:
    manifests = Manifests.load(DEFAULT)
    service = manifests.get("Service", "ml", "litellm")
    assert service
    ports = [*before, *service["spec"]["ports"]]
    changed = {**service, "spec": {**service["spec"], "ports": ports}}
    manifests = manifests.with_changes([changed])
    lab = SimpleNamespace(
        manifests=manifests, plans=plan_pods(manifests), network=Network(manifests, {})
    )
    cluster = EmbeddedCluster(cast("Any", lab))
    return cluster.find(ServiceName(namespace="ml", name="litellm", port=named), LITELLM).port


def test_the_port_that_leads_to_the_program_and_not_the_first_one() -> None:  # Q796
    assert _found() == 4000
    assert _found(METRICS) == 4000
    assert _found(METRICS, named=9090) == 9090
