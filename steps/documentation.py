"""Sentences about the application's README."""

from pathlib import Path

from pytest_bdd import parsers, then, when

from domain.documentation import check_chain, check_models
from drivers.gateway import Gateway


@when("the application's README is read", target_fixture="text")
def _(readme: Path) -> str:
    return readme.read_text(encoding="utf-8")


@then("it names every model that the gateway serves")
def _(text: str, gateway: Gateway, readme: Path) -> None:
    check_models(text, gateway.models(), str(readme))


@then(parsers.parse('it shows the chain of "{model}" in its order'))
def _(text: str, gateway: Gateway, readme: Path, model: str) -> None:
    check_chain(text, gateway.chain(model).order, str(readme))
