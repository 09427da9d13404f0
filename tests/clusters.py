"""Whether a cluster of the lab's own is at hand: `make test-cluster` brings one."""

import os

import pytest

KUBECONFIG = os.environ.get("LAB_KUBECONFIG", "")
"""Of a cluster with which the tests may do what they like; empty where there is none."""
REASON = "needs a Kubernetes of the lab's own: make test-cluster"
needs_a_cluster = pytest.mark.skipif(not KUBECONFIG, reason=REASON)
