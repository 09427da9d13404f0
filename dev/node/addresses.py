"""Addresses and numbers of the node and of its cluster; all exist in the node's network only."""

NODE = "10.99.0.1"
PODS = "10.244.0.0/24"
SERVICES = "10.96.0.0/16"
API_SERVICE = "10.96.0.1"
"""Of the Service `kubernetes`: the first address of the range."""
DNS_SERVICE = "10.96.0.10"
DOMAIN = "cluster.local"
API_PORT = 6443
ETCD_PORT = 2379
QUEUE = 100
"""Number of the kernel's queue in which packets wait that a NetworkPolicy may be about."""
