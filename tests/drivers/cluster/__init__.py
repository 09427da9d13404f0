"""The hands for a real cluster."""
