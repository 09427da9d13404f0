"""Programs forked from processes that have imported already: for the kill matrix and the tests."""
