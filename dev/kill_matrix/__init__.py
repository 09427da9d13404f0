"""The kill matrix: break the lab in every known way, and see which scenarios notice."""
