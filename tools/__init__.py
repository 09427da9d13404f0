"""What builds the suite's own environment and its report."""
