"""Tests of the hands against servers that behave badly."""
