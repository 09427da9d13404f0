"""What is left of a run: its record, its page, and what they say beside those of another run."""
