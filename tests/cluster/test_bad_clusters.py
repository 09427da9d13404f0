"""Clusters on which nothing can be judged: said in time, in the right words."""

import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from acceptance.lab.cluster.lab import ClusterLab
from dev.node.certificates import ADMINISTRATOR, AUTHORITY, AUTHORITY_KEY, CLIENTS
from tests.cluster.account import READ_ONLY, grant, kubeconfig, token
from tests.cluster.relay import Relay
from tests.cluster.runs import check_unfit, run
from tests.clusters import KUBECONFIG, NODE, needs_a_cluster

pytestmark = [needs_a_cluster, pytest.mark.usefixtures("user")]


def test_one_that_refuses_connections(tmp_path: Path, relay: Relay) -> None:
    path = kubeconfig(tmp_path / "kubeconfig", KUBECONFIG, server=relay.address)
    relay.die()
    check_unfit(run(tmp_path, path), "The API server cannot be asked.", "Connection refused")


def test_one_that_accepts_and_is_silent(tmp_path: Path, relay: Relay) -> None:
    path = kubeconfig(tmp_path / "kubeconfig", KUBECONFIG, server=relay.address)
    relay.fall_silent()
    check_unfit(run(tmp_path, path), "The API server cannot be asked.", "timed out")


def test_one_of_another_authority(tmp_path: Path) -> None:
    other = base64.b64encode(trustme.CA().cert_pem.bytes()).decode()
    path = kubeconfig(tmp_path / "kubeconfig", KUBECONFIG, authority=other)
    check_unfit(run(tmp_path, path), "The API server cannot be asked.", "CERTIFICATE_VERIFY_FAILED")


def _identified(folder: Path, by: trustme.LeafCert) -> str:
    """A kubeconfig with this client certificate."""
    certificate, key = (
        base64.b64encode(part.bytes()).decode()
        for part in (by.cert_chain_pems[0], by.private_key_pem)
    )
    user = {"client-certificate-data": certificate, "client-key-data": key}
    return kubeconfig(folder / "kubeconfig", KUBECONFIG, **user)


def test_one_that_does_not_know_the_certificate(tmp_path: Path) -> None:
    path = _identified(tmp_path, trustme.CA().issue_cert("stranger"))
    check_unfit(
        run(tmp_path, path), "The API server does not know these credentials.", "found     401"
    )


@pytest.mark.skipif(not NODE.keys.exists(), reason="the cluster does not lend its authority")
def test_one_whose_certificate_for_us_has_expired(tmp_path: Path) -> None:
    authority = trustme.CA.from_pem(
        (NODE.keys / AUTHORITY).read_bytes(), (NODE.keys / AUTHORITY_KEY).read_bytes()
    )
    administrator = CLIENTS[ADMINISTRATOR]
    expired = authority.issue_cert(
        "client.invalid",
        common_name=administrator.name,
        organization_name=administrator.group,
        not_after=datetime.now(UTC) - timedelta(minutes=1),
    )
    path = _identified(tmp_path, expired)
    check_unfit(run(tmp_path, path), "certificate has expired", "found     401")


def test_one_that_does_not_know_the_token(tmp_path: Path) -> None:
    path = kubeconfig(tmp_path / "kubeconfig", KUBECONFIG, token="made-up")
    check_unfit(
        run(tmp_path, path), "The API server does not know these credentials.", "found     401"
    )


def test_one_that_lets_anybody_in_and_allows_nobody_anything(tmp_path: Path) -> None:
    path = kubeconfig(tmp_path / "kubeconfig", KUBECONFIG, username="")
    check_unfit(run(tmp_path, path), "system:anonymous")


def test_a_namespace_that_is_not_there(tmp_path: Path, story: ClusterLab) -> None:
    elsewhere = "--open-webui-service=nowhere/open-webui"
    check_unfit(run(tmp_path, KUBECONFIG, elsewhere), "no such Service, or no namespace nowhere")
    grant(story.api, READ_ONLY)
    reader = kubeconfig(tmp_path / "kubeconfig", KUBECONFIG, token=token(story.api))
    check_unfit(
        run(tmp_path, reader, elsewhere),
        "missing: get services in nowhere",
        "in namespaces that exist",
    )
