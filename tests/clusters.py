"""Whether a cluster of the lab's own is at hand: `make test-cluster` brings one."""

import os
import shutil
from pathlib import Path

import pytest

from dev.node.layout import Layout

KUBECONFIG = os.environ.get("LAB_KUBECONFIG", "")
"""Of a cluster with which the tests may do what they like; empty where there is none."""
NODE = Layout(home=Path(KUBECONFIG or "/nowhere/run/kubeconfig").absolute().parents[1])
"""Its files, if it is a node of `dev.node`; other clusters keep theirs to themselves."""
REASON = "needs a Kubernetes of the lab's own: make test-cluster"
needs_a_cluster = pytest.mark.skipif(not KUBECONFIG, reason=REASON)
takes_the_image = [
    needs_a_cluster,
    pytest.mark.skipif(
        not NODE.imported.exists(), reason="the image is given to a node of dev.node"
    ),
    pytest.mark.skipif(not shutil.which("kubectl"), reason="there is no kubectl on PATH"),
]
"""For tests of what is deployed in the cluster."""
