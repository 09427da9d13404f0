"""Sentences about the connections in use, and the keys on them."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from pytest_bdd import given, then, when
from pytest_bdd.parsers import parse

from acceptance.checks.credential import check_accepted, check_refused, dead
from acceptance.checks.endpoint import GatewayAddress, check_in_use, check_replicas_in_use
from acceptance.checks.proof import Connection, Served, Wiring
from acceptance.checks.rollout import require_reached
from acceptance.clients.answers import unique
from acceptance.clients.gateway import Gateway
from acceptance.clients.open_webui import OpenWebUI
from acceptance.clients.transport import Reply
from acceptance.cluster import Workload
from acceptance.contract.sentences import States, sentence
from acceptance.contract.values import Contract
from acceptance.errors import Subject
from acceptance.report.run import Attach, Run
from acceptance.secret import Secret


@given("Open WebUI is connected to the gateway")
def _(
    connection: Connection,
    asked_by_each: Mapping[Connection, Served],
    run: Run,
    attach: Attach,
) -> None:
    run.remark(*dead(asked_by_each))
    attach("connection", connection)


@given("the gateway serves")
def _(gateway: Gateway, run: Run) -> None:
    run.version("LiteLLM", gateway.require())


@when("the connections in use are read", target_fixture="in_use")
def _(wiring: Wiring, open_webui: OpenWebUI, run: Run, attach: Attach) -> Wiring:
    run.version("Open WebUI", open_webui.version())
    run.effective(Subject.CONNECTION, str(wiring))
    run.findings = replace(run.findings, endpoint=str(wiring))
    attach("connections in use", wiring)
    return wiring


@then(
    sentence(
        "model requests go to the gateway",
        proves=Subject.CONNECTION,
        about=States.DECLARED_ENDPOINT,
    )
)
def _(
    in_use: Wiring, place: GatewayAddress, deployed_if_known: Workload | None, contract: Contract
) -> None:
    check_in_use(in_use, place, deployed_if_known, contract.endpoint)


@then(
    sentence(
        parse('model requests go to "{endpoint}"'),
        proves=Subject.CONNECTION,
        states=States.DECLARED_ENDPOINT,
    )
)
def _(
    in_use: Wiring, place: GatewayAddress, deployed_if_known: Workload | None, endpoint: str
) -> None:
    check_in_use(in_use, place, deployed_if_known, endpoint)


@when("the connections in use are read from every replica", target_fixture="in_use_by_replica")
def _(replicas: Mapping[str, OpenWebUI]) -> Mapping[str, Wiring]:
    return {name: replica.wiring() for name, replica in replicas.items()}


@then("each replica sends model requests to the gateway")
def _(in_use_by_replica: Mapping[str, Wiring], place: GatewayAddress) -> None:
    check_replicas_in_use(in_use_by_replica, place)


@when("Open WebUI asks the gateway for its models", target_fixture="told")
def _(told_by_gateway: Served, attach: Attach) -> Served:
    attach("what the gateway told Open WebUI", told_by_gateway)
    return told_by_gateway


@then(sentence("the gateway accepts the key", proves=Subject.GATEWAY))
def _(
    told: Served,
    connection: Connection,
    key_in_use: Secret | None,
    request: pytest.FixtureRequest,
) -> None:
    require_reached(told, lambda: request.getfixturevalue("reached_from_inside"), connection)
    check_accepted(told, connection, key_in_use)


@when("somebody asks the gateway with an invented key", target_fixture="reply")
def _(gateway: Gateway, attach: Attach) -> Reply:
    reply = gateway.models_as(Secret(f"sk-invented-{unique()}"))
    attach(f"what an invented key is told: {reply.status}", reply.text)
    return reply


@then("the gateway refuses the key")
def _(reply: Reply, gateway: Gateway, run: Run) -> None:
    run.remark(check_refused(reply.status, gateway.models_as(None).status))
