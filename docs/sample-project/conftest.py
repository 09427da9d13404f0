"""Sentences of our own; those of the suite come with --acceptance."""

from pytest_bdd import parsers, then


@then(parsers.parse('it tells whom to ask: "{address}"'))
def _(text: str, address: str) -> None:
    assert address in text, f"the README does not name {address}"
