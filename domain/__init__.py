"""The words of the project: frozen values and pure functions. Imports nothing but Python."""
