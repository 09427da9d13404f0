"""Certificates say who somebody is, and kubeconfigs lead to the API server."""

import base64
import json
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from dev.node.addresses import API_SERVICE, NODE
from dev.node.certificates import CLIENTS, write_keys


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The keys of a cluster."""
    write_keys(tmp_path / "keys", kubeconfig=tmp_path / "kubeconfig", outside_port=12345)
    return tmp_path


def _subject(pem: bytes) -> tuple[str, str]:
    subject = x509.load_pem_x509_certificate(pem).subject
    name, group = (
        subject.get_attributes_for_oid(each)[0].value
        for each in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME)
    )
    return str(name), str(group)


@pytest.mark.parametrize("file", CLIENTS)
def test_each_component_is_who_the_api_server_expects(folder: Path, file: str) -> None:
    config = json.loads((folder / "keys" / f"{file}.kubeconfig").read_text())
    user, cluster = config["users"][0]["user"], config["clusters"][0]["cluster"]
    certificate = base64.b64decode(user["client-certificate-data"])

    assert _subject(certificate) == (CLIENTS[file].name, CLIENTS[file].group)
    assert certificate == (folder / "keys" / f"{file}.pem").read_bytes()
    assert cluster["server"] == "https://127.0.0.1:6443"
    issuer = x509.load_pem_x509_certificate(base64.b64decode(cluster["certificate-authority-data"]))
    x509.load_pem_x509_certificate(certificate).verify_directly_issued_by(issuer)


def test_whoever_is_outside_finds_the_port_that_leads_inside(folder: Path) -> None:
    config = json.loads((folder / "kubeconfig").read_text())

    assert config["clusters"][0]["cluster"]["server"] == "https://127.0.0.1:12345"
    assert [context["name"] for context in config["contexts"]] == [config["current-context"]]


def test_the_api_server_is_known_by_each_of_its_names(folder: Path) -> None:
    certificate = x509.load_pem_x509_certificate((folder / "keys/api-server.pem").read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value

    assert "kubernetes.default.svc.cluster.local" in names.get_values_for_type(x509.DNSName)
    assert {str(each) for each in names.get_values_for_type(x509.IPAddress)} == {
        *("127.0.0.1", NODE, API_SERVICE)
    }


def test_nobody_else_reads_the_keys(folder: Path) -> None:
    assert (folder / "keys").stat().st_mode & 0o077 == 0
    assert (folder / "kubeconfig").stat().st_mode & 0o077 == 0
