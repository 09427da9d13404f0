"""A real Kubernetes cluster, by its official client: read-only unless a drill was asked for."""
