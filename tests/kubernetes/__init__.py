"""Tests of the hands for a real cluster: pure parts on plain objects, the rest on real sockets."""
