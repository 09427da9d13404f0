"""A cluster of the lab's own, on which the same manifests run as in the embedded lab."""
