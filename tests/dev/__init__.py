"""Tests of the way in and of the report."""
