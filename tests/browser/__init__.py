"""Tests of the user's hands in a real browser."""
