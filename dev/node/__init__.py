"""A Kubernetes of one node for machines without Docker: Linux, root, Go."""
