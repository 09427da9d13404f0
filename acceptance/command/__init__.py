"""The command `wiredup`: what pytest, the lab and the report do, by name; no engine of its own."""
