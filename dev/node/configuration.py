"""The configuration files that the components' command lines name."""

import json
from collections.abc import Mapping
from typing import Any

from acceptance.lab.cluster.images import PAUSE
from dev.node.addresses import DNS_SERVICE, DOMAIN, PODS
from dev.node.certificates import AUTHORITY, KUBELET_SERVER
from dev.node.layout import Layout


def write_configuration(layout: Layout) -> None:
    """Write all of them."""
    layout.config.mkdir(parents=True)
    files = {
        "kubelet.json": json.dumps(_kubelet(layout), indent=2),
        "audit.json": json.dumps(_AUDIT, indent=2),
        "containerd.toml": _containerd(layout),
        "cni/lab.conflist": json.dumps(_NETWORK, indent=2),
    }
    for name, text in files.items():
        file = layout.config / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")


_AUDIT: Mapping[str, Any] = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [{"level": "Metadata"}],
}
_NETWORK: Mapping[str, Any] = {
    "cniVersion": "1.0.0",
    "name": "lab",
    "plugins": [
        {
            "type": "bridge",
            "bridge": "pods",
            "isGateway": True,
            "ipMasq": True,
            "hairpinMode": True,
            "ipam": {
                "type": "host-local",
                "ranges": [[{"subnet": PODS}]],
                "routes": [{"dst": "0.0.0.0/0"}],
            },
        },
        {"type": "portmap", "capabilities": {"portMappings": True}},
    ],
}


def _kubelet(layout: Layout) -> Mapping[str, Any]:
    keys = layout.keys
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "containerRuntimeEndpoint": f"unix://{layout.containerd}",
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(keys / AUTHORITY)},
        },
        "authorization": {"mode": "Webhook"},  # rights on exec and port-forward are real
        "tlsCertFile": f"{keys / KUBELET_SERVER}.pem",
        "tlsPrivateKeyFile": f"{keys / KUBELET_SERVER}-key.pem",
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{layout.cgroup}",
        "failCgroupV1": False,
        "failSwapOn": False,
        "clusterDNS": [DNS_SERVICE],
        "clusterDomain": DOMAIN,
        "resolvConf": "",
        "volumePluginDir": "/var/lib/kubelet/plugins-of-volumes",
        # The disk is the machine's, and the images cannot be pulled again.
        "imageGCHighThresholdPercent": 100,
        "evictionHard": dict.fromkeys(
            ("imagefs.available", "nodefs.available", "nodefs.inodesFree"), "0%"
        ),
    }


def _containerd(layout: Layout) -> str:
    return f"""\
version = 2
root = "{layout.images}"
state = "/run/containerd"

[grpc]
address = "{layout.containerd}"

[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "{PAUSE}"
restrict_oom_score_adj = true

[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "/usr/lib/cni"
conf_dir = "{layout.config / "cni"}"
"""
