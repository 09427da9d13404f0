"""The engine: judges a contract against a target."""
