"""Tests of the node: its parts on any machine, its life on one that can be a node."""
