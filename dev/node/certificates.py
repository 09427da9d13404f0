"""Who is who in the cluster: certificates, the key of service accounts, kubeconfigs."""

import base64
import json
from dataclasses import dataclass
from pathlib import Path

import trustme

from dev.node.addresses import API_PORT, API_SERVICE, DOMAIN, NODE

AUTHORITY = "ca.pem"
AUTHORITY_KEY = "ca-key.pem"
"""Of the authority, for whoever issues a certificate of this cluster later."""
SERVICE_ACCOUNTS = "service-accounts.pem"
API_SERVER = "api-server"
KUBELET_SERVER = "kubelet-server"
ADMINISTRATOR = "administrator"
_UNUSED = "client.invalid"
"""Go reads no certificate whose list of names is empty."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """A user of the API server, as it reads one from a certificate.

    Source: kubernetes.io, "Authenticating", "X509 client certificates", 1.34.
    """

    name: str
    """The certificate's common name."""
    group: str
    """Its organization."""


MASTERS = "system:masters"
CLIENTS = {
    ADMINISTRATOR: Identity(name="administrator", group=MASTERS),
    "api-server-client": Identity(name="kube-apiserver-kubelet-client", group=MASTERS),
    "kubelet": Identity(name="system:node:lab", group="system:nodes"),
    "kube-controller-manager": Identity(name="system:kube-controller-manager", group="lab"),
    "kube-scheduler": Identity(name="system:kube-scheduler", group="lab"),
    "kube-proxy": Identity(name="system:kube-proxy", group="lab"),
    "network-policies": Identity(name="network-policies", group=MASTERS),
}


def write_keys(folder: Path, *, kubeconfig: Path, outside_port: int) -> None:
    """Write every certificate and kubeconfig that the cluster needs.

    Args:
        folder: receives those of the components, which are inside the node.
        kubeconfig: receives the administrator's, for programs of this machine.
        outside_port: port of this machine at which the API server can be reached.
    """
    folder.mkdir(mode=0o700, parents=True)
    authority = trustme.CA(organization_name="lab")
    authority.cert_pem.write_to_path(folder / AUTHORITY)
    authority.private_key_pem.write_to_path(folder / AUTHORITY_KEY)
    trustme.CA().private_key_pem.write_to_path(folder / SERVICE_ACCOUNTS)
    _write(folder, KUBELET_SERVER, authority.issue_cert(NODE, "lab"))
    _write(
        folder,
        API_SERVER,
        authority.issue_cert(
            *("kubernetes", "kubernetes.default", "kubernetes.default.svc"),
            *(f"kubernetes.default.svc.{DOMAIN}", "localhost", "127.0.0.1", API_SERVICE, NODE),
        ),
    )
    for file, identity in CLIENTS.items():
        leaf = authority.issue_cert(
            _UNUSED, common_name=identity.name, organization_name=identity.group
        )
        _write(folder, file, leaf)
        server = f"https://127.0.0.1:{API_PORT}"
        (folder / f"{file}.kubeconfig").write_text(_kubeconfig(authority, leaf, server=server))
        if file == ADMINISTRATOR:
            server = f"https://127.0.0.1:{outside_port}"
            kubeconfig.touch(mode=0o600)
            kubeconfig.write_text(_kubeconfig(authority, leaf, server=server))


def _write(folder: Path, name: str, leaf: trustme.LeafCert) -> None:
    leaf.cert_chain_pems[0].write_to_path(folder / f"{name}.pem")
    leaf.private_key_pem.write_to_path(folder / f"{name}-key.pem")


def _kubeconfig(authority: trustme.CA, leaf: trustme.LeafCert, *, server: str) -> str:
    """JSON, which is YAML too."""
    name = "lab"
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [
                {
                    "name": name,
                    "cluster": {
                        "server": server,
                        "certificate-authority-data": _encoded(authority.cert_pem),
                    },
                }
            ],
            "users": [
                {
                    "name": name,
                    "user": {
                        "client-certificate-data": _encoded(leaf.cert_chain_pems[0]),
                        "client-key-data": _encoded(leaf.private_key_pem),
                    },
                }
            ],
            "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
            "current-context": name,
        },
        indent=2,
    )


def _encoded(blob: trustme.Blob) -> str:
    return base64.b64encode(blob.bytes()).decode()
