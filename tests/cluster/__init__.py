"""Tests on a real Kubernetes, which `make test-cluster` brings."""
