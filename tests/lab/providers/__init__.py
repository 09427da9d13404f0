"""Tests of the emulated model providers."""
