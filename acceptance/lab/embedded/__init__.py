"""The embedded target: Kubernetes manifests run as local processes, without a cluster."""
