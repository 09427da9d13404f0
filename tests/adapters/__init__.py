"""Contracts of the ports: the same tests for each adapter."""
