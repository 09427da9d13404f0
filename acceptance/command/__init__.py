"""The command `wiredup`: doors to what pytest, the lab and the report do; no engine of its own."""
