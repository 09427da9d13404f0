"""Trust in the tool: tests of the suite itself."""
