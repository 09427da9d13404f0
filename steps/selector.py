"""Sentences about the model selector."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from pytest_bdd import given, then, when
from pytest_bdd.parsers import parse

from acceptance.checks.proof import Connection, Listing, Served, Wiring
from acceptance.checks.selector import (
    beside,
    check_complete,
    check_invented,
    check_labels,
    check_no_stranger,
    check_offered,
    check_offered_to_users,
    check_replicas_offer,
    check_shows_models,
    require_offered,
    slow,
)
from acceptance.clients.answers import INVENTED
from acceptance.clients.hands import Hands
from acceptance.clients.open_webui import OpenWebUI
from acceptance.contract.sentences import States, column, sentence
from acceptance.contract.values import Contract
from acceptance.errors import Subject
from acceptance.report.run import Attach, Run
from acceptance.target import Target


@given(sentence(parse('"{model}" is offered'), states=States.ASKED))
def _(connection: Connection, served: Served, listing: Listing, model: str) -> None:
    # In this order: without a connection there is nothing to look for, least of all on a page.
    require_offered(listing, model, connection, served)


@when(sentence("the model selector is opened", by_a_user=True), target_fixture="selector")
def _(listing: Listing, run: Run, attach: Attach) -> Listing:
    run.observed(Subject.SELECTOR, f"{len(listing.models)} models in the selector")
    run.remark(*slow(listing))
    attach("model selector", listing)
    return listing


@when(
    sentence("an ordinary user opens the model selector", by_a_user=True),
    target_fixture="selector",
)
def _(
    user: Hands, opened: Callable[[Hands], Listing], open_webui: OpenWebUI, attach: Attach
) -> Listing:
    # only administrators are told what is disabled
    seen = replace(opened(user), switched_off=open_webui.switched_off())
    attach("model selector of an ordinary user", seen)
    return seen


@when("the model selector is opened at every replica", target_fixture="selectors")
def _(replicas: Mapping[str, OpenWebUI]) -> Mapping[str, Listing]:
    return {name: replica.offered() for name, replica in replicas.items()}


@then(sentence("each replica offers every model of the story", about=States.OFFERED))
def _(
    selectors: Mapping[str, Listing], contract: Contract, connection: Connection, served: Served
) -> None:
    check_replicas_offer(selectors, contract.offered, connection, served.names)


@then("it shows at least one model")
def _(selector: Listing, served: Served) -> None:
    check_shows_models(selector, served.names)


@then(sentence("these models are offered", states=States.OFFERED, proves=Subject.SELECTOR))
def _(
    selector: Listing, connection: Connection, served: Served, datatable: list[list[str]]
) -> None:
    names = column(datatable, "model")
    check_offered(selector, names, connection, served.names, served.withheld)
    check_labels(selector, names)


@then(
    sentence(
        parse('"{model}" is offered by way of the gateway'),
        states=States.OFFERED,
        proves=Subject.SELECTOR,
    )
)
def _(selector: Listing, connection: Connection, served: Served, model: str) -> None:
    check_offered(selector, [model], connection, served.names, served.withheld)
    check_labels(selector, [model])


@then(sentence("every model of the story is offered", about=States.OFFERED))
def _(
    selector: Listing,
    contract: Contract,
    connection: Connection,
    served: Served,
    target: Target,
) -> None:
    required = contract.ordinary_user or target.user is not None
    check_offered_to_users(selector, contract.offered, connection, served, required=required)


@then("the gateway's connection offers exactly what the gateway serves")
def _(
    selector: Listing,
    contract: Contract,
    connection: Connection,
    served: Served,
    run: Run,
) -> None:
    run.declared(Subject.SELECTOR, f"{len(contract.offered)} models of the contract")
    run.effective(Subject.SELECTOR, f"{len(served.names)} models served to the same key")
    run.findings = run.findings.serving(served.names)
    check_complete(selector, connection, served.names)


@then("an invented model is not offered")
def _(selector: Listing) -> None:
    check_invented(selector, INVENTED)


@then(sentence("no model of the story comes from elsewhere", about=States.OFFERED))
def _(
    selector: Listing, contract: Contract, connection: Connection, wiring: Wiring, run: Run
) -> None:
    run.remark(*beside(selector, connection))
    check_no_stranger(selector, contract.offered, connection, wiring)
