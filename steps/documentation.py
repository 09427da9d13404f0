"""Sentences about the application's README."""

from pathlib import Path

from pytest_bdd import parsers, then, when

from domain.documentation import check_chain, check_models, undocumented
from domain.story import MODELS
from drivers.gateway import Gateway
from fixtures.evidence import Comparison


@when("the application's README is read", target_fixture="text")
def _(readme: Path) -> str:
    return readme.read_text(encoding="utf-8")


@then("it names every model of the story that the gateway serves")
def _(text: str, gateway: Gateway, readme: Path, comparison: Comparison) -> None:
    models = gateway.models()
    comparison.remark(*undocumented(text, [name for name in models if name not in MODELS]))
    check_models(text, [name for name in models if name in MODELS], str(readme))


@then(parsers.parse('it shows the chain of "{model}" in its order'))
def _(text: str, gateway: Gateway, readme: Path, model: str) -> None:
    check_chain(text, gateway.chain(model).order, str(readme), gateway.models())
