"""Tests of the values and pure checks."""
