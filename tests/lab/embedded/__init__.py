"""Tests of the embedded lab: its network and its processes on small fake programs."""
