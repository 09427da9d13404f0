"""The programs that a node consists of, and their command lines."""

from dataclasses import dataclass

from dev.node import probes
from dev.node.addresses import (
    API_PORT,
    DOMAIN,
    ETCD_PORT,
    NODE,
    PODS,
    QUEUE,
    SERVICES,
)
from dev.node.certificates import API_SERVER, AUTHORITY, SERVICE_ACCOUNTS
from dev.node.layout import Layout
from dev.node.probes import Probe
from dev.node.programs import Programs


@dataclass(frozen=True, kw_only=True, slots=True)
class Component:
    """A program of the node."""

    name: str
    command: tuple[str, ...]
    ready: Probe


def components(layout: Layout, programs: Programs) -> tuple[Component, ...]:
    """All programs of the node, in the order in which they need each other."""
    keys, config = layout.keys, layout.config

    def kubernetes_component(name: str, ready: Probe, *options: str) -> Component:
        command = (str(programs.kubernetes), name, *options)
        return Component(name=name, command=command, ready=ready)

    def client(name: str) -> str:
        return f"--kubeconfig={keys / name}.kubeconfig"

    return (
        Component(
            name="etcd",
            command=(
                *(str(programs.companions), "etcd", f"--data-dir={layout.run / 'etcd'}"),
                # What the disk has of it is thrown away: it need not be there at each moment.
                *("--unsafe-no-fsync", "--log-level=warn"),
                f"--listen-client-urls=http://127.0.0.1:{ETCD_PORT}",
                f"--advertise-client-urls=http://127.0.0.1:{ETCD_PORT}",
                "--listen-peer-urls=http://127.0.0.1:0",
            ),
            ready=probes.port(ETCD_PORT),
        ),
        Component(
            name="containerd",
            command=("containerd", "--config", str(config / "containerd.toml")),
            ready=probes.local_socket(layout.containerd),
        ),
        kubernetes_component(
            "kube-apiserver",
            probes.https(API_PORT, "/readyz", keys / AUTHORITY),
            f"--etcd-servers=http://127.0.0.1:{ETCD_PORT}",
            *(f"--advertise-address={NODE}", f"--secure-port={API_PORT}"),
            *(f"--service-cluster-ip-range={SERVICES}", "--allow-privileged"),
            *("--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction"),
            f"--client-ca-file={keys / AUTHORITY}",
            f"--tls-cert-file={keys / API_SERVER}.pem",
            f"--tls-private-key-file={keys / API_SERVER}-key.pem",
            f"--service-account-issuer=https://kubernetes.default.svc.{DOMAIN}",
            f"--service-account-key-file={keys / SERVICE_ACCOUNTS}",
            f"--service-account-signing-key-file={keys / SERVICE_ACCOUNTS}",
            f"--kubelet-certificate-authority={keys / AUTHORITY}",
            f"--kubelet-client-certificate={keys / 'api-server-client'}.pem",
            f"--kubelet-client-key={keys / 'api-server-client'}-key.pem",
            "--kubelet-preferred-address-types=InternalIP",
            f"--audit-policy-file={config / 'audit.json'}",
            # In megabytes: a log that is read while it grows must not be put aside.
            *(f"--audit-log-path={layout.audit}", "--audit-log-maxsize=10000"),
        ),
        kubernetes_component(
            "kube-controller-manager",
            probes.port(10257),
            *(client("kube-controller-manager"), "--leader-elect=false"),
            *("--use-service-account-credentials", f"--root-ca-file={keys / AUTHORITY}"),
            f"--service-account-private-key-file={keys / SERVICE_ACCOUNTS}",
            "--enable-hostpath-provisioner",
            # Its controllers begin with hundreds of requests: by its defaults that takes 5 s more.
            *("--kube-api-qps=500", "--kube-api-burst=500"),
        ),
        kubernetes_component(
            "kube-scheduler",
            probes.port(10259),
            *(client("kube-scheduler"), "--leader-elect=false"),
        ),
        kubernetes_component(
            "kubelet",
            probes.port(10250),
            *(client("kubelet"), f"--config={config / 'kubelet.json'}"),
            *("--hostname-override=lab", f"--node-ip={NODE}"),
        ),
        kubernetes_component(
            "kube-proxy",
            probes.port(10256),
            *(client("kube-proxy"), "--hostname-override=lab", "--proxy-mode=iptables"),
            f"--cluster-cidr={PODS}",
            # The limits on tracked connections are the machine's: nobody here may set them.
            *("--conntrack-max-per-core=0", "--conntrack-tcp-timeout-established=0s"),
            "--conntrack-tcp-timeout-close-wait=0s",
        ),
        Component(
            name="network-policies",
            command=(
                *(str(programs.companions), "network-policies", client("network-policies")),
                *("--hostname-override=lab", f"--nfqueue-id={QUEUE}"),
            ),
            ready=probes.packet_queue(QUEUE),
        ),
    )
