"""Rehearsals: what is compared, and real upgrades that are known to break something."""
