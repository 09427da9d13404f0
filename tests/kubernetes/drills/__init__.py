"""Drills against a cluster that is played: refusals, marks, locks, and giving back."""
