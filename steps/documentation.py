"""Sentences about the application's README."""

from pathlib import Path

from pytest_bdd import then, when
from pytest_bdd.parsers import parse

from acceptance.checks.documentation import check_chain, check_models, undocumented
from acceptance.clients.gateway import Gateway
from acceptance.contract.sentences import States, sentence
from acceptance.contract.values import Contract
from acceptance.report.run import Run


@when("the application's README is read", target_fixture="text")
def _(readme: Path) -> str:
    return readme.read_text(encoding="utf-8", errors="replace")


@then(sentence("it names every model of the story that the gateway serves", about=States.OFFERED))
def _(text: str, gateway: Gateway, readme: Path, contract: Contract, run: Run) -> None:
    models, asked = gateway.models(), contract.offered
    run.remark(*undocumented(text, [name for name in models if name not in asked]))
    check_models(text, [name for name in models if name in asked], str(readme))


@then(sentence(parse('it shows the chain of "{model}" in its order'), states=States.ASKED))
def _(text: str, gateway: Gateway, readme: Path, model: str) -> None:
    check_chain(text, gateway.chain(model).order, str(readme), gateway.models())
