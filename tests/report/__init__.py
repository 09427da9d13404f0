"""Tests of the record, the page and what is told of them."""
