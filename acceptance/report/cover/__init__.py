"""The cover of the report: what a reader sees first, inside the same file."""
