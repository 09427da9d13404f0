"""The pytest plugin: options, targets, verdicts, and what is written of them."""
